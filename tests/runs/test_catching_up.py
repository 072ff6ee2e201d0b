"""A run's final report holds what other code recorded into the run, and reading it back is left out where none did."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

import agentgauge
from agentgauge import Gauge, meter
from agentgauge.events import Event
from agentgauge.journal.memory import MemoryJournal
from agentgauge.runs import MetricsCollector, MetricsContext, MetricsStorage, stream
from agentgauge.runs.models import AgentType, LLMConfig, Status, SystemConfig

CONFIG = SystemConfig(llm=LLMConfig(provider="anthropic", model="claude-sonnet-4-5"))


@pytest.fixture
def gauge(tmp_path: Path) -> agentgauge.Gauge:
    return agentgauge.open(tmp_path / "home")


def test_what_an_integration_recorded_inside_an_agent_is_in_report_and_files(
    tmp_path: Path, gauge: agentgauge.Gauge
) -> None:
    storage = MetricsStorage(tmp_path / "logs")
    collector = MetricsCollector("r-1", "shop", CONFIG, gauge=gauge, storage=storage)
    context = MetricsContext(collector)
    with context.track_issue(3), context.track_agent(AgentType.CODING):
        collector.record_token_usage(1000, 10)
        gauge.llm_call("claude-sonnet-4-5", "anthropic", input_tokens=200, output_tokens=5)  # as an integration does
        gauge.tool_call("search", cost_usd="0.005")
    assert collector.run_metrics.total_tokens == 1010
    run = collector.finalize_run(Status.COMPLETED)
    assert run.total_tokens == 1215
    assert run.total_cost_usd == pytest.approx(0.00315 + 0.000675 + 0.005)
    assert run.issues["3"].agents[0].token_usage.total_tokens == 1215
    assert storage.load_run("r-1").total_tokens == 1215
    with (tmp_path / "logs" / "csv" / "agents.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert int(row["input_tokens"]) == 1200
    gauge.close()


def test_a_run_that_nobody_else_recorded_into_is_not_read_back(
    gauge: agentgauge.Gauge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwanted(gauge: agentgauge.Gauge) -> None:
        raise AssertionError("the run was read back")

    monkeypatch.setattr(meter, "engine_of", unwanted)
    collector = MetricsCollector("r-1", config=CONFIG, gauge=gauge)
    context = MetricsContext(collector)
    with context.track_issue(3), context.track_agent(AgentType.CODING), context.track_tool_call("bash"):
        collector.record_token_usage(1000, 10)
    assert collector.finalize_run().total_tokens == 1010
    assert gauge.health().altered == {}
    gauge.close()


def test_a_home_that_cannot_be_read_leaves_what_the_collector_knows(
    gauge: agentgauge.Gauge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(gauge: agentgauge.Gauge) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(meter, "engine_of", broken)
    collector = MetricsCollector("r-1", config=CONFIG, gauge=gauge)
    gauge.llm_call("claude-sonnet-4-5", "anthropic", input_tokens=200, run="r-1")
    collector.record_token_usage(1000, 10)
    assert collector.finalize_run().total_tokens == 1010
    assert "the disk is gone" in caplog.text
    gauge.close()


def test_a_run_is_listed_from_its_start_on(tmp_path: Path, gauge: agentgauge.Gauge) -> None:
    storage = MetricsStorage(tmp_path / "logs")
    collector = MetricsCollector("r-1", "shop", CONFIG, gauge=gauge, storage=storage)
    assert [run.run_id for run in storage.list_runs()] == ["r-1"]
    collector.start_issue(3)
    collector.record_token_usage(1000, 10)
    collector.finalize_issue(3)
    assert [run.total_tokens for run in storage.list_runs()] == [1010]
    collector.finalize_run()
    gauge.close()


def test_what_threads_record_while_the_run_is_read_back_is_in_its_view_once(
    gauge: agentgauge.Gauge, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = MetricsCollector("r-1", config=CONFIG, gauge=gauge)
    agent = collector.start_agent(AgentType.CODING)
    gauge.llm_call("claude-sonnet-4-5", "anthropic", input_tokens=1, run="r-1")
    read = stream.events_of

    def while_others_record(gauge: agentgauge.Gauge, run_id: str) -> Iterator[Event]:
        collector.record_token_usage(10, agent_id=agent)  # is read, and shown before
        yield from read(gauge, run_id)
        collector.record_token_usage(100, agent_id=agent)  # is not read
        assert collector.run_metrics.total_tokens == 110  # somebody looks
        collector.record_token_usage(1000, agent_id=agent)

    monkeypatch.setattr(stream, "events_of", while_others_record)
    assert collector.finalize_run().total_tokens == 1111
    collector.record_token_usage(10_000, agent_id=agent)
    assert collector.run_metrics.total_tokens == 11_111
    gauge.close()


def test_a_run_whose_beginning_is_no_longer_held_in_memory_keeps_what_its_collector_knows() -> None:
    with Gauge(MemoryJournal(capacity=4)) as gauge:
        collector = MetricsCollector("r-1", config=CONFIG, gauge=gauge)
        collector.start_agent(AgentType.CODING)
        for _ in range(10):
            collector.record_token_usage(100)
        gauge.llm_call("claude-sonnet-4-5", "anthropic", input_tokens=1, run="r-1")
        run = collector.finalize_run()
    assert (run.total_tokens, run.agent_count, run.start_time is None) == (1000, 1, False)


def test_a_run_that_is_taken_up_again_has_all_of_it_in_report_and_files(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path / "logs")
    for issue in (3, 4, 3):
        with agentgauge.open(tmp_path / "home") as gauge:
            collector = MetricsCollector("r-1", "shop", CONFIG, gauge=gauge, storage=storage)
            with MetricsContext(collector).track_issue(issue), MetricsContext(collector).track_agent("coding"):
                collector.record_token_usage(100)
            run = collector.finalize_run()
    assert [(name, issue.agent_count) for name, issue in run.issues.items()] == [("3", 2), ("4", 1)]
    assert repr(storage.load_run("r-1").token_usage) == repr(run.token_usage)
    assert (storage.load_issue("r-1", 3).token_usage.total_tokens, run.total_tokens) == (200, 300)
    with (tmp_path / "logs" / "csv" / "agents.csv").open(newline="") as file:
        assert [row["issue_id"] for row in csv.DictReader(file)] == ["3", "3", "4"]


def test_only_issues_that_reading_back_has_changed_are_written_again(tmp_path: Path, gauge: agentgauge.Gauge) -> None:
    storage = MetricsStorage(tmp_path / "logs")
    collector = MetricsCollector("r-1", "shop", CONFIG, gauge=gauge, storage=storage)
    for issue in (3, 4):
        with MetricsContext(collector).track_issue(issue):
            collector.record_error("E")
    gauge.llm_call("claude-sonnet-4-5", "anthropic", input_tokens=7, run="r-1", issue=4)
    files = {issue: tmp_path / "logs" / "runs" / "r-1" / "issues" / f"issue_{issue}_report.json" for issue in (3, 4)}
    before = {issue: file.stat().st_ino for issue, file in files.items()}
    collector.finalize_run()
    assert {issue: file.stat().st_ino != before[issue] for issue, file in files.items()} == {3: False, 4: True}
    assert storage.load_issue("r-1", 4).token_usage.total_tokens == 7
    gauge.close()
