from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import agentgauge
from agentgauge.meter import Meter
from agentgauge.service.live import LiveEvents
from agentgauge.settings import get_settings
from tests.service.live.clock import Clock


@pytest.fixture
def meter(tmp_path: Path) -> Meter:
    return Meter(get_settings(tmp_path / "home"))


@pytest.fixture
def gauge(meter: Meter) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(meter.settings.home.root) as gauge:
        yield gauge


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(meter: Meter, clock: Clock) -> Iterator[LiveEvents]:
    events = LiveEvents(meter, clock)
    yield events
    events.close()
