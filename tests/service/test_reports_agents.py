"""One agent and one role, over a few events whose answers can be counted by hand."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import pytest

from agentgauge.errors import QueryError
from agentgauge.service import reports
from agentgauge.service.filters import parse_filters
from agentgauge.service.window import Window
from tests.service.test_reports import EVER, NOON, call, engine, task

CODER = {"agent": "coder", "role": "developer", "project": "shop"}
WORK = (
    task(**CODER, duration_ms=100.0, quality_score=90.0),
    task(**CODER, duration_ms=300.0, quality_score=70.0),
    task("failure", **CODER, duration_ms=200.0),
    task(None, **CODER),
    call("0.30", **CODER),
    call(None, **CODER),
    task(agent="tester", role="developer"),
    call("0.90", agent="tester", role="developer"),
    call("0.10", role="developer"),
    task(agent="coder", role="reviewer", project="blog", hours=24),
)


class TestAgent:
    def test_has_both_outcomes_and_those_without_one_are_neither(self) -> None:
        found = reports.agent(engine(*WORK), EVER, "coder", parse_filters(["project=shop"]))
        assert (found.tasks, found.successful_tasks, found.failed_tasks) == (4, 2, 1)
        assert found.success_rate == pytest.approx(2 / 3)

    def test_has_durations_and_quality_with_how_many_it_is_of(self) -> None:
        found = reports.agent(engine(*WORK), EVER, "coder")
        assert (found.task_duration.mean_ms, found.task_duration.median_ms) == (200.0, 200.0)
        assert found.task_duration.p95_ms == 290.0
        quality = found.quality
        assert (quality.count, quality.mean, quality.median, quality.min, quality.max) == (2, 80, 80, 70, 90)

    def test_has_cost_and_tokens_per_task_with_the_unpriced_calls_beside_them(self) -> None:
        found = reports.agent(engine(*WORK), Window(end=NOON + timedelta(hours=1)), "coder")
        assert (found.cost_usd, found.unpriced_calls) == (Decimal("0.30"), 1)
        assert found.cost_per_task_usd == Decimal("0.075")
        assert (found.tokens, found.tokens_per_task) == (220, 55.0)

    def test_has_its_roles_and_projects_most_used_first(self) -> None:
        found = reports.agent(engine(*WORK), EVER, "coder")
        assert (found.role, found.roles, found.projects) == ("developer", ("developer", "reviewer"), ("shop", "blog"))

    def test_that_did_nothing_in_the_window_has_counts_of_zero_and_no_rates(self) -> None:
        found = reports.agent(engine(*WORK), Window(NOON + timedelta(days=9)), "coder")
        assert (found.tasks, found.cost_usd, found.cost_per_task_usd, found.quality.count) == (0, 0, None, 0)
        assert all(map(math.isnan, (found.success_rate, found.tokens_per_task, found.quality.mean)))

    def test_that_nothing_names_is_refused_with_the_near_one(self) -> None:
        with pytest.raises(QueryError, match="'Codr': did you mean coder"):
            reports.agent(engine(*WORK), EVER, "Codr")
        with pytest.raises(QueryError, match="No event names any agent"):
            reports.agent(engine(), EVER, "coder")


class TestRole:
    def test_has_each_of_its_agents_the_dearest_first(self) -> None:
        found = reports.role(engine(*WORK), EVER, "developer")
        assert [(row.agent, row.tasks, row.cost_usd) for row in found.agents] == [
            ("tester", 1, Decimal("0.90")),
            ("coder", 4, Decimal("0.30")),
            (None, 0, Decimal("0.10")),
        ]

    def test_cost_per_agent_is_over_those_that_are_named(self) -> None:
        found = reports.role(engine(*WORK), EVER, "developer")
        assert (found.agent_count, found.cost_usd, found.cost_per_agent_usd) == (2, Decimal("1.30"), Decimal("0.65"))
        assert found.unpriced_calls == 1

    def test_that_nothing_names_is_refused(self) -> None:
        with pytest.raises(QueryError, match="There are developer, reviewer"):
            reports.role(engine(*WORK), EVER, "boss")
