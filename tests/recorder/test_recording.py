"""Each method records its kind; what breaks a rule is counted and never raised."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, Inexact, Rounded, localcontext
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentgauge
from agentgauge.errors import SettingsError
from agentgauge.events import Event
from agentgauge.events.codec import decode_line
from agentgauge.journal.memory import MemoryJournal
from agentgauge.recorder import Gauge
from tests.recorder.reading import events, only


def test_a_call_of_a_model_is_recorded_with_all_it_was_given(gauge: Gauge, home: Path) -> None:
    before = datetime.now(UTC)
    gauge.llm_call(
        "claude-sonnet-4-5",
        "anthropic",
        input_tokens=1000,
        output_tokens=200,
        cache_read_tokens=400,
        cache_write_5m_tokens=30,
        cache_write_1h_tokens=20,
        reasoning_tokens=50,
        duration_ms=12.5,
        cost_usd=0.0123,
        run="r1",
        issue=3,
    )
    event = only(home)
    assert (event.kind, event.model, event.provider, event.outcome) == (
        "llm_call",
        "claude-sonnet-4-5",
        "anthropic",
        "success",
    )
    assert event.usage == agentgauge.Usage(1000, 200, 400, 30, 20, 50)
    assert (event.duration_ms, event.cost_usd, event.cost_source) == (12.5, Decimal("0.0123"), "reported")
    assert (event.run, event.issue) == ("r1", "3")
    assert before - timedelta(microseconds=1) <= event.time <= datetime.now(UTC)
    assert event.arrived is None


def test_both_ways_of_recording_a_call_write_the_same_event(gauge: Gauge, home: Path) -> None:
    """An attribute sends a call the general way; without it, it goes the short one."""
    values: dict[str, Any] = {
        "input_tokens": 7,
        "output_tokens": 5,
        "reasoning_tokens": 2,
        "duration_ms": 3,
        "cost_usd": 1e-7,
    }
    gauge.llm_call("m", "p", **values, success=False, agent="a")
    gauge.llm_call("m", "p", **values, success=False, agent="a", attributes={"k": 1})
    short, general = events(home)
    differing = ("time", "n", "attributes")
    assert all(
        getattr(short, name) == getattr(general, name) for name in Event.__struct_fields__ if name not in differing
    )


def test_every_kind_has_its_method(gauge: Gauge, home: Path) -> None:
    gauge.tool_call("grep", 3.5, success=False, error_type="NotFound", cost_usd="0.005")
    gauge.task("fix the bug", 1000, quality_score=88, ticket="P-1")
    gauge.error("ValueError", "no such file", severity="warning", error_category="io", recovery="succeeded")
    gauge.measurement("lines", 42, "line")
    gauge.satisfaction(0.8, name="survey", user="u1")
    gauge.mark("session start", session="s")
    tool, task, error, measurement, satisfaction, mark = events(home)
    assert (tool.kind, tool.name, tool.outcome, tool.cost_usd) == ("tool_call", "grep", "failure", Decimal("0.005"))
    assert (task.kind, task.success, task.quality_score, task.ticket) == ("task", True, 88, "P-1")
    assert (error.kind, error.error_type, error.recovery) == ("error", "ValueError", "succeeded")
    assert (measurement.kind, measurement.value, measurement.unit) == ("measurement", 42, "line")
    assert (satisfaction.kind, satisfaction.value, satisfaction.user) == ("satisfaction", 0.8, "u1")
    assert (mark.kind, mark.outcome, mark.session) == ("mark", None, "s")


AWARE = datetime(2025, 10, 3, 12, tzinfo=timezone(timedelta(hours=2)))
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("negative tokens", "llm_call", {"model": "m", "input_tokens": -1}),
    ("negative tokens", "llm_call", {"model": "m", "input_tokens": 5, "cache_read_tokens": -1}),
    ("parts exceed total", "llm_call", {"model": "m", "input_tokens": 5, "cache_read_tokens": 6}),
    ("parts exceed total", "llm_call", {"model": "m", "output_tokens": 5, "reasoning_tokens": 6}),
    ("wrong type", "llm_call", {"model": "m", "input_tokens": 1.5}),
    ("wrong type", "llm_call", {"model": "m", "input_tokens": True}),
    ("wrong type", "llm_call", {"model": "m", "input_tokens": 1, "cache_read_tokens": True}),
    ("wrong type", "llm_call", {"model": "m", "input_tokens": "1"}),
    ("wrong type", "llm_call", {"model": "m", "success": "yes"}),
    ("wrong type", "llm_call", {"model": 7}),
    ("missing field", "llm_call", {"model": None}),
    ("missing field", "llm_call", {"model": ""}),
    ("out of range", "llm_call", {"model": "m", "input_tokens": 2**60}),
    ("out of range", "llm_call", {"model": "m", "cost_usd": -0.5}),
    ("out of range", "llm_call", {"model": "m", "cost_usd": 2_000_000}),
    ("not finite", "llm_call", {"model": "m", "duration_ms": float("nan")}),
    ("not finite", "llm_call", {"model": "m", "duration_ms": float("inf")}),
    ("negative duration", "llm_call", {"model": "m", "duration_ms": -1}),
    ("not finite", "llm_call", {"model": "m", "cost_usd": float("nan")}),
    ("not finite", "tool_call", {"name": "t", "cost_usd": "Infinity"}),
    ("wrong money", "llm_call", {"model": "m", "cost_usd": "a dollar"}),
    ("wrong type", "llm_call", {"model": "m", "cost_usd": True}),
    ("naive time", "llm_call", {"model": "m", "at": datetime(2025, 10, 3)}),  # noqa: DTZ001
    ("wrong type", "llm_call", {"model": "m", "at": 1759485600}),
    ("unknown word", "llm_call", {"model": "m", "outcome": "fine"}),
    ("unknown word", "llm_call", {"model": "m", "tier": "gold"}),
    ("unknown scope", "llm_call", {"model": "m", "flavour": "mint"}),
    ("wrong type", "llm_call", {"model": "m", "run": 1.5}),
    ("wrong type", "llm_call", {"model": "m", "run": True}),
    ("not text", "llm_call", {"model": "m", "run": "\ud800"}),
    ("not JSON", "llm_call", {"model": "\ud800"}),
    ("not JSON", "llm_call", {"model": "m", "attributes": {"when": object()}}),
    ("not JSON", "llm_call", {"model": "m", "attributes": {1: 2}}),
    ("not JSON", "llm_call", {"model": "m", "attributes": {"big": 2**64}}),
    ("not JSON", "llm_call", {"model": "m", "attributes": ["a"]}),
    ("not finite", "llm_call", {"model": "m", "attributes": {"x": [float("nan")]}}),
    ("event too large", "llm_call", {"model": "m" * (1 << 20)}),
    ("not JSON", "llm_call", {"model": "m", "attributes": {"after": timedelta(1)}}),
    ("not JSON", "llm_call", {"model": "m", "attributes": {"path": os.fsencode("a")}}),
    ("not finite", "llm_call", {"model": "m", "attributes": {"x": Decimal("NaN")}}),
    ("out of range", "llm_call", {"model": "m", "issue": 2**70}),
    ("out of range", "satisfaction", {"value": -3}),
    ("out of range", "satisfaction", {"value": 5.5}),
    ("out of range", "satisfaction", {"value": 0.5, "scale": 5}),
    ("out of range", "satisfaction", {"value": 4, "scale": 1}),
    ("out of range", "satisfaction", {"value": 4, "scale": 10}),
    ("wrong type", "satisfaction", {"value": "good"}),
    ("not finite", "satisfaction", {"value": float("nan")}),
    ("missing field", "tool_call", {"name": None}),
    ("out of range", "task", {"name": "t", "quality_score": 101}),
    ("not finite", "measurement", {"name": "m", "value": float("inf")}),
    ("unknown word", "error", {"error_type": "E", "severity": "bad"}),
]


@pytest.mark.parametrize(("reason", "method", "arguments"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_breaks_a_rule_is_refused_and_counted(
    gauge: Gauge, home: Path, reason: str, method: str, arguments: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        getattr(gauge, method)(**arguments)
    assert gauge.health().refused == {reason: 2}
    assert gauge.health().recorded == 0
    assert events(home) == []
    assert len(caplog.records) == 1


def test_numbers_of_other_libraries_are_taken(gauge: Gauge, home: Path) -> None:
    gauge.llm_call("m", input_tokens=np.int64(5), duration_ms=np.float32(2.5))  # type: ignore[arg-type]
    gauge.measurement("x", np.float64(0.1))
    gauge.measurement("y", Decimal("0.25"))  # type: ignore[arg-type]
    call, x, y = events(home)
    assert (call.input_tokens, call.duration_ms, x.value, y.value) == (5, 2.5, 0.1, 0.25)


class Model(str, Enum):  # noqa: UP042 - as most programs that run on 3.10 have it
    SONNET = "claude-sonnet-4-5"


def test_members_of_enums_stand_for_their_values(gauge: Gauge, home: Path) -> None:
    gauge.llm_call(Model.SONNET, run=Model.SONNET)
    event = only(home)
    assert (event.model, event.run) == ("claude-sonnet-4-5", "claude-sonnet-4-5")


@pytest.mark.parametrize(
    ("score", "scale", "value", "kept"),
    [
        (0.8, None, 0.8, None),
        (1, None, 1, None),
        (1, 1, 1, None),
        (1, 5, 0, {"score": 1, "scale": 5}),
        (4, None, 0.75, {"score": 4, "scale": 5}),
        (np.int64(5), None, 1, {"score": 5, "scale": 5}),
    ],
)
def test_a_score_above_one_is_on_the_scale_of_five_and_recorded_as_a_ratio(
    gauge: Gauge, home: Path, score: float, scale: float | None, value: float, kept: dict[str, float] | None
) -> None:
    gauge.satisfaction(score, scale=scale)
    event = only(home)
    assert (event.value, event.attributes) == (value, kept)


def test_a_score_is_kept_beside_the_attributes_given(gauge: Gauge, home: Path) -> None:
    gauge.satisfaction(2, attributes={"survey": "weekly"})
    assert only(home).attributes == {"survey": "weekly", "score": 2, "scale": 5}


class Level(Enum):
    HIGH = "high"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Path("src") / "a.py", str(Path("src") / "a.py")),
        (Decimal("0.10"), "0.10"),
        (AWARE, "2025-10-03T12:00:00+02:00"),
        (AWARE.date(), "2025-10-03"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Level.HIGH, "high"),
        (Model.SONNET, "claude-sonnet-4-5"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_attributes_that_have_one_obvious_text_are_written_as_it(
    gauge: Gauge, home: Path, value: object, text: str
) -> None:
    gauge.task("t", attributes={"a": value, "inside": [{"b": value}]})
    gauge.record(Event(kind="task", time=AWARE, name="t", attributes={"a": value, "inside": [{"b": value}]}))
    assert [event.attributes for event in events(home)] == [{"a": text, "inside": [{"b": text}]}] * 2


money = st.one_of(
    st.floats(min_value=0, max_value=999_999, allow_nan=False),
    st.integers(min_value=0, max_value=999_999),
    st.decimals(min_value=0, max_value=999_999, allow_nan=False, allow_infinity=False, places=12),
)


@given(money)
def test_money_is_kept_to_twelve_decimals_whatever_it_was_given_as(amount: float | Decimal) -> None:
    sink = MemoryJournal()
    gauge = Gauge(sink)
    gauge.llm_call("m", cost_usd=amount)
    gauge.tool_call("t", cost_usd=str(amount))
    exact = Decimal(repr(amount)) if isinstance(amount, float) else Decimal(amount)
    for line in sink.lines().splitlines():
        assert decode_line(line).cost_usd == exact.quantize(Decimal("1e-12"))


def test_a_stated_time_is_kept_with_that_of_arrival(gauge: Gauge, home: Path) -> None:
    gauge.task("t", at=AWARE)
    event = only(home)
    assert event.time == AWARE
    assert event.time.utcoffset() == timedelta(0)
    assert event.arrived is not None
    assert timedelta(0) <= datetime.now(UTC) - event.arrived < timedelta(minutes=1)


def test_a_time_far_ahead_is_kept_as_an_attribute(gauge: Gauge, home: Path) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=4)
    late = datetime.now(UTC) + timedelta(minutes=6)
    gauge.task("soon", at=soon)
    gauge.task("late", at=late, attributes={"k": 1})
    first, second = events(home)
    assert (first.time, first.attributes) == (soon, None)
    assert second.time < late
    assert second.attributes == {"k": 1, "stated_time": late.isoformat()}
    assert gauge.health().altered == {"future time": 1}
    assert gauge.health().recorded == 2


def test_a_whole_event_takes_what_it_does_not_name_from_the_scope(gauge: Gauge, home: Path) -> None:
    with gauge.scope(run="r1", agent="a1"):
        gauge.record(
            Event(kind="task", time=AWARE, name="t", agent="own", source_id="x", attributes={"a": [1, {"b": None}]})
        )
    event = only(home)
    assert (event.run, event.agent, event.source_id, event.time) == ("r1", "own", "x", AWARE)
    assert event.attributes == {"a": [1, {"b": None}]}
    assert event.arrived is not None


def test_an_event_that_was_read_back_is_not_recorded_again(gauge: Gauge, home: Path) -> None:
    gauge.task("t")
    gauge.record(only(home))
    assert len(events(home)) == 1


def test_a_whole_event_that_breaks_a_rule_is_refused(gauge: Gauge, home: Path) -> None:
    gauge.record(Event(kind="nap", time=AWARE))
    gauge.record(Event(kind="task", time=AWARE, name="t", model="m"))
    gauge.record("task")  # type: ignore[arg-type]
    assert gauge.health().refused == {"unknown kind": 1, "field not of this kind": 1, "wrong type": 1}
    assert events(home) == []


def test_redaction_sees_attributes_before_they_are_written(home: Path) -> None:
    def without_prompt(attributes: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in attributes.items() if name != "prompt"}

    with agentgauge.open(home, redact=without_prompt) as gauge:
        gauge.llm_call("m", attributes={"prompt": "secret", "k": 1})
        gauge.task("t", attributes={"prompt": "secret"})
        gauge.record(Event(kind="task", time=AWARE, name="t", attributes={"prompt": "secret", "k": 2}))
    assert [event.attributes for event in events(home)] == [{"k": 1}, None, {"k": 2}]


def test_redaction_sees_error_messages_in_a_call_of_their_own(home: Path) -> None:
    seen = []

    def masked(attributes: dict[str, Any]) -> dict[str, Any]:
        seen.append(attributes)
        return {name: str(value).replace("secret", "***") for name, value in attributes.items()}

    with agentgauge.open(home, redact=masked) as gauge:
        gauge.error("E", "a secret", attributes={"k": "v"})
        gauge.llm_call("m", error_message="secret")
        gauge.record(Event(kind="error", time=AWARE, error_type="E", error_message="secret"))
    assert [event.error_message for event in events(home)] == ["a ***", "***", "***"]
    assert seen[:2] == [{"k": "v"}, {"error_message": "a secret"}]


@pytest.mark.parametrize("kept", [{}, None, {"other": 1}])
def test_a_redaction_that_returns_no_message_removes_it(home: Path, kept: dict[str, Any]) -> None:
    with agentgauge.open(home, redact=lambda attributes: kept) as gauge:
        gauge.error("E", "secret")
    assert (only(home).error_type, only(home).error_message) == ("E", None)


def test_a_redaction_that_fails_keeps_the_event_without_its_attributes(home: Path) -> None:
    def broken(attributes: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError(attributes["prompt"])

    with agentgauge.open(home, redact=broken) as gauge:
        gauge.task("t", error_message="secret", attributes={"prompt": "secret"})
        assert gauge.health().altered == {"redaction failed": 1}
    assert (only(home).attributes, only(home).error_message) == (None, None)
    assert b"secret" not in b"".join(path.read_bytes() for path in home.rglob("*.seg"))


def test_construction_is_where_mistakes_are_raised(home: Path) -> None:
    with pytest.raises(SettingsError, match="flavour"):
        agentgauge.open(home, flavour="mint")


def test_a_closed_gauge_counts_what_comes_later(gauge: Gauge, home: Path) -> None:
    gauge.task("t")
    gauge.close()
    gauge.close()
    gauge.task("t")
    assert gauge.health().dropped == {"journal closed": 1}
    assert len(events(home)) == 1


def test_a_duration_that_no_float_holds_is_refused(gauge: Gauge) -> None:
    gauge.llm_call("m", duration_ms=10**400)
    assert gauge.health().refused == {"not finite": 1}


def test_the_programs_decimal_context_changes_no_cost(gauge: Gauge, home: Path) -> None:
    with localcontext(prec=3) as context:
        context.traps[Inexact] = context.traps[Rounded] = True
        gauge.llm_call("m", cost_usd="123.4567890123456")
        gauge.tool_call("search", cost_usd=0.0123456789012345)
    assert [event.cost_usd for event in events(home)] == [Decimal("123.456789012346"), Decimal("0.012345678901")]


def test_attributes_that_another_thread_changes_meanwhile_raise_nothing(gauge: Gauge, home: Path) -> None:
    class Changing(dict[str, Any]):
        """Grows while its values are looked at, as by a thread that runs in between."""

    given = Changing(first=1)

    class Growing(Enum):
        ONE = 1

        @property
        def value(self) -> int:  # type: ignore[override]
            given["more"] = 2
            return 1

    given["second"] = Growing.ONE
    gauge.mark("m", attributes=given)
    assert only(home).attributes == {"first": 1, "second": 1}


def test_a_truth_of_numpy_is_a_success_or_none(gauge: Gauge, home: Path) -> None:
    import numpy as np

    for value in (1.0, 3.0):
        gauge.tool_call("check", success=np.float64(value) > 2)  # type: ignore[arg-type]
    assert [event.outcome for event in events(home)] == ["failure", "success"]
