"""Runs and issues as JSON files, and back."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agentgauge.errors import RunFilesError
from agentgauge.files import make_directory, write_atomically
from agentgauge.runs.documents import from_document, to_document
from agentgauge.runs.models import IssueMetrics, RunMetrics, Status, TokenUsage, ToolUsage, no_usage

M = TypeVar("M")

_LISTS = ("issues", "agents", "pipelines", "debugging_cycles", "errors")
"""Of a run, what metadata.json leaves out."""
_COUNTS = ("agent_count", "failed_agents", "pipeline_count", "failed_pipelines", "debugging_cycle_count", "error_count")
_SUMS = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
    *("reasoning_tokens", "calls", "unpriced_calls"),
)


class RunSummary(msgspec.Struct, frozen=True):
    """A run in a line: what its configuration and totals are."""

    run_id: str
    project_id: str | None
    status: Status | str
    start_time: datetime | None
    end_time: datetime | None
    duration_seconds: float
    """NaN where it is not known."""
    provider: str | None
    model: str | None
    issue_count: int
    success_rate: float
    """Percent of the issues with an outcome; NaN where there are none."""
    total_tokens: int
    total_cost_usd: float
    """Of the calls with a price."""
    unpriced_calls: int
    is_final: bool
    """Whether it has a final report."""
    path: Path
    """Its folder."""


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Make a document the content of a file, whole or not at all; its folder is made where it is missing."""
    make_directory(path.parent)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(path, text.encode("utf-8", "backslashreplace") + b"\n")  # half a surrogate pair as its escape


def issue_document(run_id: str, issue: IssueMetrics) -> dict[str, Any]:
    return to_document(issue) | {"run_id": str(run_id), "issue_id": str(issue.issue_id)}


def run_document(run: RunMetrics, *, whole: bool) -> dict[str, Any]:
    """A run with all that it holds, or without its lists."""
    document = to_document(run) | {"run_id": str(run.run_id)}
    return document if whole else {name: value for name, value in document.items() if name not in _LISTS}


def read_issue(folder: Path, name: str) -> IssueMetrics:
    """An issue from the folder of a run's issues: as saved last, else, where that is missing, its report."""
    return _read(_issue_path(folder, name), IssueMetrics)


def _issue_path(folder: Path, name: str) -> Path:
    saved_last = folder / f"issue_{name}_metrics.json"
    return saved_last if saved_last.exists() else folder / f"issue_{name}_report.json"


def issue_names(folder: Path) -> set[str]:
    """Names of the issues that have a file, as `read_issue` takes them."""
    return {
        path.name.removeprefix("issue_").removesuffix(end)
        for end in ("_metrics.json", "_report.json")
        for path in folder.glob(f"issue_*{end}")
    }


def read_run(folder: Path, damaged: dict[str, str] | None = None) -> RunMetrics:
    """A run from its folder: the final report, else what metadata and issues say.

    With `damaged` it is of the files that can be read, and says there by the path of each other one why: metadata and
    issues stand in for a final report, and an issue is missing. Raises `RunFilesError` where nothing says what the run
    was, and without `damaged` where any file cannot be read.
    """
    final = folder / "final_report.json"
    if final.exists():
        try:
            return _read(final, RunMetrics)
        except RunFilesError as error:
            if damaged is None or not (folder / "metadata.json").exists():
                raise
            damaged[str(final)] = str(error)
    run = _read(folder / "metadata.json", RunMetrics)
    issues = read_issues(folder / "issues", issue_names(folder / "issues"), damaged)
    issues.sort(key=lambda issue: (issue.start_time is None, issue.start_time, issue.issue_id))
    return _with_issues(run, issues)


def read_issues(folder: Path, names: Iterable[str], damaged: dict[str, str] | None = None) -> list[IssueMetrics]:
    """Several issues; with `damaged`, those that can be read."""
    issues: list[IssueMetrics] = []
    for name in names:
        try:
            issues.append(read_issue(folder, name))
        except RunFilesError as error:
            if damaged is None:
                raise
            damaged[str(_issue_path(folder, name))] = str(error)
    return issues


def listed_run(folder: Path) -> RunSummary | None:
    """The summary of the run in a folder; of one with a final report from its metadata alone.

    None where the folder has no file of a run: whoever made it was stopped before the first was there.
    """
    if not any(folder.glob("*.json")) and not any(folder.glob("issues/*.json")):
        return None
    final, metadata = folder / "final_report.json", folder / "metadata.json"
    is_final = final.exists()
    run = _read(metadata, RunMetrics) if is_final and metadata.exists() else read_run(folder)
    if is_final and run.end_time is None:  # it ended between the two files
        run = _read(final, RunMetrics)
    llm = run.config.llm if run.config is not None else None
    return RunSummary(
        run_id=run.run_id,
        project_id=run.project_id,
        status=run.status,
        start_time=run.start_time,
        end_time=run.end_time,
        duration_seconds=run.duration_seconds,
        provider=llm.provider if llm is not None else None,
        model=llm.model if llm is not None else None,
        issue_count=run.issue_count,
        success_rate=run.success_rate,
        total_tokens=run.total_tokens,
        total_cost_usd=run.total_cost_usd,
        unpriced_calls=run.unpriced_calls,
        is_final=is_final,
        path=folder,
    )


def _read(path: Path, model: type[M]) -> M:
    advice = "delete it or bring it back from a copy; the journal still has the events it was made from"
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise RunFilesError(f"{path}: there is no such file") from None
    except OSError as error:
        raise RunFilesError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RunFilesError(f"{path} is no JSON ({error}): {advice}") from error
    if not isinstance(document, dict):
        raise RunFilesError(f"{path} holds a {type(document).__name__} where an object belongs: {advice}")
    try:
        return from_document(model, document)
    except ValueError as error:
        raise RunFilesError(f"{path} cannot be understood ({error}): {advice}") from error


def _with_issues(run: RunMetrics, issues: list[IssueMetrics]) -> RunMetrics:
    """A run that was not finished, with its issues.

    Metadata and issues may be of different moments. Totals only grow, so the larger is the later one.
    """
    run.issues = {issue.issue_id: issue for issue in issues}
    if len(issues) >= run.issue_count:
        run.issues_by_status = dict(Counter(str(issue.status) for issue in issues))
    for name in _COUNTS:
        setattr(run, name, max(getattr(run, name), sum(getattr(issue, name) for issue in issues)))
    usage = _summed_usage(issue.token_usage for issue in issues)
    if usage.calls > run.token_usage.calls:
        run.token_usage = usage
    tools = _summed_tools(tool for issue in issues for tool in issue.tool_usage.values())
    for name, tool in tools.items():
        if name not in run.tool_usage or tool.calls > run.tool_usage[name].calls:
            run.tool_usage[name] = tool
    return run


def _summed_usage(usages: Iterable[TokenUsage]) -> TokenUsage:
    total = no_usage()
    models: dict[str, None] = {}
    for usage in usages:
        for name in _SUMS:
            setattr(total, name, getattr(total, name) + getattr(usage, name))
        total.cost_usd += 0.0 if math.isnan(usage.cost_usd) else usage.cost_usd
        models |= dict.fromkeys((usage.model or "").split(", "))
    total.model = ", ".join(name for name in models if name) or None
    return total


def _summed_tools(tools: Iterable[ToolUsage]) -> dict[str, ToolUsage]:
    totals: dict[str, ToolUsage] = {}
    for tool in tools:
        total = totals.setdefault(tool.tool_name, ToolUsage(tool.tool_name))
        total.calls += tool.calls
        total.failures += tool.failures
        total.timed_calls += tool.timed_calls
        total.total_duration_seconds += tool.total_duration_seconds
        total.cost_usd += tool.cost_usd
        total.errors = dict(Counter(total.errors) + Counter(tool.errors))
    return totals
