"""A bit of work recorded with each vocabulary, in two projects, as tests of records and of the API ask about it.

shop      run r-1: an issue resolved by two agents, with a failed tool, an error, a pipeline and a debugging cycle
          run r-2: started, and never ended
          session s-1 on ticket PROJ-456, the feature search
billing   run r-1 too: another of the same name; ticket BILL-1 failed
"""

from __future__ import annotations

from pathlib import Path

import agentgauge
from agentgauge import features, operations, runs, sessions
from agentgauge.runs.models import AgentType, LLMConfig, Status, SystemConfig

MODEL = "claude-sonnet-4-5"
UNPRICED = "house-model"
_CONFIG = SystemConfig(llm=LLMConfig(provider="anthropic", model=MODEL, temperature=0.2))


def record(home: Path) -> None:
    with agentgauge.open(home, project="shop") as gauge:
        _shop(gauge)
    with agentgauge.open(home, project="billing") as gauge:
        _billing(gauge)


def _shop(gauge: agentgauge.Gauge) -> None:
    with gauge.scope(user="ada"):
        _run(gauge)
        _unfinished(gauge)
        with gauge.scope(agent="coder", role="coding"):
            _operation(gauge)
            _feature(gauge)
        _session(gauge)


def _run(gauge: agentgauge.Gauge) -> None:
    run = runs.MetricsCollector(run_id="r-1", config=_CONFIG, gauge=gauge)
    run.start_issue(3)
    run.start_agent(AgentType.CODING, issue_id=3)
    run.end_tool_call(run.start_tool_call("bash"), success=True)
    run.end_tool_call(run.start_tool_call("pytest"), success=False, error="1 failed")
    run.record_token_usage(input_tokens=1000, output_tokens=100, model=MODEL)
    cycle = run.start_debugging_cycle(["assert 1 == 2"])
    run.record_token_usage(input_tokens=2000, output_tokens=200, model=UNPRICED)
    run.record_error(error_type="AssertionError", error_message="1 == 2", severity="warning")
    run.end_debugging_cycle(cycle, resolved=True)
    run.finalize_agent(success=True, quality_score=80)
    run.start_agent(AgentType.REVIEW, issue_id=3)
    run.record_token_usage(input_tokens=300, output_tokens=30, model=MODEL)
    run.finalize_agent(success=True, quality_score=90)
    run.record_pipeline("77", commit_sha="abc", status="success", triggered_by="coding")
    run.finalize_issue(3, Status.COMPLETED)
    run.finalize_run(Status.COMPLETED)


def _unfinished(gauge: agentgauge.Gauge) -> None:
    run = runs.MetricsCollector(run_id="r-2", config=_CONFIG, gauge=gauge)
    run.start_issue(4)
    run.start_agent(AgentType.CODING, issue_id=4)
    run.record_token_usage(input_tokens=10, output_tokens=1, model=MODEL)


def _operation(gauge: agentgauge.Gauge) -> None:
    collector = operations.MetricsCollector("o-1", gauge=gauge)
    operation = collector.start_operation("qa_response", metadata={"query_type": "general"})
    collector.add_component_timing(operation, "vector_search", 0.5)
    collector.record_tool_call(operation, "web_search", operations.ToolCallStatus.SUCCESS, duration=0.2)
    collector.record_token_usage(operation, 150, 75, MODEL)
    collector.end_operation(operation, success=False, quality_score=40)


def _feature(gauge: agentgauge.Gauge) -> None:
    advanced = features.AdvancedMetrics(gauge=gauge)
    advanced.record_feature_usage("search", "query", duration_ms=30.0, success=True)
    advanced.record_feature_usage("search", "query", duration_ms=90.0, success=False)
    advanced.record_satisfaction("search", "accuracy", 4)
    advanced.record_error(feature="search", error_type="IndexError", error_severity="error")


def _session(gauge: agentgauge.Gauge) -> None:
    sessions.MetricsCollector(session_id="s-1", gauge=gauge).record_from_result(
        sessions.AgentResult(
            usage=sessions.TokenUsage(input_tokens=1200, output_tokens=340),
            model=MODEL,
            provider="anthropic",
            duration_ms=2300,
        ),
        agent_role="interview",
        operation="ask_question",
        ticket_id="PROJ-456",
    )


def _billing(gauge: agentgauge.Gauge) -> None:
    run = runs.MetricsCollector(run_id="r-1", config=_CONFIG, gauge=gauge)
    run.finalize_run(Status.FAILED)
    sessions.MetricsCollector(session_id="s-2", gauge=gauge).record_from_result(
        sessions.AgentResult(
            usage=sessions.TokenUsage(input_tokens=5, output_tokens=5), model=MODEL, provider="anthropic"
        ),
        agent_role="interview",
        operation="ask_question",
        ticket_id="BILL-1",
        outcome="failure",
    )
