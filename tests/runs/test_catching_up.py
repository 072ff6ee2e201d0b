"""A run's final report holds what other code recorded into the run, and reading it back is left out where none did."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import agentgauge
from agentgauge import meter
from agentgauge.runs import MetricsCollector, MetricsContext, MetricsStorage
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
