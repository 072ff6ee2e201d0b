"""A home with two months of recorded work for pages to show, the same every time but for when it ended.

Four agents work on issues in two projects; from seven days ago on the reviewer uses a dearer model and the tester has
become slower; one model has no price. Today and now there is the small work of every vocabulary
(`tests.service.recorded_work`), and a run that has not ended.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import agentgauge
from tests.dashboard.work.alerts import add_alerts
from tests.dashboard.work.budgets import set_budgets
from tests.dashboard.work.quality import record_quality
from tests.dashboard.work.runs import record_runs
from tests.service.recorded_work import record

DAYS = 65
_AGENTS = {"coder": "developer", "reviewer": "reviewer", "tester": "qa", "planner": "architect"}
_MODELS = {
    "coder": "claude-sonnet-4-5", "reviewer": "gpt-5-mini", "tester": "gemini-2.5-flash", "planner": "gpt-5",
}  # fmt: skip
_PROVIDERS = {"claude": "anthropic", "gpt": "openai", "gemini": "google", "house": None}
_USERS = ("ada", "grace", "linus")
_TOOLS = ("bash", "read_file", "edit_file", "grep", "pytest")


def recorded_home(home: Path, now: datetime | None = None, days: int = DAYS, per_day: int = 24) -> Path:
    """Record into `home` work of so many days until `now`, with about `per_day` tasks on each working day."""
    end = now or datetime.now(UTC)
    draw = random.Random(20261122)
    with agentgauge.open(home, project="shop") as gauge:
        for ago in range(days, -1, -1):
            _day(gauge, draw, end, ago, per_day)
        record_quality(gauge, end)
        record_runs(gauge, end)
    record(home)
    set_budgets(home, end)
    add_alerts(home, end)
    return home


def is_quiet(ago: int) -> bool:
    """Two days in seven, whatever day it is today: tests find the same on a Monday as on a Sunday."""
    return ago % 7 < 2


def _day(gauge: agentgauge.Gauge, draw: random.Random, end: datetime, ago: int, per_day: int) -> None:
    midnight = (end - timedelta(days=ago)).replace(hour=0, minute=0, second=0, microsecond=0)
    count = round(per_day * (0.3 if is_quiet(ago) else 1.0) * draw.uniform(0.8, 1.2))
    for number in range(count):
        start = midnight + timedelta(hours=min(23.5, max(0.2, draw.gauss(13, 3))))
        if start < end - timedelta(minutes=5):
            _task(gauge, draw, start, ago, number)


def _task(gauge: agentgauge.Gauge, draw: random.Random, start: datetime, ago: int, number: int) -> None:
    agent = draw.choices(list(_AGENTS), (5, 4, 3, 1))[0]
    project = "billing" if number % 5 == 0 else "shop"
    model = "claude-opus-4-5" if agent == "reviewer" and ago < 7 else _MODELS[agent]
    if draw.random() < 0.01:
        model = "house-model"
    slow = 1.6 if agent == "tester" and ago < 10 else 1.0
    seconds = math.exp(draw.gauss(math.log(40), 0.6)) * slow
    ok = draw.random() < (0.9 if agent == "coder" else 0.95)
    names = {
        "agent": agent, "role": _AGENTS[agent], "project": project, "operation": f"{agent}_work",
        "issue": f"{100 + ago}", "session": f"session-{ago}-{number % 3}", "user": _USERS[number % 3],
    }  # fmt: skip
    parent = f"{draw.getrandbits(64):016x}"
    with gauge.scope(**names, trace_id=f"{draw.getrandbits(128):032x}"):
        passed = 0.0
        for _ in range(draw.randint(1, 4)):
            took = seconds / 5 * draw.uniform(0.5, 1.5)
            cached = draw.choice((0, 0, 4096))
            gauge.llm_call(
                model, _PROVIDERS[model.split("-")[0]],
                input_tokens=cached + int(math.exp(draw.gauss(8.3, 0.7))),
                output_tokens=int(math.exp(draw.gauss(6.2, 0.6))), cache_read_tokens=cached,
                duration_ms=took * 1000, success=draw.random() < 0.985,
                at=start + timedelta(seconds=passed), parent_id=parent,
            )  # fmt: skip
            passed += took
            tool = draw.choice(_TOOLS)
            works = draw.random() < (0.8 if tool == "pytest" else 0.97)
            gauge.tool_call(tool, draw.uniform(20, 3000), works, at=start + timedelta(seconds=passed), parent_id=parent)
        gauge.task(
            f"{agent}_work", seconds * 1000, ok, min(100.0, max(0.0, draw.gauss(82, 8))),
            at=start, span_id=parent, error_type=None if ok else draw.choice(("AssertionError", "Timeout")),
        )  # fmt: skip
        if draw.random() < 0.3:
            gauge.satisfaction(
                draw.choice((2, 3, 4, 4, 5, 5)), scale=5, name="review", at=start + timedelta(seconds=seconds)
            )
