"""Each rule of an event, its reason, and a message that says what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from agentgauge.errors import EventRefused
from agentgauge.events import Event
from agentgauge.events.validation import check
from tests.events.strategies import EVENTS

WHEN = datetime(2026, 3, 5, tzinfo=UTC)


@given(EVENTS)
def test_an_event_that_keeps_the_rules_passes(event: Event) -> None:
    check(event)


@pytest.mark.parametrize(
    ("kind", "broken", "reason", "message"),
    [
        ("teleport", {}, "unknown kind", "known kinds are llm_call"),
        ("llm_call", {}, "missing field", "needs model"),
        ("tool_call", {"name": ""}, "missing field", "needs name"),
        ("llm_call", {"model": "m", "input_tokens": -1}, "negative tokens", "input_tokens of llm_call is -1"),
        ("llm_call", {"model": "m", "input_tokens": 1.5}, "wrong type", "whole number"),
        ("llm_call", {"model": "m", "input_tokens": True}, "wrong type", "whole number"),
        ("llm_call", {"model": "m", "input_tokens": 2**60}, "out of range", "2^53"),
        ("llm_call", {"model": 7}, "wrong type", "model of llm_call is text, got int 7"),
        (
            "llm_call",
            {"model": "m", "input_tokens": 3, "cache_read_tokens": 100},
            "parts exceed total",
            "input_tokens is the total, cached tokens included",
        ),
        ("llm_call", {"model": "m", "reasoning_tokens": 1}, "parts exceed total", "output_tokens, which includes them"),
        ("llm_call", {"model": "m", "tier": "cheap"}, "unknown word", "standard, batch, flex"),
        ("llm_call", {"model": "m", "cost_usd": 0.1}, "wrong type", "Decimal"),
        ("llm_call", {"model": "m", "cost_usd": Decimal(-1)}, "out of range", "from 0"),
        ("llm_call", {"model": "m", "cost_usd": Decimal("NaN")}, "not finite", "cost_usd"),
        ("task", {"name": "t", "duration_ms": -0.1}, "negative duration", "at least 0"),
        ("task", {"name": "t", "duration_ms": float("inf")}, "not finite", "duration_ms"),
        ("task", {"name": "t", "quality_score": 101}, "out of range", "0-100"),
        ("task", {"name": "t", "outcome": "meh"}, "unknown word", "interrupted"),
        ("task", {"name": "t", "input_tokens": 5}, "field not of this kind", "task has no input_tokens"),
        ("measurement", {"name": "m", "value": float("nan")}, "not finite", "value"),
        ("mark", {"name": "m", "time": datetime(2026, 1, 1)}, "naive time", "datetime.now(timezone.utc)"),  # noqa: DTZ001
        ("mark", {"name": "m", "attributes": {1: "x"}}, "wrong type", "text keys"),
        ("mark", {"name": "m", "user": ["ada"]}, "wrong type", "user of mark is text"),
    ],
)
def test_a_breach_is_refused_with_its_reason(kind: str, broken: dict[str, Any], reason: str, message: str) -> None:
    with pytest.raises(EventRefused) as refused:
        check(Event(**{"kind": kind, "time": WHEN, **broken}))
    assert refused.value.reason == reason
    assert message in str(refused.value)


@pytest.mark.parametrize("value", [-0.1, 1.5, 4])
def test_satisfaction_is_a_ratio(value: float) -> None:
    with pytest.raises(EventRefused, match="out of range: value of satisfaction is 0-1"):
        check(Event(kind="satisfaction", time=WHEN, value=value))


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "Ada Lovelace"},
        {"outcome": "Ada Lovelace"},
        {"quality_score": "Ada Lovelace"},
        {"attributes": ["Ada Lovelace"]},
        {"cost_usd": "Ada Lovelace"},
        {"user": ["Ada Lovelace"]},
        {"time": "Ada Lovelace"},
        {"severity": "Ada Lovelace"},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_no_message_repeats_a_text_that_it_refuses(broken: dict[str, Any]) -> None:
    with pytest.raises(EventRefused) as refused:
        check(Event(**{"kind": "task", "time": WHEN, "name": "t", **broken}))
    assert "Ada" not in str(refused.value)


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": ["task"]},
        {"quality_score": 10**5000},
        {"duration_ms": -(10**5000)},
        {"duration_ms": Decimal("1" * 5000)},
    ],
    ids=["kind", "quality_score", "duration_ms", "digits"],
)
def test_values_that_python_cannot_print_or_look_up_are_refused_like_others(broken: dict[str, Any]) -> None:
    with pytest.raises(EventRefused) as refused:
        check(Event(**{"kind": "task", "time": WHEN, "name": "t", **broken}))
    assert len(str(refused.value)) < 300


def test_reasons_hold_no_values_so_that_they_can_be_counted() -> None:
    reasons = set()
    for tokens in (-1, -2, -3):
        with pytest.raises(EventRefused) as refused:
            check(Event(kind="llm_call", time=WHEN, model="m", input_tokens=tokens))
        reasons.add(refused.value.reason)
    assert len(reasons) == 1
