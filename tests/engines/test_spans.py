"""The relations `spans` and `components`: what ran inside what, and what parts of tasks took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.spans import SEPARATOR
from agentgauge.events import Event

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Make = Callable[[Sequence[Event]], Engine]


def span(kind: str, name: str, begin: float, end: float, **fields: Any) -> Event:
    """A span from one second after noon to another; of a model call the name is its model."""
    named = {"model": name} if kind == "llm_call" else {"name": name}
    own = {"outcome": "success", "duration_ms": (end - begin) * 1000, **named, **fields}
    return Event(kind=kind, time=NOON + timedelta(seconds=end), **own)


def paths(engine: Engine, *filters: Filter, **window: Any) -> dict[str, tuple[int, float, float]]:
    """Count, time and own time in seconds by path."""
    measures = (Measure("count"), Measure("sum", "duration_ms"), Measure("sum", "value"))
    query = Query(group=("name",), measures=measures, filters=filters, relation="spans", **window)
    rows = engine.aggregate(query).rows
    return {row[0].replace(SEPARATOR, " > "): (row[1], row[2] / 1000, row[3] / 1000) for row in rows}


NESTED = (
    span("task", "fix", 0, 10, span_id="a", agent="boss"),
    span("task", "test", 1, 5, span_id="b", parent_id="a", agent="tester"),
    span("tool_call", "bash", 2, 4, span_id="c", parent_id="b", agent="tester"),
    span("llm_call", "m", 6, 9, parent_id="a", agent="boss"),
)


class TestSpans:
    def test_a_path_leads_from_the_outermost_span_and_own_time_is_without_what_is_inside(self, engine_of: Make) -> None:
        assert paths(engine_of(NESTED)) == {
            "task:fix": (1, 10, 3),
            "task:fix > task:test": (1, 4, 2),
            "task:fix > task:test > tool_call:bash": (1, 2, 2),
            "task:fix > llm_call:m": (1, 3, 3),
        }

    def test_what_runs_in_parallel_covers_its_time_once(self, engine_of: Make) -> None:
        calls = [span("llm_call", "m", begin, begin + 4, parent_id="a") for begin in (1, 2, 3)]
        found = paths(engine_of([span("task", "fix", 0, 10, span_id="a"), *calls]))
        assert found["task:fix"] == (1, 10, 4)
        assert found["task:fix > llm_call:m"] == (3, 12, 12)

    def test_what_lasts_longer_than_what_it_is_in_covers_no_more_than_that(self, engine_of: Make) -> None:
        found = paths(engine_of([span("task", "t", 0, 2, span_id="a"), span("tool_call", "x", 1, 9, parent_id="a")]))
        assert found["task:t"] == (1, 2, 1)

    def test_a_name_with_a_separator_in_it_is_one_name(self, engine_of: Make) -> None:
        assert paths(engine_of([span("task", f"a{SEPARATOR}b", 0, 1, span_id="a")])) == {"task:a b": (1, 1, 1)}

    def test_a_span_that_names_itself_is_outermost_and_in_a_circle_none_is(self, engine_of: Make) -> None:
        itself = span("task", "self", 0, 1, span_id="a", parent_id="a")
        circle = (
            span("task", "one", 1, 2, span_id="b", parent_id="c"),
            span("task", "two", 2, 3, span_id="c", parent_id="b"),
        )
        assert paths(engine_of([itself, *circle])) == {"task:self": (1, 1, 1)}

    def test_conditions_choose_where_trees_begin_and_all_that_is_inside_comes_along(self, engine_of: Make) -> None:
        assert paths(engine_of(NESTED), Filter("name", "=", "test")) == {
            "task:test": (1, 4, 2),
            "task:test > tool_call:bash": (1, 2, 2),
        }

    def test_what_is_chosen_inside_another_that_is_chosen_is_in_one_tree_alone(self, engine_of: Make) -> None:
        """Chosen are `a` and `c`, and between them is `b`, which is not."""
        events = [
            span("task", "x", 0, 9, span_id="a"),
            span("task", "y", 1, 8, span_id="b", parent_id="a"),
            span("task", "x", 2, 7, span_id="c", parent_id="b"),
        ]
        found = paths(engine_of(events), Filter("name", "=", "x"))
        assert set(found) == {"task:x", "task:x > task:y", "task:x > task:y > task:x"}

    def test_what_ran_before_the_window_comes_along_with_what_ended_in_it(self, engine_of: Make) -> None:
        found = paths(engine_of(NESTED), start=NOON + timedelta(seconds=9.5))
        assert len(found) == 4
        assert paths(engine_of(NESTED), end=NOON + timedelta(seconds=9.5)).keys() == {
            "task:test",
            "task:test > tool_call:bash",
            "llm_call:m",
        }

    def test_of_spans_of_one_id_the_latest_counts(self, engine_of: Make) -> None:
        found = paths(engine_of([*NESTED, span("task", "again", 0, 20, span_id="a")]))
        assert found["task:again"] == (1, 20, 13)
        assert "task:fix" not in found

    def test_spans_that_are_inside_each_other_end(self, engine_of: Make) -> None:
        ring = [
            span("task", "x", 0, 1, span_id="a", parent_id="b"),
            span("task", "y", 0, 1, span_id="b", parent_id="a"),
        ]
        assert paths(engine_of(ring)) == {}
        assert paths(engine_of(ring), Filter("name", "=", "x")) == {}

    def test_a_span_without_duration_counts(self, engine_of: Make) -> None:
        untimed = Event(kind="task", time=NOON, name="t", span_id="a", outcome="success")
        assert paths(engine_of([untimed])) == {"task:t": (1, 0, 0)}

    def test_a_duration_beyond_any_calendar_is_some_clocks_error(self, engine_of: Make) -> None:
        strange = msgspec.structs.replace(NESTED[0], duration_ms=1e300)
        assert paths(engine_of([strange, *NESTED[1:]]))["task:fix > task:test"] == (1, 4, 2)

    def test_what_runs_much_later_than_all_that_was_chosen_is_not_looked_for(self, engine_of: Make) -> None:
        late = [span("tool_call", "late", 3500, 3550, parent_id="a"), span("tool_call", "x", 4000, 9000, parent_id="a")]
        found = paths(engine_of([*NESTED, *late]), end=NOON + timedelta(seconds=20))
        assert "task:fix > tool_call:late" in found
        assert "task:fix > tool_call:x" not in found

    def test_a_scan_has_the_columns_of_the_event(self, engine_of: Make) -> None:
        rows = list(engine_of(NESTED).scan(Query(relation="spans"), ("name", "kind", "agent", "unit")))
        assert (f"task:fix{SEPARATOR}llm_call:m", "llm_call", "boss", "ms") in rows


def timing(component: str, ms: float, parent: str, **fields: Any) -> Event:
    return Event(
        kind="measurement", name="component_time", time=NOON, value=ms, unit="ms", parent_id=parent,
        attributes={"component": component}, **fields,
    )  # fmt: skip


class TestComponents:
    EVENTS = (
        span("task", "ask", 0, 1, span_id="a", agent="x"),
        span("task", "ask", 9, 10, span_id="b", outcome="error", agent="y"),
        timing("retrieve", 300.0, "a"),
        timing("retrieve", 500.0, "b"),
        timing("generate", 400.0, "b"),
        timing("retrieve", 900.0, "still running"),
    )
    QUERY = Query(
        group=("operation", "attributes.component"),
        measures=(Measure("sum", "duration_ms"), Measure("failures")),
        relation="components",
    )

    def test_a_timing_has_the_name_and_the_outcome_of_its_task(self, engine_of: Make) -> None:
        assert engine_of(self.EVENTS).aggregate(self.QUERY).rows == (
            ("ask", "generate", 400.0, 1),
            ("ask", "retrieve", 800.0, 1),
        )

    @pytest.mark.parametrize(("field", "value"), [("agent", "x"), ("outcome", "success")])
    def test_conditions_choose_the_tasks(self, engine_of: Make, field: str, value: str) -> None:
        asked = msgspec.structs.replace(self.QUERY, filters=(Filter(field, "=", value),))
        assert engine_of(self.EVENTS).aggregate(asked).rows == (("ask", "retrieve", 300.0, 0),)

    def test_the_window_is_of_the_tasks_end(self, engine_of: Make) -> None:
        asked = msgspec.structs.replace(self.QUERY, start=NOON + timedelta(seconds=5))
        assert len(engine_of(self.EVENTS).aggregate(asked).rows) == 2
