from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import agentgauge
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.settings import resolve_home


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return PriceBook.load()


@pytest.fixture
def lake(tmp_path: Path, book: PriceBook) -> Lake:
    return Lake(resolve_home(tmp_path / "home"), book)


@pytest.fixture
def gauge(tmp_path: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(tmp_path / "home", project="proj") as gauge:
        yield gauge
