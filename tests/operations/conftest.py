from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import agentgauge
from agentgauge.operations import MetricsCollector


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def gauge(home: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(home) as gauge:
        yield gauge


@pytest.fixture
def collector(gauge: agentgauge.Gauge, tmp_path: Path) -> MetricsCollector:
    return MetricsCollector(gauge=gauge, directory=tmp_path / "metrics")
