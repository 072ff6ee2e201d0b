"""How fresh events are: what was recorded here came in at once, what was imported when somebody did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import agentgauge
from agentgauge.meter import Meter
from agentgauge.service.freshness import Freshness, freshness
from agentgauge.settings import get_settings


def found(home: Path, now: datetime) -> Freshness:
    with Meter(get_settings(home)).engine() as engine:
        return freshness(engine, now)


def test_of_no_events_nothing_is_known(tmp_path: Path) -> None:
    of = found(tmp_path / "home", datetime.now(UTC))
    assert (of.newest, of.arrived, of.last_hour, of.last_day, of.looked_at) == (None, None, 0, 0, 0)
    assert of.lag_ms != of.lag_ms


def test_an_event_that_is_recorded_as_it_happens_takes_no_time(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        gauge.task("work", 10)
    of = found(tmp_path, datetime.now(UTC))
    assert of.newest == of.arrived
    assert (of.last_hour, of.last_day, of.looked_at, of.lag_ms, of.longest_lag_ms) == (1, 1, 1, 0, 0)


def test_an_event_that_is_recorded_later_takes_as_long_as_that(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with agentgauge.open(tmp_path) as gauge:
        gauge.task("work", 10, at=now - timedelta(hours=3))
        gauge.task("work", 10, at=now - timedelta(days=3))
    of = found(tmp_path, now)
    assert of.newest == pytest.approx(now - timedelta(hours=3), abs=timedelta(milliseconds=20))
    assert of.arrived is not None
    assert of.arrived >= now - timedelta(seconds=1)
    assert (of.last_hour, of.last_day) == (0, 1)
    assert of.longest_lag_ms == pytest.approx(3 * 86_400_000, rel=0.01)
