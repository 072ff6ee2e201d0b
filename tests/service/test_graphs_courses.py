"""Sums and latencies over time as charts: what is not known is no zero, and no two buckets have one name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import agentgauge
from agentgauge.charts import Chart
from agentgauge.meter import Meter
from agentgauge.service import reports
from agentgauge.service.graphs.courses import sums_by
from agentgauge.service.graphs.days import bucket_name
from agentgauge.service.graphs.latency import task_latency
from agentgauge.service.reports.rows import Rows
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

START = datetime(2026, 3, 1, tzinfo=UTC)


def _of(home: Path, question: Callable[..., Rows[Any]], **more: Any) -> Any:
    window, now = Window(START, START + timedelta(days=3)), START + timedelta(days=4)
    with Meter(get_settings(home)).engine() as engine:
        return question(engine, window, "day", "UTC", now, **more).rows


def _spend(home: Path) -> Chart:
    return sums_by(
        _of(home, reports.cost_over_time, by=("model",)), "model", lambda of: of.cost_usd, "usd",
        known=("m", "free"), width="day", what="cost",
    )  # fmt: skip


def test_a_bucket_whose_cost_is_not_known_is_a_gap_and_one_without_calls_is_zero(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for day, cost in ((0, "2"), (1, None)):
            gauge.llm_call("m", input_tokens=1, output_tokens=1, cost_usd=cost, at=START + timedelta(days=day, hours=1))
    rows = _spend(tmp_path).rows
    assert [(row["y"], row["text"]) for row in rows] == [(2.0, "$2.00"), (None, "-"), (0.0, "$0.00")]
    assert _spend(tmp_path).parameters()


def test_p95_of_few_tasks_is_no_line_and_the_chart_says_why(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for number in range(25):
            gauge.task("work", 1000, True, at=START + timedelta(hours=1, seconds=number))
        gauge.task("work", 1000, True, at=START + timedelta(days=1, hours=1))
    chart, note = task_latency(_of(tmp_path, reports.vitals_over_time), "day")
    known = [row["series"] for row in chart.rows if row["y"] is not None]
    assert (known.count("median"), known.count("p95")) == (2, 1)
    assert note is not None
    assert note.startswith("p95 is not shown for 1 of 3 days")


def test_the_hour_that_comes_twice_has_two_names() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    hours = [datetime(2026, 10, 25, at, tzinfo=UTC).astimezone(berlin) for at in range(3)]
    names = [bucket_name(hour, "hour") for hour in hours]
    assert names == ["25 Oct 02:00 CEST", "25 Oct 02:00 CET", "25 Oct 03:00"]
