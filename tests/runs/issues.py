"""Issues and runs with something in every table."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agentgauge.runs.models import (
    AgentMetrics,
    AgentType,
    CodeMetrics,
    DebuggingCycle,
    ErrorRecord,
    IssueMetrics,
    LLMConfig,
    PipelineAttempt,
    RunMetrics,
    Status,
    SystemConfig,
    TokenUsage,
    ToolUsage,
)

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TABLES = ("runs", "issues", "agents", "pipelines", "tool_usage", "debugging_cycles", "errors")
CONFIG = SystemConfig(llm=LLMConfig(provider="deepseek", model="deepseek-chat", temperature=0.7), max_retries=3)


def issue(run_id: str = "run-1", issue_id: str = "3", agents: int = 2, **fields: Any) -> IssueMetrics:
    """A finished issue."""
    usage = TokenUsage(1500, 800, "deepseek-chat", "deepseek", cost_usd=0.000434)
    values: dict[str, Any] = {
        "project_id": "171",
        "config": CONFIG,
        "run_start_time": START,
        "status": Status.COMPLETED,
        "start_time": START,
        "end_time": START + timedelta(seconds=90),
        "duration_seconds": 90.0,
        "code_metrics": CodeMetrics(files_created=3, lines_added=250, test_coverage_percent=85.0),
        "token_usage": usage,
        "tool_usage": {"bash": ToolUsage("bash", calls=4, failures=1, timed_calls=4, total_duration_seconds=2.0)},
        "agents": [
            AgentMetrics(AgentType.CODING, f"{issue_id}-{number}", issue_id, token_usage=usage)
            for number in range(agents)
        ],
        "agent_count": agents,
        "pipelines": [PipelineAttempt("12345", "abc123", "success", "success", "testing", failed_jobs=["lint", "e2e"])],
        "debugging_cycles": [DebuggingCycle("c1", errors=["AssertionError"], attempts=2, resolution="typo")],
        "errors": [ErrorRecord("ValueError", 'says "no", twice\r\nand =1+1', time=START)],
        "error_count": 1,
    }
    return IssueMetrics(issue_id, run_id, **(values | fields))


def run(*issues: IssueMetrics, run_id: str = "run-1", **fields: Any) -> RunMetrics:
    """A finished run of some issues."""
    values: dict[str, Any] = {
        "project_id": "171",
        "config": CONFIG,
        "status": Status.COMPLETED,
        "start_time": START,
        "end_time": START + timedelta(minutes=5),
        "duration_seconds": 300.0,
        "issues": {member.issue_id: member for member in issues},
        "issues_by_status": {"completed": len(issues)} if issues else {},
    }
    return RunMetrics(run_id, **(values | fields))


def table(base: Path, name: str) -> list[dict[str, str]]:
    """The rows of a CSV table, as the standard library reads them."""
    with (base / "csv" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def sizes(base: Path) -> dict[str, int]:
    """The number of rows of every table."""
    return {name: len(table(base, name)) for name in TABLES}
