"""Sums over what a collector recorded and over the whole stream: exact, and the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, Inexact, Rounded, localcontext
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import QueryError
from agentgauge.sessions import (
    EventType,
    MetricsCollector,
    TokenUsage,
    pm_export,
    stream_summary,
    summarize,
)
from agentgauge.sessions.totals import MOST_GROUPS, OTHER, SummaryFold
from agentgauge.settings import get_settings
from tests.journal.interruptions import interrupted_at
from tests.sessions.making import DAY, event, mark, result

PRICED = TokenUsage(input_tokens=1000, output_tokens=100)
"""At $3 and $15 a million tokens of claude-sonnet-4-5: $0.0045."""


@pytest.fixture
def collector(gauge: agentgauge.Gauge) -> MetricsCollector:
    """Two tickets, three roles, one call without a price, a start and an end."""
    collector = MetricsCollector("s-1", gauge=gauge)
    collector.record_event(mark(EventType.SESSION_START))
    collector.record_from_result(result(), "interview", "ask", ticket_id="A", user="ada", team="x", project="shop")
    collector.record_from_result(result(usage=PRICED), "review", "check", ticket_id="A", user="bob", team="x")
    collector.record_from_result(result(model="in-house-7b", usage=PRICED), "review", "check", ticket_id="B")
    collector.record_event(event(ticket_id="B", duration_ms=250))
    collector.record_event(mark(EventType.SESSION_END, duration_ms=9000, operation="finalize"))
    return collector


def test_a_summary_sums_by_role_and_by_operation(collector: MetricsCollector) -> None:
    summary = collector.get_summary()
    assert (summary.total_events, summary.total_tokens, summary.total_duration_ms) == (6, 2500, 13750)
    assert (summary.total_cost, summary.unpriced_calls) == (0.0245, 1)
    assert summary.by_agent_role["review"] == {
        "events": 2,
        "tokens": 2200,
        "cost": 0.0045,
        "unpriced_calls": 1,
        "duration_ms": 3000,
    }
    assert set(summary.by_operation) == {"initialize", "ask", "check", "ask_question", "finalize"}


def test_the_stream_sums_up_to_what_the_collector_does(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    assert stream_summary(gauge=gauge) == collector.get_summary()


def test_money_is_summed_exactly(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector(gauge=gauge)
    for _ in range(1000):
        collector.record_from_result(result(usage=TokenUsage(cost_usd=0.1)), "review", "check")
    collector.record_from_result(result(usage=TokenUsage(cost_usd=1e-12)), "review", "check")
    assert collector.get_summary().total_cost == 100.000000000001
    assert summarize("role", gauge=gauge)["review"].cost_usd == Decimal("100.000000000001")


def test_the_programs_own_decimal_context_changes_no_sum(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    with localcontext(Context(prec=2, traps=[Inexact, Rounded])):
        summary, groups = collector.get_summary(), summarize("role", gauge=gauge)
    assert (summary.total_cost, groups["interview"].cost_usd) == (0.0245, Decimal("0.02"))


def test_a_price_is_that_of_the_events_time(gauge: agentgauge.Gauge) -> None:
    collector, before_it = MetricsCollector(gauge=gauge), datetime(2020, 1, 1, tzinfo=UTC)
    collector.record_event(event(usage=PRICED))
    collector.record_event(event(usage=PRICED, model="gpt-3.5-turbo", provider="openai", timestamp=before_it))
    assert collector.get_summary() == stream_summary(gauge=gauge)


def test_prices_are_the_users_own_where_there_are_any(gauge: agentgauge.Gauge, home: Path) -> None:
    home.joinpath("prices.toml").write_text('[[price]]\nmodel = "in-house-7b"\ninput = 1.0\noutput = 2.0\n')
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(result(model="in-house-7b", provider="n/a", usage=PRICED), "review", "check")
    assert collector.get_summary() == stream_summary(gauge=gauge)
    assert (collector.get_summary().total_cost, collector.get_summary().unpriced_calls) == (0.0012, 0)


def test_a_price_file_that_cannot_be_used_prices_nothing_and_is_counted(gauge: agentgauge.Gauge, home: Path) -> None:
    home.joinpath("prices.toml").write_text("oops")
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(result(usage=PRICED), "review", "check")
    assert collector.get_summary().unpriced_calls == 1
    assert gauge.health().altered == {"prices unusable": 1}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("role", {"interview": 2, "review": 2, "system": 2}),
        ("agent", {"interview": 2, "review": 2, "system": 2}),
        ("operation", {"initialize": 1, "ask": 1, "check": 2, "ask_question": 1, "finalize": 1}),
        ("ticket", {"A": 2, "B": 2, None: 2}),
        ("session", {"s-1": 6}),
        ("developer", {"ada": 1, "bob": 1, None: 4}),
        ("user", {"ada": 1, "bob": 1, None: 4}),
        ("team", {"x": 2, None: 4}),
        ("project", {"shop": 1, None: 5}),
    ],
)
def test_the_stream_is_summed_by(
    collector: MetricsCollector, gauge: agentgauge.Gauge, by: str, expected: dict[str | None, int]
) -> None:
    groups = summarize(by, gauge=gauge)
    summary = collector.get_summary()
    assert {key: group.events for key, group in groups.items()} == expected
    assert sum(group.tokens for group in groups.values()) == summary.total_tokens
    assert float(sum(group.cost_usd for group in groups.values())) == summary.total_cost
    assert sum(group.unpriced_calls for group in groups.values()) == 1
    assert sum(group.duration_ms for group in groups.values()) == summary.total_duration_ms


def test_the_dearest_comes_first(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    assert list(summarize("role", gauge=gauge)) == ["interview", "review", "system"]


def test_what_is_asked_for_is_selected(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    assert stream_summary(ticket="A", gauge=gauge).total_events == 2
    assert stream_summary(ticket="A", role="review", gauge=gauge).total_cost == 0.0045
    assert stream_summary(session="other", gauge=gauge).total_events == 0
    assert stream_summary(user="ada", team="x", project="shop", gauge=gauge).total_tokens == 150
    naive_day = DAY.replace(tzinfo=None)
    assert stream_summary(since=naive_day, until=DAY + timedelta(seconds=1), gauge=gauge).total_events == 3
    assert stream_summary(until=naive_day, gauge=gauge).total_events == 0


def test_a_ticket_is_summed_across_sessions_and_collectors(home: Path) -> None:
    for session in ("s-1", "s-2"):
        with agentgauge.open(home) as gauge:
            MetricsCollector(session, gauge=gauge).record_from_result(result(), "review", "check", ticket_id="A")
    with agentgauge.open(home) as gauge:
        assert summarize("session", ticket="A", gauge=gauge).keys() == {"s-1", "s-2"}
        assert stream_summary(ticket="A", gauge=gauge).total_cost == 0.02


def test_what_others_record_counts_too(gauge: agentgauge.Gauge) -> None:
    with gauge.scope(issue=12, role="coding", user="ada"), gauge.span("implement"):
        gauge.llm_call("gpt-4o", "openai", input_tokens=1000, output_tokens=100, cost_usd="0.5")
        gauge.tool_call("search", cost_usd="0.005")
        gauge.mark("release", duration_ms=5)
    (group,) = summarize("ticket", gauge=gauge).values()
    assert (group.events, group.tokens, group.cost_usd) == (1, 1100, Decimal("0.505"))
    assert stream_summary(ticket="12", gauge=gauge).by_agent_role["coding"]["events"] == 1


def test_no_summary_is_by_something_unknown(gauge: agentgauge.Gauge) -> None:
    with pytest.raises(QueryError, match="no summary by 'mood': use one of role, agent"):
        summarize("mood", gauge=gauge)


def test_of_nothing_there_is_nothing(gauge: agentgauge.Gauge) -> None:
    assert summarize("role", gauge=gauge) == {}
    summary = stream_summary(gauge=gauge)
    assert summary == MetricsCollector(gauge=gauge).get_summary()
    assert (summary.total_events, summary.total_cost, summary.by_agent_role) == (0, 0.0, {})


def test_switched_off_the_stream_is_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENABLE_METRICS", "false")
    gauge = agentgauge.open(tmp_path / "home")
    assert (summarize("role", gauge=gauge), stream_summary(gauge=gauge).total_events) == ({}, 0)
    assert not get_settings().enabled
    assert list(tmp_path.iterdir()) == []


def test_a_summary_interrupted_while_prices_are_read_is_made_again_in_full(gauge: agentgauge.Gauge) -> None:
    """That takes long, so it is where a program's alarm arrives."""
    for moment in range(10, 60):
        collector = MetricsCollector(gauge=gauge)
        collector.record_event(event(usage=PRICED))
        assert interrupted_at(moment, collector.get_summary)
        summary = collector.get_summary()
        assert (summary.total_events, summary.total_cost, summary.unpriced_calls) == (1, 0.0045, 0), moment


def test_what_happens_to_an_event_after_it_was_recorded_changes_no_summary(gauge: agentgauge.Gauge) -> None:
    collector, mine = MetricsCollector(gauge=gauge), event()
    collector.record_event(mine)
    mine.operation, mine.duration_ms, mine.timestamp = "another", 7, "yesterday"  # type: ignore[assignment]
    assert collector.get_summary() == stream_summary(gauge=gauge)


def test_groups_are_bounded() -> None:
    fold = SummaryFold()
    for number in range(MOST_GROUPS + 50):
        fold.add(f"role-{number}", "same")
    summary = fold.summary()
    assert len(summary.by_agent_role) == MOST_GROUPS + 1
    assert summary.by_agent_role[OTHER]["events"] == 50
    assert summary.by_operation["same"]["events"] == summary.total_events == MOST_GROUPS + 50


def test_the_export_has_the_documented_keys(collector: MetricsCollector) -> None:
    summary = collector.get_summary()
    exported = pm_export(summary, "PROJ-456", "session-123")
    stamp = datetime.fromisoformat(exported.pop("timestamp"))
    assert stamp.utcoffset() == timedelta(0)
    assert exported == {
        "ticket_id": "PROJ-456",
        "session_id": "session-123",
        "metrics": {
            "total_tokens": 2500,
            "total_cost_usd": 0.0245,
            "total_duration_ms": 13750,
            "event_count": 6,
        },
        "by_agent_role": summary.by_agent_role,
    }
