"""A process killed anywhere leaves a run that can be rebuilt, and is ended once; what lives is left alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

import agentgauge
from agentgauge.engines import Filter, Query
from agentgauge.engines.events import read_events
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.meter import Meter, engine_of
from agentgauge.runs import MetricsCollector, MetricsStorage, open_runs, recover_left_behind
from agentgauge.runs.models import RunMetrics, Status
from agentgauge.settings import get_settings

_PROGRAM = """
import os, signal, sys
import agentgauge
from agentgauge.runs import MetricsCollector
from agentgauge.runs.models import LLMConfig, Status, SystemConfig

home, last = sys.argv[1], int(sys.argv[2])
gauge = agentgauge.open(home)
run = MetricsCollector("r-1", "p", SystemConfig(LLMConfig("anthropic", "claude-sonnet-4-5")), gauge=gauge)
tools = []
steps = [
    lambda: run.start_issue(3),
    lambda: run.start_agent("planning"),
    lambda: run.start_agent("coding"),
    lambda: tools.append(run.start_tool_call("bash")),
    lambda: run.record_token_usage(100, 10),
    lambda: run.start_debugging_cycle(["TypeError"]),
    lambda: run.record_error("E", "inside"),
    lambda: run.end_tool_call(tools[0]),
    lambda: run.end_debugging_cycle(resolved=True),
    lambda: run.finalize_agent(),
    lambda: run.finalize_agent(success=False),
    lambda: run.finalize_issue(3),
    lambda: run.finalize_run(Status.COMPLETED),
]
for step in steps[:last]:
    step()
if len(sys.argv) > 3:
    print("at work", flush=True)
    sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""
_STEPS = 13


def _killed(home: Path, steps: int) -> None:
    """A process that is killed after so many steps."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM, str(home), str(steps)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def _events(gauge: agentgauge.Gauge) -> list[Event]:
    with engine_of(gauge) as engine:
        return list(read_events(engine, Query(filters=(Filter("run", "=", "r-1"),))))


def _ends(gauge: agentgauge.Gauge) -> Counter[tuple[str, str | None]]:
    of = {"task", "tool_call", "debugging_cycle"}
    return Counter(
        (event.kind, event.name)
        for event in _events(gauge)
        if event.kind in of or (event.kind == "mark" and (event.name or "").endswith("_end"))
    )


@pytest.mark.parametrize("steps", range(_STEPS + 1))
def test_a_run_killed_after_any_step_is_rebuilt_and_ended_as_interrupted(tmp_path: Path, steps: int) -> None:
    _killed(tmp_path, steps)
    with agentgauge.open(tmp_path) as gauge:
        before = _events(gauge)
        run = MetricsCollector.recover("r-1", gauge=gauge).run_metrics
        once = _ends(gauge)
        again = MetricsCollector.recover("r-1", gauge=gauge).run_metrics
        assert _ends(gauge) == once
    assert repr(again) == repr(run)
    assert run.status == (Status.COMPLETED if steps == _STEPS else Status.INTERRUPTED)
    assert run.config is not None
    assert run.config.llm.model == "claude-sonnet-4-5"
    assert run.end_time == before[-1].time
    if steps >= 1:
        issue = run.issues["3"]
        assert issue.status == (Status.COMPLETED if steps >= 12 else Status.INTERRUPTED)
        assert issue.end_time == max(event.time for event in before if event.issue == "3")
        assert all(agent.end_time is not None for agent in issue.agents)
    assert all(number == 1 for number in once.values())
    expected = [steps >= 1, steps >= 2, steps >= 3, steps >= 4, steps >= 6]
    found = [("mark", "issue_end"), ("task", "planning"), ("task", "coding"), ("tool_call", "bash"),
             ("debugging_cycle", "debugging")]  # fmt: skip
    assert [once[end] == 1 for end in found] == expected


def test_what_was_open_ends_at_the_last_time_that_is_known_of_it(tmp_path: Path) -> None:
    _killed(tmp_path, 5)
    with agentgauge.open(tmp_path) as gauge:
        times = {event.name or event.kind: event.time for event in _events(gauge)}
        run = MetricsCollector.recover("r-1", gauge=gauge).run_metrics
    planning, coding = run.issues["3"].agents
    usage: datetime = times["llm_call"]
    assert (coding.end_time, planning.end_time, run.issues["3"].end_time, run.end_time) == (usage, usage, usage, usage)
    assert coding.duration_seconds == pytest.approx((usage - times["agent_start"]).total_seconds())
    assert (coding.status, coding.success, coding.token_usage.input_tokens) == (Status.INTERRUPTED, False, 100)


def test_a_run_whose_segments_have_been_landed_and_removed_is_recovered_from_the_lake(tmp_path: Path) -> None:
    _killed(tmp_path, 5)
    Meter(get_settings(tmp_path)).lake.compact()
    with agentgauge.open(tmp_path) as gauge:
        assert recover_left_behind(gauge) == ["r-1"]
        Meter(get_settings(tmp_path)).lake.compact()
        assert recover_left_behind(gauge) == []
        run = MetricsCollector.recover("r-1", gauge=gauge).run_metrics
        assert all(number == 1 for number in _ends(gauge).values())
    assert run.status is Status.INTERRUPTED


def test_two_processes_that_recover_at_once_end_it_once(tmp_path: Path) -> None:
    _killed(tmp_path, 7)
    program = """
import sys, agentgauge
from agentgauge.runs import MetricsCollector
from agentgauge.runs.recovery import events_of
gauge = agentgauge.open(sys.argv[1])
events = list(events_of(gauge, "r-1"))
print("read", flush=True)
sys.stdin.readline()
from agentgauge.runs import recovery
recovery.events_of = lambda *_: iter(events)  # as of then: neither has seen what the other did
MetricsCollector.recover("r-1", gauge=gauge)
"""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "read\n"
    for process in both:
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0
    with agentgauge.open(tmp_path) as gauge:
        assert set(_ends(gauge).values()) == {1}
        Meter(get_settings(tmp_path)).lake.compact()
        assert set(_ends(gauge).values()) == {1}
        assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.status is Status.INTERRUPTED


def test_the_next_start_finalizes_what_a_dead_process_left_and_writes_its_files(tmp_path: Path) -> None:
    _killed(tmp_path / "home", 5)
    storage = MetricsStorage(tmp_path / "logs")
    with agentgauge.open(tmp_path / "home") as gauge:
        collector = MetricsCollector("r-2", gauge=gauge, storage=storage)
        assert collector.recovering is not None
        collector.recovering.join()
        left: RunMetrics = MetricsCollector.recover("r-1", gauge=gauge).run_metrics
        assert left.status is Status.INTERRUPTED
        assert collector.run_metrics.status is Status.RUNNING
        assert MetricsCollector("r-3", gauge=gauge).recovering is None
    assert storage.load_run("r-1").status is Status.INTERRUPTED
    assert storage.load_run("r-1").issues["3"].status is Status.INTERRUPTED


_LEAVES_RUNS = """
import os, signal, sys
import agentgauge
from agentgauge.runs import MetricsCollector

gauge = agentgauge.open(sys.argv[1])
collectors = [MetricsCollector(name, gauge=gauge) for name in sys.argv[2:]]
if len(collectors) > 1:
    os.kill(os.getpid(), signal.SIGKILL)
collectors[0].finalize_run()
"""


def test_a_program_that_ends_waits_for_one_run_left_behind_and_the_next_start_has_the_others(tmp_path: Path) -> None:
    names = {f"left-{number}" for number in range(4)}
    command = [sys.executable, "-c", _LEAVES_RUNS, str(tmp_path)]
    subprocess.run([*command, *sorted(names)], check=False, timeout=60)
    subprocess.run([*command, "next"], check=True, timeout=60)
    with agentgauge.open(tmp_path) as gauge:
        remaining = set(recover_left_behind(gauge))
        assert {MetricsCollector.recover(name, gauge=gauge).run_metrics.status for name in names} == {
            Status.INTERRUPTED
        }
    assert 1 <= len(remaining) < len(names)
    assert remaining < names


def test_a_run_whose_end_was_not_kept_is_ended_by_the_next_start(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        run = MetricsCollector("r-1", gauge=gauge).finalize_run(at="yesterday")  # type: ignore[arg-type]
        assert (run.status, gauge.health().refused) == (Status.RUNNING, {"wrong type": 1})
    with agentgauge.open(tmp_path) as gauge:
        assert recover_left_behind(gauge) == ["r-1"]
        assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.status is Status.INTERRUPTED


def test_a_run_taken_up_again_under_its_id_is_running_and_what_died_in_it_has_ended(tmp_path: Path) -> None:
    _killed(tmp_path, 5)
    with agentgauge.open(tmp_path) as gauge:
        collector = MetricsCollector("r-1", gauge=gauge)
        assert collector.recovering is not None
        collector.recovering.join()
        collector.start_issue(3)
        shown = MetricsCollector.recover("r-1", gauge=gauge).run_metrics
        assert (shown.status, shown.issues["3"].status) == (Status.RUNNING, Status.RUNNING)
        assert [agent.status for agent in shown.issues["3"].agents] == [Status.INTERRUPTED] * 2
        collector.finalize_run(Status.COMPLETED)
        assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.status is Status.COMPLETED


def test_a_run_that_is_alive_in_another_process_is_never_touched(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(tmp_path), "5", "wait"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    with agentgauge.open(tmp_path) as gauge:
        Meter(get_settings(tmp_path)).lake.compact()
        seen = len(_events(gauge))
        collector = MetricsCollector("r-2", gauge=gauge)
        assert collector.recovering is not None
        collector.recovering.join()
        assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.status is Status.RUNNING
        assert len(_events(gauge)) == seen
        process.communicate("on\n", timeout=60)
        assert recover_left_behind(gauge) == ["r-1"]
        assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.status is Status.INTERRUPTED


def test_a_run_of_this_process_that_nobody_has_open_any_more_can_be_recovered(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        collector = MetricsCollector("r-1", gauge=gauge)
        collector.start_issue(3)
        assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.status is Status.RUNNING
        del collector
        assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.status is Status.INTERRUPTED


def test_where_nothing_can_be_recorded_any_more_the_run_is_left_for_the_next_start(tmp_path: Path) -> None:
    _killed(tmp_path, 5)
    with agentgauge.open(tmp_path) as closed:
        pass
    assert recover_left_behind(closed) == []
    with agentgauge.open(tmp_path) as gauge:
        assert recover_left_behind(gauge) == ["r-1"]
        assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.status is Status.INTERRUPTED


def test_attempts_go_on_where_the_dead_process_was(tmp_path: Path) -> None:
    _killed(tmp_path, 5)
    with agentgauge.open(tmp_path) as gauge:
        again = MetricsCollector.recover("r-1", gauge=gauge)
        again.start_agent("coding", 3)
        assert [agent.attempt for agent in again.get_issue_metrics(3).agents if agent.agent_type == "coding"] == [1, 2]
        assert again.record_token_usage(5, 5).model == "claude-sonnet-4-5"


def test_a_run_that_nothing_is_known_of_cannot_be_recovered_and_no_file_is_written(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path / "logs")
    with agentgauge.open(tmp_path / "home") as gauge, pytest.raises(QueryError, match="no run 'nobody' is recorded"):
        MetricsCollector.recover("nobody", gauge=gauge, storage=storage)
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize("content", [b"", b"\0\0", b'{"run": 5}', b"[]"])
def test_a_damaged_note_is_removed_and_stops_nothing(tmp_path: Path, content: bytes) -> None:
    with agentgauge.open(tmp_path) as gauge:
        note = tmp_path / "open_runs" / "0123456789ab-000000-0.json"
        note.parent.mkdir()
        note.write_bytes(content)
        collector = MetricsCollector("r-1", gauge=gauge)
        assert collector.recovering is not None
        collector.recovering.join()
        assert not note.exists()
        assert len(list(note.parent.iterdir())) == 1
        collector.finalize_run()
        assert list(note.parent.iterdir()) == []


def test_a_home_where_no_note_can_be_made_costs_only_the_automatic_recovery(tmp_path: Path) -> None:
    (tmp_path / "open_runs").write_text("a file where the folder would be")
    with agentgauge.open(tmp_path) as gauge:
        collector = MetricsCollector("r-1", gauge=gauge)
        collector.start_issue(3)
        assert collector.finalize_run().issues_by_status == {"interrupted": 1}
        assert open_runs.others(gauge) == []


def test_memory_only_runs_are_shown_and_never_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "false")
    gauge = agentgauge.open()
    collector = MetricsCollector("r-1", gauge=gauge)
    collector.start_issue(3)
    assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.issues_by_status == {"running": 1}
