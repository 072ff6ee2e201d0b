"""A home of two projects that have everything, each under names of its own; and one of the first project alone.

Everything of the first is called alpha-..., everything of the second zulu-...: an answer that has `zulu` in it, in
whatever case, has told of the second. What the second did is entangled with the first on purpose: its calls are inside
the first's tasks, it uses the first's span ids, and its agents, models and users have figures that would show in any
mean or sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

import agentgauge
from agentgauge.events import Event
from agentgauge.meter import Meter
from agentgauge.policies.findings import NO_SAVING, Evidence, Finding, Period
from agentgauge.settings.server import ServerSettings, get_server_settings
from agentgauge.state.aggregations import Aggregation, AggregationBook
from agentgauge.state.alert_rules import RuleBook
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.opening import shared_state
from agentgauge.state.recommendations import Key, RecommendationBook

OURS, THEIRS = "alpha", "zulu"
_DAYS = 12


def home_with(place: Path, *projects: str, compacted: bool = True) -> ServerSettings:
    """A home in which these projects did the same kind of work, the first of them first; `compacted`: so that the
    ids of the first's events are the same whoever follows."""
    settings = get_server_settings(place)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number, project in enumerate(projects):
        with agentgauge.open(place) as gauge:
            for event in _work(project, now, scale=1 + 6 * number):
                gauge.record(event)
        if compacted:
            Meter(settings.recording).lake.compact()
    _decide(settings, projects, now)
    return settings


def _work(project: str, now: datetime, scale: int) -> Iterator[Event]:
    for day in range(_DAYS):
        for part in range(4):
            moment = now - timedelta(days=day, hours=2 + part)
            yield from _task(project, f"{day}-{part}", moment, scale * (1 + part), failed=part == 3)


def _task(project: str, number: str, moment: datetime, size: int, *, failed: bool) -> Iterator[Event]:
    # Span ids are the first project's for both: ids are their senders' to choose.
    span, inner = f"span-{OURS}-{number}", f"tool-{project}-{number}"
    scope = {
        "project": project,
        "session": f"{project}-session-{number}",
        "run": f"{project}-run-{number}",
        "issue": f"{project}-issue-{number}",
        "ticket": f"{project}-ticket-{number}",
        "agent": f"{project}-agent-{size % 2}",
        "role": f"{project}-role",
        "operation": f"{project}-operation",
        "feature": f"{project}-feature",
        "user": f"{project}-user",
        "team": f"{project}-team",
        "trace_id": f"{project}-trace-{number}",
    }
    error = (
        {
            "error_type": f"{project}Error", "error_category": f"{project}-category", "severity": "error",
            "error_message": f"{project} went wrong",
        }
        if failed
        else {}
    )  # fmt: skip
    outcome = "failure" if failed else "success"
    yield Event(
        kind="llm_call", time=moment, name=f"{project}-call", parent_id=span, span_id=f"call-{project}-{number}",
        model=f"{project}-model", provider=f"{project}-provider", input_tokens=1000 * size, output_tokens=100 * size,
        cost_usd=Decimal("0.01") * size, cost_source="reported", duration_ms=200.0 * size, outcome="success",
        attributes={f"{project}_attribute": f"{project}-value", "branch": f"{project}-branch"}, **scope,
    )  # fmt: skip
    yield Event(
        kind="tool_call", time=moment, name=f"{project}-tool", span_id=inner, parent_id=span, duration_ms=10.0 * size,
        outcome=outcome, **scope, **error,
    )  # fmt: skip
    yield Event(
        kind="measurement", time=moment, name="component_time", value=5.0 * size, unit="ms", parent_id=span,
        attributes={"component": f"{project}-component"}, **scope,
    )  # fmt: skip
    yield Event(kind="measurement", time=moment, name=f"{project}_measure", value=float(size), unit="1", **scope)
    yield Event(kind="satisfaction", time=moment, value=0.5, name=f"{project}-survey", **scope)
    yield Event(kind="feature_usage", time=moment, duration_ms=3.0, outcome="success", name=f"{project}-click", **scope)
    if failed:
        yield Event(kind="error", time=moment, name=f"{project}-error", **scope, **error)
    yield Event(
        kind="task", time=moment, name=f"{project}-task", span_id=span, duration_ms=1000.0 * size, outcome=outcome,
        quality_score=50.0 + size, **scope, **error,
    )  # fmt: skip


def _finding(agent: str, now: datetime) -> Finding:
    return Finding(
        type="pause_agent",
        priority="medium",
        agent=agent,
        agent_role=None,
        current_budget=Decimal(30),
        recommended_budget=Decimal(0),
        reason=f"{agent} is rarely used",
        saving=NO_SAVING,
        evidence=Evidence(period=Period(now - timedelta(days=30), now), n=3, of="tasks", figures=()),
    )


def _decide(settings: ServerSettings, projects: tuple[str, ...], now: datetime) -> None:
    store = shared_state(settings)
    for project in projects:
        agent = f"{project}-agent-0"
        for scope, name in (("agent", agent), ("project", project)):
            BudgetBook(store).create(
                Terms(
                    scope=scope, name=name, project=project, total_usd=Decimal(30), start=now - timedelta(days=_DAYS)
                ),
                f"{project}-administrator",
                now,
            )
        AlertBook(store).detect(
            Detected(
                condition=f"{project} budget", type="budget_overrun", severity="warning", metric="budget_utilization",
                message=f"{agent} of {project} is over its budget", project=project, agent_name=agent,
                current_value=24.5, expected_value=30.0, threshold_value=24.0, deviation_percent=-18.33,
            ),
            now,
        )  # fmt: skip
        RuleBook(store).put(
            f"{project}-rule", {"type": "error_rate", "project": project, "agent": agent, "threshold": 2}, project, now,
            project=project,
        )  # fmt: skip
        RecommendationBook(store).found(
            {Key("pause_agent", agent): msgspec.json.encode(_finding(agent, now))}, now, project
        )
        day = now.replace(hour=0) - timedelta(days=1)
        rows = [
            Aggregation(
                granularity="day", start=day, end=day + timedelta(days=1), project=each, agent=f"{each}-agent-0",
                metric="cost", count=1, mean=1.0, computed=now,
            )
            for each in projects
        ]  # fmt: skip
        AggregationBook(store).replace("day", day, rows)
