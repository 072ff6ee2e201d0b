"""What outcomes cost, counted by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import Event
from agentgauge.meter import engine_of
from agentgauge.runs import MetricsCollector
from agentgauge.runs.code import record_change_merged
from agentgauge.service import reports
from agentgauge.service.reports.economics import Economics, OutcomeEconomics
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def call(cost: str | None, minutes: float = 0, **scope: Any) -> Event:
    source = "unpriced" if cost is None else "reported"
    paid = None if cost is None else Decimal(cost)
    return Event(kind="llm_call", model="m", time=at(minutes), cost_usd=paid, cost_source=source, **scope)


def task(minutes: float, took: float, outcome: str = "success", **scope: Any) -> Event:
    return Event(kind="task", name="fix", time=at(minutes), duration_ms=took * 60_000, outcome=outcome, **scope)


def mark(name: str, minutes: float, outcome: str | None = None, **scope: Any) -> Event:
    return Event(kind="mark", name=name, time=at(minutes), outcome=outcome, **scope)


def pipeline(name: str, outcome: str | None, minutes: float = 0, **scope: Any) -> Event:
    return Event(kind="pipeline", name=name, time=at(minutes), outcome=outcome, **scope)


def ask(*events: Event, window: Window | None = None) -> Economics:
    answer = reports.economics(DuckDBEngine(connection_with(events)), window or Window())
    for row in answer.outcomes:
        assert sum(part.cost_usd for part in row.spent) == answer.cost_usd
        assert sum(part.unpriced_calls for part in row.spent) == answer.unpriced_calls
    return answer


def outcome(name: str, events: Sequence[Event], window: Window | None = None) -> OutcomeEconomics:
    (row,) = [row for row in ask(*events, window=window).outcomes if row.outcome == name]
    return row


def parts(row: OutcomeEconomics) -> tuple[str, ...]:
    return tuple(f"{part.cost_usd.normalize():f}" for part in row.spent)


ISSUES = [
    mark("issue_start", 0, issue="1"),
    call("2", 5, issue="1"),
    task(10, 10, issue="1"),
    mark("issue_end", 11, "success", issue="1"),
    mark("issue_start", 20, issue="2"),
    call("4", 25, issue="2"),
    task(30, 5, "failure", issue="2"),
    mark("issue_end", 31, "failure", issue="2"),
    call("1", 40),
]


def test_failed_issues_are_part_of_what_a_resolved_one_costs() -> None:
    row = outcome("issue", ISSUES)
    assert (row.attempts, row.successes) == (2, 1)
    assert row.cost_per_success.value == Decimal(6)
    assert row.cost_per_attempt.value == Decimal(3)
    assert (row.time_per_success.value, row.time_per_attempt.value) == (15 * 60_000, 7.5 * 60_000)
    assert row.few_samples


def test_what_names_no_issue_is_shown_and_never_dropped() -> None:
    row = outcome("issue", ISSUES)
    assert [part.on for part in row.spent] == ["succeeded", "unsuccessful", "unattributed"]
    assert parts(row) == ("2", "4", "1")
    assert [part.units for part in row.spent] == [1, 1, 0]


def test_an_issue_that_was_started_again_is_not_resolved() -> None:
    assert outcome("issue", [*ISSUES, mark("issue_start", 50, issue="1")]).successes == 0


def test_an_issue_that_was_skipped_is_not_resolved_though_its_task_succeeded() -> None:
    skipped = mark("issue_end", 12, None, issue="1", attributes={"status": "skipped"})
    assert outcome("issue", [*ISSUES, skipped]).successes == 0


def test_without_marks_the_last_task_tells() -> None:
    tried = [call("1", 0, issue="7"), task(1, 1, "failure", issue="7"), task(2, 1, "success", issue="7")]
    assert outcome("issue", tried).successes == 1
    assert outcome("issue", [*tried, task(3, 1, "error", issue="7")]).successes == 0


def test_an_issue_of_the_same_name_in_another_project_is_another() -> None:
    both = [task(1, 1, issue="7", project=project) for project in ("a", "b")]
    assert outcome("issue", both).attempts == 2


def test_an_issue_that_was_open_before_the_window_is_known_to_be() -> None:
    window = Window(start=at(5))
    events = [mark("issue_start", 0, issue="1"), call("1", 6, issue="1"), task(7, 1, issue="1")]
    assert outcome("issue", events, window).successes == 0
    assert outcome("issue", [*events, mark("issue_end", 8, "success", issue="1")], window).successes == 1


def test_an_issue_that_was_resolved_before_the_window_is_not_resolved_again() -> None:
    late = [mark("issue_end", 0, "success", issue="1"), call("1", 6, issue="1"), task(7, 1, issue="1")]
    row = outcome("issue", late, Window(start=at(5)))
    assert (row.successes, parts(row)) == (0, ("0", "1", "0"))


def test_tasks_within_tasks_and_at_once_take_their_time_once() -> None:
    nested = [task(5, 3, issue="1"), task(8, 2, issue="1"), task(10, 10, issue="1"), task(30, 5, issue="1")]
    assert outcome("issue", nested).time_per_success.value == 15 * 60_000


def test_time_is_the_union_of_any_intervals() -> None:
    """Against counting the minutes one by one."""
    rng = random.Random(7)
    ends = sorted(rng.randrange(60, 600) for _ in range(80))
    spans = [(end - rng.randrange(1, 40), end) for end in ends]
    minutes = {minute for start, end in spans for minute in range(start, end)}
    row = outcome("issue", [task(end, end - start, issue="1") for start, end in spans])
    assert row.time_per_success.value == len(minutes) * 60_000


def test_a_green_pipeline_costs_the_failed_ones_and_the_issues_without_any() -> None:
    events = [
        *ISSUES,
        pipeline("p1", "failure", issue="1"),
        pipeline("p2", "success", issue="1"),
        pipeline("p2", "success", issue="1"),
        pipeline("p3", None, issue="1"),
    ]
    row = outcome("pipeline", events)
    assert (row.attempts, row.successes) == (3, 1)
    assert row.cost_per_success.value == Decimal(6)
    assert parts(row) == ("2", "4", "1")


def test_pipelines_of_runs_are_paid_by_the_runs() -> None:
    events = [call("3", run="r1"), call("5", run="r1", issue="1"), call("7"), pipeline("p", "success", run="r1")]
    assert parts(outcome("pipeline", events)) == ("3", "0", "12")


def test_a_merged_change_counts_once_however_often_it_is_told() -> None:
    merged = [mark("change_merged", 12, "success", issue="1", attributes={"change": "!5"}) for _ in range(2)]
    row = outcome("change", [*ISSUES, *merged])
    assert (row.attempts, row.successes, row.cost_per_success.value) == (1, 1, Decimal(6))


def test_calls_within_a_debugging_cycle_are_what_it_cost() -> None:
    def cycle(minutes: float, took: float, result: str, span: str, **scope: Any) -> Event:
        return Event(
            kind="debugging_cycle", name="debugging", time=at(minutes), duration_ms=took * 60_000, outcome=result,
            span_id=span, **scope,
        )  # fmt: skip

    events = [
        call("1", 4, issue="1"),
        call("2", 6, issue="1"),
        call("4", 8, issue="1"),
        call("8", 8, issue="2"),
        call("16", 8, parent_id="outer"),
        cycle(10, 5, "failure", "outer", issue="1"),
        cycle(9, 2, "success", "inner", issue="1"),
    ]
    row = outcome("cycle", events)
    assert (row.attempts, row.successes) == (2, 1)
    assert parts(row) == ("22", "0", "9")
    assert row.time_per_attempt.value == 3.5 * 60_000


def test_tickets_and_sessions_are_counted_by_themselves() -> None:
    events = [
        call("2", ticket="T-1", session="s"),
        task(1, 1, ticket="T-1", session="s"),
        call("3", 2, session="s"),
        task(3, 1, "failure", session="s"),
    ]
    ticket, session = outcome("ticket", events), outcome("session", events)
    assert (ticket.successes, ticket.cost_per_attempt.value, parts(ticket)) == (1, Decimal(2), ("2", "0", "3"))
    assert (session.successes, session.cost_per_attempt.value, parts(session)) == (0, Decimal(5), ("0", "5", "0"))


def test_unpriced_calls_stand_beside_and_are_never_zero() -> None:
    row = outcome("issue", [call(None, issue="1"), task(1, 1, issue="1")])
    assert (row.cost_per_success.value, row.unpriced_calls) == (None, 1)
    partly = outcome("issue", [call(None, issue="1"), call("2", issue="1"), task(1, 1, issue="1")])
    assert (partly.cost_per_success.value, partly.unpriced_calls) == (Decimal(2), 1)


def test_what_no_call_is_recorded_of_has_no_cost_and_no_time() -> None:
    row = outcome("change", [mark("change_merged", 0, "success", issue="1", attributes={"change": "!5"})])
    assert row.cost_per_success.value is None
    assert math.isnan(row.time_per_success.value)


def test_without_successes_there_is_no_price_of_one() -> None:
    row = outcome("issue", [call("1", issue="1"), task(1, 1, "failure", issue="1")])
    assert (row.cost_per_success.value, row.cost_per_attempt.value) == (None, Decimal(1))
    assert math.isnan(row.time_per_success.value)


def test_of_nothing_there_is_no_outcome() -> None:
    answer = ask()
    assert (answer.outcomes, answer.cost_usd) == ((), 0)


def test_limits_are_there_from_ten_units_on_and_hold_the_truth() -> None:
    """Issues that succeed in 2 of 3 cases and cost $1 on average: $1.50 per success."""
    rng = random.Random(3)

    def issues(count: int) -> list[Event]:
        made = []
        for number in range(count):
            won = "success" if rng.random() < 2 / 3 else "failure"
            made += [call(f"{rng.uniform(0.5, 1.5):.6f}", issue=str(number)), task(1, 1, won, issue=str(number))]
        return made

    assert outcome("issue", issues(9)).cost_per_success.low is None
    price = outcome("issue", issues(200)).cost_per_success
    assert price.low is not None
    assert price.high is not None
    assert price.low < Decimal("1.5") < price.high
    assert price.high - price.low < Decimal("0.6")


def test_what_a_collector_of_runs_records_is_understood(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        collector = MetricsCollector("r1", gauge=gauge)
        for issue, status in (("1", "completed"), ("2", "failed"), ("3", "skipped")):
            collector.start_issue(issue)
            collector.start_agent("coding", issue)
            collector.record_token_usage(1000, 100, model="m", cost_usd=Decimal("0.5"))
            cycle = collector.start_debugging_cycle(["E"])
            collector.record_token_usage(1000, 100, model="m", cost_usd=Decimal("0.25"))
            collector.end_debugging_cycle(cycle, resolved=True)
            collector.finalize_agent(success=True)
            collector.record_pipeline(f"p{issue}", "abc", "success" if issue == "1" else "failed")
            collector.finalize_issue(issue, status)
        collector.finalize_run()
        for _ in range(2):
            record_change_merged(gauge, 5, issue="1")
        with engine_of(gauge) as engine:
            answer = reports.economics(engine, Window())
    rows = {row.outcome: row for row in answer.outcomes}
    assert answer.cost_usd == Decimal("2.25")
    counts = {name: (rows[name].attempts, rows[name].successes) for name in ("issue", "pipeline", "cycle", "change")}
    assert counts == {"issue": (3, 1), "pipeline": (3, 1), "cycle": (3, 3), "change": (1, 1)}
    assert parts(rows["cycle"]) == ("0.75", "0", "1.5")
    assert parts(rows["issue"]) == ("0.75", "1.5", "0")


@pytest.mark.parametrize("seed", range(3))
def test_the_rows_of_every_outcome_sum_to_the_total(seed: int) -> None:
    rng = random.Random(seed)

    def scope() -> dict[str, Any]:
        return {
            name: rng.choice(("1", "2", None)) for name in ("project", "issue", "ticket", "run", "session", "agent")
        }

    events: list[Event] = []
    for minute in range(200):
        events.append(call(rng.choice((None, f"{rng.random():.12f}")), minute, **scope()))
        kind = rng.choice(("task", "pipeline", "debugging_cycle", "mark"))
        name = rng.choice(("issue_start", "issue_end", "change_merged", "ticket_end", "session_end"))
        timed = {"duration_ms": rng.choice((None, 600_000.0)), "outcome": rng.choice((None, "success", "failure"))}
        events.append(Event(kind=kind, name=name, time=at(minute), **timed, **scope()))  # type: ignore[arg-type]
    assert len(ask(*events).outcomes) == 6
