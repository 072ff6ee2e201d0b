"""Where time goes: the timed parts of operations, and the tree of what ran inside what."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

import agentgauge
from agentgauge.errors import QueryError
from agentgauge.meter import engine_of
from agentgauge.operations import MetricsCollector
from agentgauge.service import reports
from agentgauge.service.filters import parse_filters
from agentgauge.service.reports.flame import Node
from agentgauge.service.window import Window
from tests.engines.test_spans import NESTED, NOON, span, timing
from tests.service.test_reports import EVER, engine

ASKED = (
    span("task", "ask", 0, 1, span_id="a"),
    span("task", "ask", 1, 2, span_id="b", outcome="error"),
    span("task", "sum up", 2, 2.5, span_id="c"),
    timing("retrieve", 300.0, "a"),
    timing("generate", 500.0, "a"),
    timing("retrieve", 500.0, "b"),
    timing("generate", 100.0, "c"),
)


class TestComponents:
    def test_a_share_is_of_all_runs_of_the_operation(self) -> None:
        found = reports.components(engine(*ASKED), EVER).rows
        assert [(row.operation, row.component, row.count, row.total_ms, row.share) for row in found] == [
            ("ask", "retrieve", 2, 800.0, 0.4),
            ("ask", "generate", 1, 500.0, 0.25),
            ("sum up", "generate", 1, 100.0, 0.2),
        ]

    def test_failures_are_those_of_the_operations(self) -> None:
        assert [row.failures for row in reports.components(engine(*ASKED), EVER).rows] == [1, 0, 0]

    def test_parts_that_add_up_to_more_than_the_whole_are_said_to_overlap(self) -> None:
        more = (timing("rerank", 1500.0, "a"),)
        found = reports.components(engine(*ASKED, *more), EVER).rows
        assert {(row.operation, row.overlapping) for row in found} == {("ask", True), ("sum up", False)}

    def test_of_operations_without_a_duration_there_is_no_share_and_nothing_is_said_to_overlap(self) -> None:
        untimed = span("task", "ask", 0, 1, span_id="a")
        events = (msgspec.structs.replace(untimed, duration_ms=None), timing("retrieve", 300.0, "a"))
        (found,) = reports.components(engine(*events), EVER).rows
        assert math.isnan(found.share)
        assert not found.overlapping

    def test_conditions_and_window_choose_the_operations(self) -> None:
        later = Window(NOON + timedelta(seconds=1.5))
        assert [row.share for row in reports.components(engine(*ASKED), later).rows] == [0.5, 0.2]
        failed = parse_filters(["outcome=error"])
        assert [row.component for row in reports.components(engine(*ASKED), EVER, failed).rows] == ["retrieve"]

    def test_what_the_collector_of_operations_times_is_found(self, gauge: agentgauge.Gauge) -> None:
        collector = MetricsCollector(gauge=gauge)
        operation = collector.start_operation("rag_query")
        collector.add_component_timing(operation, "retrieval", 0.25)
        collector.end_operation(operation, success=False)
        with engine_of(gauge) as asked:
            (found,) = reports.components(asked, EVER).rows
        assert (found.operation, found.component) == ("rag_query", "retrieval")
        assert (found.total_ms, found.failures) == (250.0, 1)


@pytest.fixture
def gauge() -> Iterator[agentgauge.Gauge]:
    with agentgauge.open() as opened:
        yield opened


def outline(node: Node, depth: int = 0) -> list[tuple[int, str, float, float, int]]:
    """Depth, name, seconds, own seconds and count of each node."""
    own = (depth, node.name, round(node.value / 1000, 9), round(node.self_ms / 1000, 9), node.count)
    return [own, *(line for inner in node.children for line in outline(inner, depth + 1))]


class TestFlame:
    def test_is_the_tree_of_what_ran_inside_what(self) -> None:
        assert outline(reports.flame(engine(*NESTED), EVER).root) == [
            (0, "all", 10, 0, 1),
            (1, "fix", 10, 3, 1),
            (2, "test", 4, 2, 1),
            (3, "bash", 2, 2, 1),
            (2, "m", 3, 3, 1),
        ]

    def test_runs_of_one_path_are_laid_over_each_other(self) -> None:
        twice = [*NESTED, span("task", "fix", 0, 5, span_id="z", outcome="error")]
        fix = reports.flame(engine(*twice), EVER).root.children[0]
        assert (fix.count, fix.value, fix.failures) == (2, 15_000, 1)

    def test_begins_at_an_operation(self) -> None:
        root = reports.flame(engine(*NESTED), EVER, "test").root
        assert [(node.name, node.share) for node in root.children] == [("test", 1.0)]

    def test_what_ran_in_parallel_is_said_to(self) -> None:
        calls = [span("llm_call", "m", 0, 4, parent_id="a") for _ in range(3)]
        (fix,) = reports.flame(engine(span("task", "fix", 0, 5, span_id="a"), *calls), EVER).root.children
        assert (fix.in_parallel, fix.self_ms) == (True, 1000)
        assert fix.children[0].share == pytest.approx(2.4)
        (plain,) = reports.flame(engine(*NESTED), EVER).root.children
        assert not plain.in_parallel

    def test_a_span_without_a_duration_has_the_time_of_what_is_inside(self) -> None:
        untimed = msgspec.structs.replace(NESTED[0], duration_ms=None)
        (fix,) = reports.flame(engine(untimed, *NESTED[1:]), EVER).root.children
        assert (fix.value, fix.self_ms, fix.in_parallel) == (7000, 0, False)

    def test_of_nothing_is_a_root_without_children(self) -> None:
        answer = reports.flame(engine(), EVER)
        assert (answer.root.value, answer.root.count, answer.root.children) == (0, 0, ())

    def test_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.modules[reports.flame.__module__], "MOST_PATHS", 3)
        answer = reports.flame(engine(*NESTED), EVER)
        assert (answer.cut, len(outline(answer.root))) == (True, 4)

    def test_says_that_it_is_of_the_newest_spans(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert not reports.flame(engine(*NESTED), EVER).newest_only
        monkeypatch.setattr(sys.modules[reports.flame.__module__], "MOST_SPANS", 3)
        assert reports.flame(engine(*NESTED), EVER).newest_only

    def test_an_operation_that_no_task_is_called_is_refused(self) -> None:
        with pytest.raises(QueryError, match="'fux': did you mean fix"):
            reports.flame(engine(*NESTED), EVER, "fux")
