"""Whatever text a question holds, it is a value: it never becomes SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import get_args

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.dialect import DUCKDB
from agentgauge.engines.sql import select_groups
from agentgauge.events import Event

EngineOf = Callable[[Sequence[Event]], Engine]

HOSTILE = (
    "'; DROP VIEW events; --",
    "' OR '1'='1",
    '" OR 1=1 --',
    "\\' OR 1=1 --",
    "\\",
    "'",
    "''",
    "/* */",
    "$1 ? :name {value} %s",
    "E'\\x27'",
    "$$text$$",
    "line\nfeed\r\ttab",
    "\0",
    "{value}",
    "~0~1/~",
    "$.k[*]",
    "*",
    "ends in a quote'",
)
TEXT = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PATTERN_FREE = TEXT.filter(lambda text: not set(text) & set("*?"))


@pytest.fixture(scope="module")
def two_events(engine_of: EngineOf) -> Engine:
    when = datetime(2025, 1, 1, tzinfo=UTC)
    return engine_of([Event(kind="task", name=name, time=when, attributes={"k": name}) for name in ("plain", "other")])


@settings(max_examples=150)
@given(text=TEXT, op=st.sampled_from(["=", "!=", "in", "not in"]), field=st.sampled_from(["name", "attributes.k"]))
def test_hostile_values_match_nothing_but_themselves(two_events: Engine, text: str, op: str, field: str) -> None:
    value = (text,) if op.endswith("in") else text
    (row,) = two_events.aggregate(Query(filters=(Filter(field, op, value),))).rows  # type: ignore[arg-type]
    same = int(text in ("plain", "other"))
    assert row == ((same if op in ("=", "in") else 2 - same),)


@settings(max_examples=100)
@given(text=PATTERN_FREE)
def test_hostile_patterns_match_nothing_but_themselves(two_events: Engine, text: str) -> None:
    for pattern, expected in (
        (text, text in ("plain", "other")),
        (f"pl{text}*", text == "" or "plain"[2:].startswith(text)),
    ):
        (row,) = two_events.aggregate(Query(filters=(Filter("name", "glob", pattern),))).rows
        assert row == (int(expected),)


@settings(max_examples=50)
@given(key=TEXT, name=TEXT.filter(bool))
def test_hostile_keys_and_names_are_only_keys_and_names(two_events: Engine, key: str, name: str) -> None:
    field = f"attributes.{key}"
    measures = (Measure("count", name=name), Measure("sum", field, name=f"of {name}"), Measure("summary", field))
    if field == name:
        return
    query = Query(group=(field,), measures=measures, order=(f"-{name}",))
    answer = two_events.aggregate(query)
    assert [column.name for column in answer.columns][:2] == [field, name]
    assert sum(row[1] for row in answer.rows) == 2


@given(text=TEXT)
def test_a_hostile_value_is_one_literal_of_the_text(text: str) -> None:
    query = Query(filters=(Filter("name", "=", text),))
    parsed = sqlglot.parse(select_groups(query, [], DUCKDB).text, dialect="duckdb")
    assert len(parsed) == 1
    (select,) = parsed
    assert select is not None
    assert [literal.this for literal in select.find_all(exp.Literal)] == [text]


@pytest.mark.parametrize("name", ["k0", "m0", "count", "events", "-x"])
def test_names_of_columns_may_be_anything(two_events: Engine, name: str) -> None:
    query = Query(group=("name",), measures=(Measure("count", name=name),), order=(f"-{name}", "-name"))
    assert [row[0] for row in two_events.aggregate(query).rows] == ["plain", "other"]


def test_what_two_measures_share_is_computed_once() -> None:
    measures = (
        *(Measure(f"p{p}", "duration_ms") for p in (50, 90, 95, 99)),
        Measure("count"),
        Measure("count", name="n"),
    )
    select = select_groups(Query(measures=measures), [], DUCKDB)
    assert select.text.count("QUANTILE_CONT") == 1
    assert select.positions == ((0,), (0,), (0,), (0,), (1,), (1,))


def test_every_operator_is_tried_by_the_conformance_suite() -> None:
    from agentgauge.engines.conditions import Operator
    from tests.engines.test_conformance import FILTERS

    assert {condition.op for condition in FILTERS} == set(get_args(Operator))
