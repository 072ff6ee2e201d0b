"""`Gauge.event`: any kind of event, and what was kept of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

import agentgauge
from agentgauge.engines import Query
from agentgauge.engines.events import read_events
from agentgauge.errors import EventRefused
from agentgauge.events import fields, kinds, validation
from agentgauge.meter import engine_of
from agentgauge.recorder import Place
from agentgauge.recorder.entry import _members
from agentgauge.recorder.ordinary import ordinary_members
from tests.recorder.reading import events, only

PARENT = "00f067aa0ba902b7"


def test_what_is_returned_is_what_a_reader_sees(gauge: agentgauge.Gauge, home: Path) -> None:
    with gauge.scope(run="r-1", user="ada"):
        kept = gauge.event(
            "llm_call",
            {"model": "gpt-4o", "provider": "openai", "input_tokens": 100, "cache_read_tokens": 10, "duration_ms": 5.5},
            success=True,
            attributes={"branch": "main", "tries": 2},
            agent="coder",
            issue=3,
            parent_id=PARENT,
        )
    assert kept == only(home)
    assert kept is not None
    assert (kept.run, kept.user, kept.agent, kept.issue, kept.parent_id) == ("r-1", "ada", "coder", "3", PARENT)
    assert (kept.segment is not None, kept.n) == (True, 0)


def test_a_time_in_the_past_is_kept_with_that_of_arrival(gauge: agentgauge.Gauge, home: Path) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    kept = gauge.event("mark", {"name": "run_end"}, success=False, at=at)
    assert kept == only(home)
    assert kept is not None
    assert kept.time == at
    assert kept.arrived is not None
    assert datetime.now(UTC) - kept.arrived < timedelta(minutes=1)


@pytest.mark.parametrize("own", [{"parent_id": PARENT}, {"span_id": PARENT, "run": "r-2"}, {"trace_id": PARENT * 2}])
def test_an_id_of_an_event_stands_in_the_place_of_its_spans(
    gauge: agentgauge.Gauge, home: Path, own: dict[str, str]
) -> None:
    with gauge.span("outer") as outer:
        kept = gauge.event("tool_call", {"name": "bash"}, success=True, **own)
    assert kept == events(home)[0]
    wanted = {"trace_id": outer.trace_id, "parent_id": outer.span_id, "span_id": None, **own}
    assert {name: getattr(kept, name) for name in wanted} == wanted


def test_a_place_stands_between_the_scope_around_and_the_events_own(gauge: agentgauge.Gauge, home: Path) -> None:
    place = Place({"agent": "coder", "run": "r-1", "issue": 3})
    for user in ("ada", "bob", "ada"):
        with gauge.scope(user=user, agent="nobody", team="checkout"):
            gauge.keep("tool_call", {"name": "bash"}, place, success=True, run="r-2", parent_id=PARENT)
            gauge.keep("tool_call", {"name": "bash"}, place, success=True)
    found = [(event.user, event.agent, event.run, event.issue, event.team, event.parent_id) for event in events(home)]
    assert found == [
        (user, "coder", run, "3", "checkout", parent)
        for user in ("ada", "bob", "ada")
        for run, parent in (("r-2", PARENT), ("r-1", None))
    ]
    assert gauge.keep("tool_call", {"name": "bash"}, Place({"colour": "blue"})) is None
    assert gauge.health().refused == {"unknown scope": 1}


@pytest.mark.parametrize("name", ["span_id", "parent_id", "trace_id", "session"])
def test_a_scope_among_the_values_is_refused(gauge: agentgauge.Gauge, name: str) -> None:
    """Twice in one line, it would make the whole home unreadable."""
    with gauge.scope(**{name: "around"}):
        assert gauge.event("task", {"name": "t", name: "own"}) is None
        kept = gauge.event("task", {"name": "t"})
    assert gauge.health().refused == {"field not of this kind": 1}
    with engine_of(gauge) as engine:
        assert list(read_events(engine, Query())) == [kept]


def test_refused_and_dropped_events_are_none_and_counted(gauge: agentgauge.Gauge) -> None:
    assert gauge.event("tool_call", {}) is None
    assert gauge.event("dance", {"name": "tango"}) is None
    assert gauge.event("measurement", {"name": "n", "value": 1.0}, colour="blue") is None
    gauge.close()
    assert gauge.event("tool_call", {"name": "bash"}) is None
    assert gauge.health().refused == {"missing field": 1, "unknown kind": 1, "unknown scope": 1}
    assert gauge.health().dropped == {"journal closed": 1}


def test_a_stated_cost_may_say_that_it_was_computed(gauge: agentgauge.Gauge, home: Path) -> None:
    stated = {"model": "m", "cost_usd": Decimal("0.0125"), "cost_source": "computed", "price_version": "mine-1"}
    gauge.event("llm_call", stated)
    gauge.event("llm_call", {"model": "m", "cost_usd": Decimal("0.0125")})
    assert [(event.cost_source, event.price_version) for event in events(home)] == [
        ("computed", "mine-1"),
        ("reported", None),
    ]


def test_the_redaction_hook_sees_it(home: Path) -> None:
    with agentgauge.open(home, redact=lambda attributes: {}) as gauge:
        kept = gauge.event("error", {"error_type": "E", "error_message": "secret"}, attributes={"path": "/home/ada"})
    assert kept == only(home)
    assert kept is not None
    assert (kept.attributes, kept.error_message) == (None, None)


def test_the_stream_of_a_gauge_is_read_wherever_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        kept = gauge.event("task", {"name": "turn"}, success=True)
        with engine_of(gauge) as engine:
            assert list(read_events(engine, Query())) == [kept]
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "false")
    with agentgauge.open(tmp_path / "none") as gauge:
        kept = gauge.event("task", {"name": "turn"}, success=True)
        with engine_of(gauge) as engine:
            assert list(read_events(engine, Query())) == [kept]
    assert not (tmp_path / "none").exists()
    monkeypatch.setenv("ENABLE_METRICS", "false")
    with engine_of(agentgauge.open(tmp_path / "home")) as engine:
        assert list(read_events(engine, Query())) == []


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 5, -1, 2**53 - 1, 2**53, 2**70]),
    st.sampled_from([0.0, 1.5, 101.0, -2.0, 1e18, float("nan"), float("inf")]),
    st.sampled_from(["", "text", "success", "failed", "error", "standard", "\ud800"]),
    st.sampled_from([Decimal("0.5"), Decimal(-1), Decimal("1e9"), Decimal("NaN"), Decimal("0.1234567890123")]),
    st.sampled_from([Decimal("1e-7"), Decimal("1e-13"), Decimal("9.9e-13"), Decimal("1e5")]),
    st.just([1]),
)
_NAMES = sorted({field.name for field in fields.ALL} - {"kind", "time", "arrived", "attributes"} | {"colour"})


@examples(
    kind=st.sampled_from([kind.name for kind in kinds.KINDS]),
    values=st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6),
    success=st.sampled_from([None, True, False, 1, "yes"]),
)
def test_the_short_way_writes_what_the_general_way_writes(kind: str, values: dict[str, Any], success: Any) -> None:
    def general() -> dict[str, Any] | None:
        try:
            members = _members(kind, values, success, None)
            validation.check_values(kind, members)
        except EventRefused:
            return None
        return members

    try:
        short = ordinary_members(kind, values, success)
    except EventRefused:
        assert general() is None
    else:
        assert short is None or short == general()
