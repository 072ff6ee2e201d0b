"""What one vocabulary records, the others and the command line see: four vocabularies, one stream."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

import agentgauge
from agentgauge import features, operations, runs, sessions
from agentgauge.cli.app import app
from agentgauge.runs.models import AgentType, LLMConfig, Status, SystemConfig

MODEL = "claude-sonnet-4-5"
CALLS = {"runs": 1000, "operations": 200, "sessions": 30, "plain": 4}
"""Input tokens of the one call that each records, so that a sum says whose calls are in it."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def gauge(home: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(home, project="shop", team="checkout") as gauge:
        yield gauge


@pytest.fixture(autouse=True)
def _recorded(gauge: agentgauge.Gauge) -> None:
    """A bit of work with each vocabulary: one agent, one role, one ticket."""
    config = SystemConfig(llm=LLMConfig(provider="anthropic", model=MODEL))
    with gauge.scope(ticket="PROJ-456", user="ada"):
        run = runs.MetricsCollector(run_id="r-1", project_id="shop", config=config, gauge=gauge)
        run.start_issue(3)
        run.start_agent(AgentType.CODING, issue_id=3)
        run.end_tool_call(run.start_tool_call("bash"), success=True)
        run.record_token_usage(input_tokens=CALLS["runs"], output_tokens=1, model=MODEL)
        run.record_error(error_type="SyntaxError", error_message="line 3", severity="warning")
        run.finalize_agent(success=True)
        run.record_pipeline("77", commit_sha="abc", status="success", triggered_by="coding")
        run.finalize_issue(3, Status.COMPLETED)
        run.finalize_run(Status.COMPLETED)

        with gauge.scope(agent="coding", role="coding"):
            collector = operations.MetricsCollector(gauge=gauge)
            operation = collector.start_operation("recognize")
            collector.add_component_timing(operation, "vector_search", 0.5)
            collector.record_token_usage(operation, CALLS["operations"], 1, MODEL)
            collector.end_operation(operation, success=False)

            advanced = features.AdvancedMetrics(gauge=gauge)
            advanced.record_feature_usage(feature="learning", action="recognize", duration_ms=12.5, success=True)
            advanced.record_satisfaction(feature="learning", satisfaction_type="speed", score=5)
            advanced.record_error(feature="learning", error_type="PatternError", error_severity="error")
            gauge.llm_call(MODEL, "anthropic", input_tokens=CALLS["plain"], output_tokens=1)

        session = sessions.MetricsCollector(session_id="s-1", gauge=gauge)
        session.record_from_result(
            sessions.AgentResult(
                usage=sessions.TokenUsage(input_tokens=CALLS["sessions"], output_tokens=1),
                model=MODEL,
                provider="anthropic",
                duration_ms=1500,
            ),
            agent_role="coding",
            operation="implement",
            ticket_id="PROJ-456",
        )


def _report(home: Path, *by: str) -> list[dict[str, Any]]:
    options = [text for name in by for text in ("--by", name)]
    result = CliRunner().invoke(app, ["report", *options, "--home", str(home), "--json"])
    assert result.exit_code == 0, result.output
    groups: list[dict[str, Any]] = msgspec.json.decode(result.stdout)["groups"]["rows"]
    return groups


@pytest.mark.parametrize("by", ["agent", "role"])
def test_the_command_line_finds_what_each_recorded_by_agent_and_by_role(home: Path, by: str) -> None:
    (group,) = _report(home, by)
    assert group["key"] == {by: "coding"}
    assert group["input_tokens"] == sum(CALLS.values())
    assert (group["calls"], group["tasks"], group["tool_calls"]) == (4, 3, 1)
    assert group["success_rate"] == pytest.approx(2 / 3)
    assert group["unpriced_calls"] == 0


@pytest.mark.parametrize(("by", "value"), [("ticket", "PROJ-456"), ("user", "ada"), ("project", "shop")])
def test_the_scope_around_a_vocabulary_is_that_of_what_it_records(home: Path, by: str, value: str) -> None:
    (group,) = [group for group in _report(home, by) if group["key"][by] == value]
    assert group["input_tokens"] == sum(CALLS.values())


def test_sessions_sum_up_what_the_others_recorded(gauge: agentgauge.Gauge) -> None:
    for by, key in (("role", "coding"), ("ticket", "PROJ-456"), ("developer", "ada"), ("team", "checkout")):
        group = sessions.summarize(by, gauge=gauge)[key]
        assert group.tokens == sum(CALLS.values()) + len(CALLS)
        assert group.unpriced_calls == 0
    assert set(sessions.summarize("operation", gauge=gauge)) >= {"recognize", "implement"}


def test_operations_find_trends_in_what_the_others_recorded(gauge: agentgauge.Gauge) -> None:
    trend = operations.MetricsCollector(gauge=gauge).analyze_performance_trends("implement", "1h")
    assert (trend.data_points, trend.total_tokens) == (1, CALLS["sessions"] + 1)
    assert trend.avg_duration == pytest.approx(1.5)
    assert trend.success_rate == 100


def test_features_count_the_errors_of_the_others(gauge: agentgauge.Gauge) -> None:
    advanced = features.AdvancedMetrics(gauge=gauge)
    assert advanced.get_error_stats()["total_errors"] == 2
    assert advanced.get_error_stats(feature="learning")["total_errors"] == 1


def test_a_run_read_back_holds_what_others_recorded_in_it(gauge: agentgauge.Gauge, home: Path) -> None:
    with gauge.scope(run="r-2", issue=8):
        sessions.MetricsCollector(gauge=gauge).record_from_result(
            sessions.AgentResult(
                usage=sessions.TokenUsage(input_tokens=7, output_tokens=2), model=MODEL, provider="anthropic"
            ),
            agent_role="review",
            operation="code_review",
        )
        gauge.llm_call(MODEL, "anthropic", input_tokens=70, output_tokens=20)
    run = runs.MetricsCollector.recover("r-2", gauge=gauge).run_metrics
    assert run.total_tokens == 99


def test_every_event_is_in_the_lake_once_after_compaction(gauge: agentgauge.Gauge, home: Path) -> None:
    def ask() -> list[dict[str, Any]]:
        query = "SELECT kind, count(*) AS events FROM events GROUP BY kind ORDER BY kind"
        result = CliRunner().invoke(app, ["sql", query, "--home", str(home), "--json"])
        assert result.exit_code == 0, result.output
        rows: list[dict[str, Any]] = msgspec.json.decode(result.stdout)
        return rows

    before = ask()
    assert CliRunner().invoke(app, ["compact", "--home", str(home)]).exit_code == 0
    assert ask() == before
    assert gauge.health().refused == {}
