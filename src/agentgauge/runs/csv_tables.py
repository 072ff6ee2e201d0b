"""The seven CSV tables of document 000: their columns, and the rows that runs and issues have in them.

Units are in the names. What is not known is empty. An issue's rows in one table are one group, known by run and issue;
what a run has outside its issues is the group without an issue. Fields of the user, from `extra` and from subclasses,
follow as columns of their own name, as `extra.<name>` where a column has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from agentgauge.runs.csv_file import Row
from agentgauge.runs.models import (
    AgentMetrics,
    CodeMetrics,
    DebuggingCycle,
    ErrorRecord,
    IssueMetrics,
    LLMConfig,
    PipelineAttempt,
    RunMetrics,
    SystemConfig,
    TokenUsage,
    ToolUsage,
)

_CONFIG = ("llm_provider", "llm_model", "llm_temperature", "max_retries", "min_coverage_percent", "execution_mode")
_TIMES = ("start_time", "end_time", "duration_seconds")
_USAGE = (
    "calls",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "reasoning_tokens",
    "cost_usd",
    "unpriced_calls",
)
_CODE = (
    "files_created",
    "files_modified",
    "files_deleted",
    "lines_added",
    "lines_deleted",
    "test_coverage_percent",
    "tests_run",
    "tests_passed",
)
_COUNTS = ("agent_count", "failed_agents", "pipeline_count", "failed_pipelines", "debugging_cycle_count", "error_count")
_ISSUE = ("run_id", "issue_id")

COLUMNS: dict[str, tuple[str, ...]] = {
    "runs": (
        *("run_id", "project_id", "status", *_TIMES, *_CONFIG),
        *("issue_count", "completed_issues", "failed_issues", "success_rate_percent", *_USAGE, *_COUNTS),
    ),
    "issues": (*_ISSUE, "project_id", "status", *_TIMES, "llm_model", *_USAGE, *_COUNTS, *_CODE),
    "agents": (
        *(*_ISSUE, "agent_id", "parent_agent_id", "agent_type", "attempt", "retries", "status", *_TIMES),
        *("quality_score", "model", *_USAGE, "tool_calls", "failed_tool_calls", "error_count"),
        *("error_type", "error_message"),
    ),
    "pipelines": (
        *(*_ISSUE, "pipeline_id", "attempt", "time", "commit_sha", "status", "outcome", "triggered_by"),
        *("agent_type", "execution_time_seconds", "queue_time_seconds", "failed_jobs"),
    ),
    "tool_usage": (
        *(*_ISSUE, "tool_name", "calls", "failures", "success_rate_percent", "timed_calls"),
        *("total_duration_seconds", "mean_duration_seconds", "cost_usd", "errors"),
    ),
    "debugging_cycles": (
        *(*_ISSUE, "cycle_id", "number", "status", *_TIMES, "agent_type", "attempts", "resolved", "resolution"),
        "errors",
    ),
    "errors": (
        *(*_ISSUE, "time", "agent_type", "error_type", "error_category", "severity", "recovery"),
        "error_message",
    ),
}
"""Of each table, by the name of its file."""

KEYS: dict[str, tuple[str, ...]] = {table: ("run_id",) if table == "runs" else _ISSUE for table in COLUMNS}


def issue_rows(run_id: str, issue: IssueMetrics) -> dict[str, list[Row]]:
    """An issue's rows, by table; those of `issues` last, so that an issue that is there is there whole."""
    rows = _child_rows(run_id, issue.issue_id, issue)
    values = {
        **_of(issue, *_ISSUE, "project_id", "status", *_TIMES, *_COUNTS),
        "run_id": run_id,
        "llm_model": issue.config.llm.model if issue.config is not None else None,
        **_usage(issue.token_usage),
        **({} if issue.code_metrics is None else _of(issue.code_metrics, *_CODE)),
    }
    own = [*_own(issue, IssueMetrics), *_own(issue.code_metrics, CodeMetrics)]
    rows["issues"] = [_with_own("issues", values, own)]
    return rows


def run_rows(run: RunMetrics) -> dict[str, list[Row]]:
    """A run's row in `runs`, last, and what it has outside its issues."""
    rows = _child_rows(run.run_id, "", run)
    config = run.config or SystemConfig()
    by_status = run.issues_by_status
    values = {
        **_of(run, "run_id", "project_id", "status", *_TIMES, "issue_count", *_COUNTS),
        **{f"llm_{name}": value for name, value in _of(config.llm, "provider", "model", "temperature").items()},
        **_of(config, "max_retries", "min_coverage_percent", "execution_mode"),
        "completed_issues": by_status.get("completed", 0),
        "failed_issues": by_status.get("failed", 0),
        "success_rate_percent": run.success_rate,
        **_usage(run.token_usage),
    }
    own = [*_own(run, RunMetrics), *_own(run.config, SystemConfig), *_own(config.llm, LLMConfig)]
    rows["runs"] = [_with_own("runs", values, own)]
    return rows


def _child_rows(run_id: str, issue_id: str, whole: IssueMetrics | RunMetrics) -> dict[str, list[Row]]:
    tools = whole.tool_usage.values() if isinstance(whole, IssueMetrics) else ()
    key = {"run_id": run_id, "issue_id": issue_id}
    return {
        "agents": [_agent_row(agent) | key for agent in whole.agents],
        "pipelines": [_plain_row("pipelines", attempt, PipelineAttempt) | key for attempt in whole.pipelines],
        "tool_usage": [_tool_row(tool) | key for tool in tools],
        "debugging_cycles": [
            _plain_row("debugging_cycles", cycle, DebuggingCycle) | key for cycle in whole.debugging_cycles
        ],
        "errors": [_plain_row("errors", error, ErrorRecord) | key for error in whole.errors],
    }


def _agent_row(agent: AgentMetrics) -> dict[str, object]:
    usage: TokenUsage = agent.token_usage
    names = [name for name in COLUMNS["agents"] if hasattr(agent, name)]
    tools = agent.tool_usage.values()
    values = {
        **_of(agent, *names),
        "model": usage.model,
        **_usage(usage),
        "tool_calls": sum(tool.calls for tool in tools),
        "failed_tool_calls": sum(tool.failures for tool in tools),
    }
    return _with_own("agents", values, _own(agent, AgentMetrics))


def _tool_row(tool: ToolUsage) -> dict[str, object]:
    names = [name for name in COLUMNS["tool_usage"] if hasattr(tool, name)]
    rate = 100 * (tool.calls - tool.failures) / tool.calls if tool.calls else None
    return _with_own("tool_usage", {**_of(tool, *names), "success_rate_percent": rate}, _own(tool, ToolUsage))


def _plain_row(table: str, model: Any, base: type) -> dict[str, object]:
    """Of a model whose fields are the table's columns."""
    return _with_own(table, _of(model, *(name for name in COLUMNS[table] if name not in _ISSUE)), _own(model, base))


def _usage(usage: TokenUsage) -> dict[str, object]:
    """Sums over calls. Where no call has a price the cost is not 0 but not known."""
    is_known = usage.calls > usage.unpriced_calls or usage.calls == 0
    return _of(usage, *_USAGE) | ({} if is_known else {"cost_usd": None})


def _of(model: object, *names: str) -> dict[str, object]:
    return {name: getattr(model, name) for name in names}


def _own(model: Any, base: type) -> Iterator[tuple[str, object]]:
    """The user's fields of a model: what a subclass adds, and what is in `extra`."""
    if model is None:
        return
    known = {field.name for field in fields(base)}
    for field in fields(model):
        if field.name not in known:
            yield field.name, getattr(model, field.name)
    yield from getattr(model, "extra", {}).items()


def _with_own(table: str, values: dict[str, object], own: Iterable[tuple[str, object]]) -> dict[str, object]:
    row = dict(values)
    for name, value in own:
        text = str(name)
        row[f"extra.{text}" if text in COLUMNS[table] else text] = value
    return row
