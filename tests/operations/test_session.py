"""The summary of a session: what was recorded through one collector, however much, and after a crash too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentgauge
from agentgauge.events.codec import decode_line
from agentgauge.journal.memory import MemoryJournal
from agentgauge.operations import MetricsCollector, MetricsData, read_session, with_metrics_tracking
from agentgauge.operations.operation_view import COMPONENTS_KEPT, TOOL_CALLS_KEPT
from agentgauge.operations.session_view import OPERATIONS_KEPT, SessionView
from agentgauge.recorder import Gauge
from tests.recorder.reading import events


def recorded(collector: MetricsCollector) -> MetricsData:
    """Some of everything."""
    with collector.operation_context("qa_response", {"user_id": "7"}) as operation:
        collector.add_component_timing(operation, "vector_search", 0.25)
        collector.record_token_usage(operation, 150, 75, "gpt-4o", provider="openai", cache_read_tokens=50)
        collector.record_token_usage(operation, 10, 5, "nobody-sells-this")
        collector.record_tool_call(operation, "search", "timeout", 0.5, {"index": "docs"})
        collector.record_warning(operation, "slow")
    with pytest.raises(LookupError), collector.operation_context("lookup"):
        raise LookupError("none")
    collector.end_operation(collector.start_operation("plain"), success=False)
    open_one = collector.start_operation("open")
    collector.record_token_usage(open_one, 1, 1, "gpt-4o", provider="openai")
    return collector.get_session_summary()


def test_the_sums_are_those_of_all_operations(collector: MetricsCollector) -> None:
    summary = recorded(collector)
    assert summary.session_id == collector.session_id
    assert (summary.total_operations, summary.successful_operations, summary.open_operations) == (3, 1, 1)
    assert [done.operation_name for done in summary.operations] == ["qa_response", "lookup", "plain"]
    assert summary.total_tokens == 242
    assert (summary.error_count, summary.warning_count, summary.tool_calls) == (2, 1, 1)
    assert summary.unpriced_calls == 1
    assert summary.total_cost > 0
    assert summary.total_duration == pytest.approx(sum(done.total_duration or 0 for done in summary.operations))
    assert summary.end_time is not None
    assert summary.start_time <= summary.end_time


def test_a_session_holds_what_went_through_its_collector(gauge: agentgauge.Gauge) -> None:
    one, other = MetricsCollector(gauge=gauge), MetricsCollector(gauge=gauge)
    one.end_operation(one.start_operation("o"))
    gauge.task("o", session=one.session_id)
    assert one.get_session_summary().total_operations == 1
    assert other.get_session_summary().total_operations == 0


def test_read_back_from_the_stream_a_session_is_what_it_was(
    collector: MetricsCollector, gauge: agentgauge.Gauge
) -> None:
    summary = recorded(collector)
    read = read_session(collector.session_id, gauge)
    begun = {"start_time"}  # of the collector, and of the first event
    assert read.model_dump(exclude=begun) == summary.model_dump(exclude=begun)


def test_what_others_recorded_in_a_session_is_read_with_it(
    collector: MetricsCollector, gauge: agentgauge.Gauge
) -> None:
    with collector.operation_context("o"), gauge.span("search", kind="tool_call"):
        gauge.llm_call("gpt-4o", input_tokens=3)
    for _ in range(2):
        gauge.task("of no span", 1, session=collector.session_id)
    read = read_session(collector.session_id, gauge)
    assert (read.total_operations, read.open_operations) == (3, 0)
    assert (read.total_tokens, read.tool_calls) == (3, 1)


def test_a_generator_that_is_collected_meanwhile_does_not_cost_the_summary(collector: MetricsCollector) -> None:
    """The garbage collector closes it in any thread between any two steps, this one's included."""

    @with_metrics_tracking(collector=collector)
    def forgotten() -> Iterator[int]:
        yield 1

    for _ in range(2):
        collector.end_operation(collector.start_operation("o"))
    steps = forgotten()
    next(steps)
    sys.setprofile(lambda frame, *_: steps.close() if frame.f_code.co_name == "metrics" else None)  # type: ignore[attr-defined]
    try:
        summary = collector.get_session_summary()
    finally:
        sys.setprofile(None)
    assert (summary.problem, summary.total_operations) == (None, 2)
    assert collector.get_session_summary().total_operations == 3


VERBS: list[Callable[[MetricsCollector, str], object]] = [
    lambda collector, operation: collector.add_component_timing(operation, "search", 0.1),
    lambda collector, operation: collector.record_token_usage(operation, 30, 7, "gpt-4o", provider="openai"),
    lambda collector, operation: collector.record_token_usage(operation, 1, 1, "nobody-sells-this"),
    lambda collector, operation: collector.record_token_usage(operation, 9, 1, "gpt-4o", cost_usd="0.3"),
    lambda collector, operation: collector.record_tool_call(operation, "t", "failure", 0.2, {"k": 1}, cost_usd="0.01"),
    lambda collector, operation: collector.record_error(operation, ValueError("x")),
    lambda collector, operation: collector.record_warning(operation, "x"),
    lambda collector, operation: collector.end_operation(operation, success=False),
    lambda collector, operation: collector.end_operation(operation, error=OSError("x")),
]


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(VERBS)), max_size=40))
def test_whatever_is_done_the_events_tell_the_same(
    steps: list[tuple[int, Callable[[MetricsCollector, str], object]]],
) -> None:
    sink = MemoryJournal()
    collector = MetricsCollector(gauge=Gauge(sink))
    operations = [collector.start_operation(f"o-{n}") for n in range(4)] + ["unknown"]
    for number, verb in steps:
        verb(collector, operations[number])
    view = SessionView()
    for line in sink.lines().splitlines():
        view.apply(decode_line(line))
    shown, known = view.data(collector.session_id), collector.get_session_summary()
    unlike = {"start_time", "open_operations"}  # an operation that recorded nothing yet is in no event
    assert shown.model_dump(exclude=unlike) == known.model_dump(exclude=unlike)


def test_a_session_that_was_killed_is_read_back(home: Path) -> None:
    program = (
        "import agentgauge, os, signal\n"
        "from agentgauge.operations import MetricsCollector\n"
        "collector = MetricsCollector('killed', gauge=agentgauge.open())\n"
        "for n in range(50):\n"
        "    with collector.operation_context(f'o-{n}') as operation:\n"
        "        collector.record_token_usage(operation, 10, 5, 'gpt-4o')\n"
        "collector.record_token_usage(collector.start_operation('open'), 1, 1, 'gpt-4o')\n"
        "print(collector.get_session_summary().model_dump_json(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "AGENTGAUGE_HOME": str(home)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert run.returncode == -signal.SIGKILL, run.stderr
    known = MetricsData.model_validate_json(run.stdout)
    with agentgauge.open(home) as gauge:
        read = read_session("killed", gauge)
    begun = {"start_time"}
    assert read.model_dump(exclude=begun) == known.model_dump(exclude=begun)
    assert (read.total_operations, read.open_operations, read.total_tokens) == (50, 1, 752)


def test_the_newest_operations_are_kept_and_the_sums_of_all(collector: MetricsCollector) -> None:
    more = OPERATIONS_KEPT + 70
    for n in range(more):
        operation = collector.start_operation(f"o-{n}")
        collector.record_token_usage(operation, 2, 1, "gpt-4o", cost_usd=1)
        collector.record_tool_call(operation, "t", "failure")
        collector.end_operation(operation)
    summary = collector.get_session_summary()
    assert (len(summary.operations), summary.older_operations) == (OPERATIONS_KEPT, 70)
    assert summary.operations[-1].operation_name == f"o-{more - 1}"
    assert summary.total_operations == summary.successful_operations == summary.tool_calls == more
    assert (summary.total_tokens, summary.total_cost, summary.error_count) == (3 * more, more, more)


def test_an_operation_keeps_its_newest_tool_calls_and_first_components(collector: MetricsCollector) -> None:
    operation = collector.start_operation("o")
    for n in range(TOOL_CALLS_KEPT + 30):
        collector.record_tool_call(operation, f"t-{n}", "error")
    for n in range(COMPONENTS_KEPT + 30):
        collector.add_component_timing(operation, f"c-{n}", 1.0)
    done = collector.end_operation(operation)
    assert (len(done.tool_calls), done.older_tool_calls) == (TOOL_CALLS_KEPT, 30)
    assert done.error_count == TOOL_CALLS_KEPT + 30
    assert (len(done.component_timing), done.component_timing["(others)"]) == (COMPONENTS_KEPT + 1, 30)
    assert collector.get_session_summary().tool_calls == TOOL_CALLS_KEPT + 30


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform does not fork")
def test_a_forked_child_has_a_summary_of_its_own(collector: MetricsCollector, tmp_path: Path) -> None:
    collector.end_operation(collector.start_operation("parents"))
    told = tmp_path / "told.json"
    child = os.fork()
    if child == 0:
        collector.end_operation(collector.start_operation("childs"))
        told.write_text(collector.get_session_summary().model_dump_json())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    names = [done["operation_name"] for done in json.loads(told.read_text())["operations"]]
    assert names == ["childs"]
    assert [done.operation_name for done in collector.get_session_summary().operations] == ["parents"]


@pytest.mark.parametrize(("given", "named"), [("s", "s"), (7, "7"), (object(), "unknown")])
def test_a_session_has_a_name_that_events_can_carry(gauge: agentgauge.Gauge, given: Any, named: str) -> None:
    assert MetricsCollector(given, gauge=gauge).get_session_summary().session_id == named


# Files


def test_a_saved_summary_is_loaded_as_it_was(collector: MetricsCollector, tmp_path: Path) -> None:
    summary = recorded(collector)
    path = collector.save_metrics("one.json")
    assert path == tmp_path / "metrics" / "one.json"
    assert collector.load_metrics(path) == collector.load_metrics("one.json") == summary
    collector.end_operation(collector.start_operation("later"))
    assert collector.save_metrics("one.json") == path
    assert collector.load_metrics(path).total_operations == 4
    assert [file.name for file in path.parent.iterdir()] == ["one.json"]


def test_a_file_without_a_name_is_named_by_its_session(gauge: agentgauge.Gauge, tmp_path: Path) -> None:
    collector = MetricsCollector("team/a ../b", gauge=gauge, directory=tmp_path)
    path = collector.save_metrics()
    assert path == tmp_path / "team_a____b.json"


def test_what_cannot_be_saved_or_loaded_says_so(
    collector: MetricsCollector, gauge: agentgauge.Gauge, tmp_path: Path
) -> None:
    (tmp_path / "metrics").write_text("a file where the directory should be")
    assert collector.save_metrics() is None
    assert gauge.health().dropped == {"metrics not saved": 1}
    assert "FileNotFoundError" in str(collector.load_metrics(tmp_path / "none.json").problem)
    (tmp_path / "torn.json").write_text('{"session_id": "s", "opera')
    assert "ValidationError" in str(collector.load_metrics(tmp_path / "torn.json").problem)


def test_without_persistence_nothing_touches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "false")
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    with agentgauge.open(home) as gauge:
        collector = MetricsCollector(gauge=gauge)
        summary = recorded(collector)
        assert summary.total_operations == 3
        assert collector.analyze_performance_trends("qa_response").data_points == 1
        assert read_session(collector.session_id, gauge).total_tokens == summary.total_tokens
        assert collector.save_metrics() is None
        assert not collector.persistent
    assert list(tmp_path.iterdir()) == []


def test_events_of_a_session_are_found_by_the_others(collector: MetricsCollector, home: Path) -> None:
    recorded(collector)
    assert {event.session for event in events(home)} == {collector.session_id}
