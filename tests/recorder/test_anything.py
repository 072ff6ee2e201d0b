"""Whatever a program hands to a gauge, nothing is raised into it and every call is accounted for."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgauge.events import Event, fields
from agentgauge.events.codec import decode_line
from agentgauge.journal.memory import MemoryJournal
from agentgauge.recorder import Gauge


class Hostile:
    """All that can be asked of it raises."""

    def _raise(self, *_: object) -> NoReturn:
        raise OSError("hostile")

    __str__ = __repr__ = __bool__ = __eq__ = __hash__ = __float__ = __index__ = __len__ = __iter__ = _raise  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = __format__ = __fspath__ = __getattr__ = _raise  # type: ignore[assignment]


class HostileText(str):
    __str__ = __repr__ = __eq__ = __hash__ = __format__ = Hostile._raise  # type: ignore[assignment]


class HostileMapping(dict[str, Any]):
    items = keys = __iter__ = Hostile._raise  # type: ignore[assignment]


class Size(IntEnum):
    ONE = 1


ODD: list[object] = [
    Hostile(), HostileText("text"), HostileMapping(), Size.ONE, object(), object, len, NotImplemented, 1j,
    10**400, -(10**400), 10**5000, 2**63, -(2**63) - 1, math.inf, -math.inf, math.nan, 5e-324, 1.7e308, -0.0,
    Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), Decimal("1E+999999"), Decimal("1E-999999"), Fraction(1, 3),
    datetime.max, datetime.min,  # noqa: DTZ901
    datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=timezone(-timedelta(hours=14))),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), date.max, time(1), timedelta.max,
    np.int64(3), np.float32("nan"), np.array([1, 2]), np.array(5), np.datetime64("NaT", "s"), np.bool_(True),
    "", "\ud800", "\x00", "x" * 2_000_000, b"bytes", bytearray(b"b"), Path("p"), UUID(int=1), {1, 2}, range(3),
    Exception("e"), {"a": Hostile()}, {1: 2}, {"\ud800": 1}, {"": "\ud800"}, [[[]]],
]  # fmt: skip
PLAIN: list[object] = [
    None, True, False, 0, 1, 5, 100, 0.5, 3.25, "a name", "success", "error", "batch", "0.01", Decimal("0.5"),
    datetime(2026, 1, 1, tzinfo=UTC), {"k": [1, {"x": None}]}, {},
]  # fmt: skip
ALL = [*ODD, *PLAIN * 3]
VALUES: st.SearchStrategy[Any] = st.integers(0, len(ALL) - 1).map(lambda i: ALL[i])
"""By index: hypothesis would look at them."""
SPAN_NAMES = sorted({*fields.BY_NAME, "success", "at", "flavour"} - {"name", "kind"})
EVENT_NAMES = sorted({*Event.__struct_fields__} - {"kind", "time", "segment"})
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ["llm_call", "tool_call", "task", "error", "measurement", "satisfaction", "mark"]


def arguments(function: Callable[..., object]) -> st.SearchStrategy[dict[str, object]]:
    """Anything for any of the parameters, and for scopes of all names."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    named = [parameter for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
    required = {parameter.name: VALUES for parameter in named if parameter.default is parameter.empty}
    optional = {parameter.name: VALUES for parameter in named if parameter.name not in required}
    scopes = st.dictionaries(st.sampled_from([*fields.SCOPE_NAMES, "flavour"]), VALUES, max_size=2)
    # Few at a time: where much is odd, the first oddity refuses the event before the others are looked at.
    few = st.lists(st.sampled_from(list(optional)), max_size=3, unique=True)
    return st.builds(
        lambda given, chosen, others, scope: given | {name: others[name] for name in chosen} | scope,
        st.fixed_dictionaries({name: values | st.just("name") for name, values in required.items()}),
        few,
        st.fixed_dictionaries(optional),
        scopes,
    )


def accounted(gauge: Gauge) -> int:
    health = gauge.health()
    return health.recorded + sum(health.refused.values()) + sum(health.dropped.values())


def check(gauge: Gauge, sink: MemoryJournal, calls: int = 1) -> None:
    assert accounted(gauge) == calls
    lines = sink.lines().splitlines()
    assert len(lines) == gauge.health().recorded
    for line in lines:
        decode_line(line)


@pytest.mark.parametrize("method", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_method_raises(method: str, data: st.DataObject) -> None:
    sink = MemoryJournal()
    gauge = Gauge(sink)
    getattr(gauge, method)(**data.draw(arguments(getattr(Gauge, method))))
    check(gauge, sink)


@pytest.mark.parametrize("method", KINDS)
def test_no_method_raises_for_one_odd_value_among_plain_ones(method: str) -> None:
    parameters = list(inspect.signature(getattr(Gauge, method)).parameters.values())[1:]
    plain = {"model": "m", "name": "n", "error_type": "E", "value": 1}
    required = {parameter.name: plain[parameter.name] for parameter in parameters if parameter.name in plain}
    sink = MemoryJournal()
    gauge = Gauge(sink)
    calls = [{**required, parameter.name: odd} for parameter in parameters[:-1] for odd in ODD]
    for call in calls:
        getattr(gauge, method)(**call)
    check(gauge, sink, len(calls))


@settings(max_examples=60, deadline=None)
@given(
    VALUES,
    VALUES | st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(SPAN_NAMES), VALUES, max_size=3),
)
def test_no_span_raises(name: Any, kind: Any, given: dict[str, Any]) -> None:
    sink = MemoryJournal()
    gauge = Gauge(sink)
    with gauge.span(name, kind, **given) as span:
        span.set(**given)
    check(gauge, sink)


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries({"kind": st.sampled_from(KINDS) | VALUES, "time": st.just(WHEN) | VALUES}),
    st.dictionaries(st.sampled_from(EVENT_NAMES), VALUES, max_size=3),
)
def test_no_whole_event_raises(own: dict[str, Any], others: dict[str, Any]) -> None:
    sink = MemoryJournal()
    gauge = Gauge(sink)
    gauge.record(Event(**own, **others))
    check(gauge, sink)


@pytest.mark.parametrize("index", range(len(ODD)))
def test_scopes_and_records_of_anything_raise_nothing(index: int) -> None:
    sink = MemoryJournal()
    value: Any = ODD[index]
    gauge = Gauge(sink)
    gauge.record(value)
    check(gauge, sink)
    for name in ("run", "flavour"):
        with gauge.scope(**{name: value}):
            gauge.bind_to({name: value}, int)()
    gauge.task("t", attributes={"odd": value})
