"""What differs from the window before: by known work, and by chance alone."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import QueryError
from agentgauge.meter import Meter
from agentgauge.service import reports
from agentgauge.service.reports.changes import Changes
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = 14
Cost = Callable[[int, random.Random], float]


def _record(home: Path, cost: Cost, *, days: int, failing: Callable[[int], float] = lambda ago: 0.1) -> None:
    draw = random.Random(7)
    with agentgauge.open(home) as gauge, gauge.scope(agent="coder"):
        for ago in range(days):
            for number in range(10):
                at = NOW - timedelta(days=ago, minutes=5 * number)
                gauge.llm_call("m", input_tokens=1, output_tokens=1, cost_usd=cost(ago, draw), at=at)
                gauge.task("work", 1000 * draw.uniform(0.5, 1.5), draw.random() > failing(ago), at=at)


def _changes(home: Path, days: int = DAYS) -> Changes:
    window = Window(NOW - timedelta(days=days), NOW)
    against = Window(NOW - timedelta(days=2 * days), window.start)
    with Meter(get_settings(home)).engine() as engine:
        return reports.changes(engine, window, against, width="day", zone="UTC", now=NOW)


def test_a_cost_that_doubled_is_shown_and_what_stayed_is_not(tmp_path: Path) -> None:
    _record(tmp_path, lambda ago, draw: draw.uniform(0.8, 1.2) * (2 if ago < DAYS else 1), days=2 * DAYS + 3)
    found = _changes(tmp_path)
    by_name = {change.name: change for change in found.changes}
    cost = by_name["cost"]
    assert (cost.verdict, cost.is_shown) == ("worse", True)
    assert cost.relative == pytest.approx(1.0, abs=0.05)
    assert cost.after == found.after.cost_usd
    for name in ("success_rate", "p95_duration"):
        assert not by_name[name].is_shown
        assert by_name[name].verdict == "no difference shown"
    assert found.recorded_since is None


def test_more_failures_are_a_worse_success_rate(tmp_path: Path) -> None:
    _record(tmp_path, lambda ago, draw: 1.0, days=2 * DAYS + 3, failing=lambda ago: 0.5 if ago < DAYS else 0.05)
    success = {change.name: change for change in _changes(tmp_path).changes}["success_rate"]
    assert (success.verdict, success.is_shown) == ("worse", True)


def test_where_recording_began_in_the_window_before_that_is_said(tmp_path: Path) -> None:
    _record(tmp_path, lambda ago, draw: 1.0, days=DAYS + 3)
    assert _changes(tmp_path).recorded_since is not None


def test_of_nothing_no_change_is_known(tmp_path: Path) -> None:
    found = _changes(tmp_path)
    assert [change.is_shown for change in found.changes] == [False] * 4
    assert all(math.isnan(change.relative) for change in found.changes)


def test_p95_of_few_tasks_is_not_known(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        gauge.task("work", 1000, True, at=NOW - timedelta(days=1))
    p95 = {change.name: change for change in _changes(tmp_path).changes}["p95_duration"]
    assert isinstance(p95.after, float)
    assert math.isnan(p95.after)


def test_an_open_start_has_nothing_before_it(tmp_path: Path) -> None:
    with Meter(get_settings(tmp_path)).engine() as engine, pytest.raises(QueryError, match="have a start"):
        reports.changes(engine, Window(), Window(), width="day", zone="UTC", now=NOW)


def test_what_a_success_cost_counts_failed_work(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for agent, outcomes in {"steady": (True, True), "lucky": (True, False, False, False)}.items():
            with gauge.scope(agent=agent, role="developer"):
                for success in outcomes:
                    gauge.llm_call("m", input_tokens=1, output_tokens=1, cost_usd="0.5")
                    gauge.task("work", 10, success)
        with gauge.scope(agent="unpriced"):
            gauge.llm_call("nobody-knows", input_tokens=1, output_tokens=1)
            gauge.task("work", 10, True)
        with gauge.scope(agent="failing"):
            gauge.llm_call("m", input_tokens=1, output_tokens=1, cost_usd="0.5")
            gauge.task("work", 10, False)
    with Meter(get_settings(tmp_path)).engine() as engine:
        rows = {row.name: row for row in reports.ranking(engine, Window(), "agent").rows}
    per_success = {name: row.cost_per_success_usd for name, row in rows.items()}
    assert per_success == {"steady": Decimal("0.5"), "lucky": Decimal(2), "unpriced": None, "failing": None}
    assert rows["steady"].roles == ("developer",)
    # R, binom.confint(1, 4, methods = "wilson"): 0.0455872608 to 0.6993581674
    assert (rows["lucky"].success_low, rows["lucky"].success_high) == pytest.approx((0.0455872608, 0.6993581674))
