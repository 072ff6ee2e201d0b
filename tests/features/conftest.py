from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import agentgauge
from agentgauge.features import AdvancedMetrics, MetricsCollector


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def gauge(home: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(home) as gauge:
        yield gauge


@pytest.fixture
def advanced(gauge: agentgauge.Gauge) -> AdvancedMetrics:
    return AdvancedMetrics(gauge=gauge)


@pytest.fixture
def basic(gauge: agentgauge.Gauge) -> MetricsCollector:
    return MetricsCollector(gauge=gauge)
