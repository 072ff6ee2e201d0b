"""The models of document 003, and what is ours in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from agentgauge.sessions import EventType, MetricsEvent, TokenUsage
from tests.sessions.making import LINES, event


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_document_is_an_event_in_utc(line: str) -> None:
    read = MetricsEvent.model_validate_json(line)
    assert read.timestamp.tzinfo is UTC
    assert read.usage.total_tokens in (150, 700)


def test_nothing_used_is_no_cost_rather_than_a_cost_of_nothing() -> None:
    used = TokenUsage()
    assert (used.input_tokens, used.output_tokens, used.total_tokens, used.cost_usd) == (0, 0, 0, None)
    assert used.model_dump() == {"input_tokens": 0, "output_tokens": 0, "cost_usd": None}


def test_parts_are_within_their_totals() -> None:
    used = TokenUsage(
        input_tokens=10, output_tokens=5, cache_read_tokens=4, cache_write_5m_tokens=1, reasoning_tokens=5
    )
    assert (used.total_tokens, used.cache_write_tokens) == (15, 1)
    assert used.model_dump()["cache_read_tokens"] == 4
    with pytest.raises(ValidationError, match="input_tokens, which is the total"):
        TokenUsage(input_tokens=10, cache_read_tokens=11)
    with pytest.raises(ValidationError, match="output_tokens, which is the total"):
        TokenUsage(output_tokens=10, reasoning_tokens=11)


@pytest.mark.parametrize("cost", [-0.01, float("nan"), float("inf")])
def test_a_cost_is_an_amount(cost: float) -> None:
    with pytest.raises(ValidationError):
        TokenUsage(cost_usd=cost)


def test_the_time_of_an_event_is_now_unless_given() -> None:
    before = datetime.now(UTC)
    made = MetricsEvent(
        event_type=EventType.SESSION_START,
        agent_role="system",
        operation="initialize",
        usage=TokenUsage(),
        model="n/a",
        provider="n/a",
        duration_ms=0,
    )
    assert before <= made.timestamp <= datetime.now(UTC)


def test_a_naive_time_means_utc_and_another_zone_is_turned_to_it() -> None:
    noon = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - as a caller may give it
    assert event(timestamp=noon).timestamp == datetime(2026, 3, 2, 12, tzinfo=UTC)
    berlin = event(timestamp=noon.replace(tzinfo=timezone(timedelta(hours=1)))).timestamp
    assert (berlin.hour, berlin.tzinfo) == (11, UTC)


def test_a_fraction_of_a_millisecond_is_rounded() -> None:
    assert event(duration_ms=1500.6).duration_ms == 1501


def test_a_line_holds_the_documents_fields_and_ours_only_where_they_say_something() -> None:
    plain = event().model_dump()
    assert list(plain) == [
        "event_type", "timestamp", "agent_role", "operation", "usage", "model", "provider", "duration_ms",
        "session_id", "ticket_id", "metadata",
    ]  # fmt: skip
    assert set(event(user="ada", team="checkout", outcome="timeout").model_dump()) - set(plain) == {
        "user",
        "team",
        "outcome",
    }


def test_an_event_type_is_its_text() -> None:
    assert EventType.SESSION_START == "session_start"
    assert EventType("ticket_end") is EventType.TICKET_END
