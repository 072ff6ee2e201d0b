"""Runs from a tree of files, `<base_dir>/runs`, as `MetricsStorage` writes it: one run in memory at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from agentgauge.errors import RunFilesError
from agentgauge.runs.analysis.records import IssueRecord, RunRecord, configuration, known_cost
from agentgauge.runs.json_files import read_run
from agentgauge.runs.models import AgentMetrics, IssueMetrics, PipelineAttempt, RunMetrics, TokenUsage


def runs_in_files(base_dir: Path, is_wanted: Callable[[str], bool], damaged: dict[str, str]) -> Iterator[RunRecord]:
    """The runs below a folder whose folders' names are wanted: the final report of each, else its metadata and issues.

    A run with a file that cannot be understood is left out, and `damaged` says by its folder why.
    """
    folders = base_dir / "runs"
    for folder in sorted(folders.iterdir()) if folders.is_dir() else ():
        if not folder.is_dir() or not is_wanted(folder.name) or _is_empty(folder):
            continue
        try:
            yield _record(read_run(folder))
        except RunFilesError as error:
            damaged[str(folder)] = str(error)
        except (TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            damaged[str(folder)] = f"a value in it is not what its field holds ({error})"


def _is_empty(folder: Path) -> bool:
    """No file of a run is there: whoever made the folder was stopped before the first."""
    return not any(folder.glob("*.json")) and not any(folder.glob("issues/*.json"))


def _record(run: RunMetrics) -> RunRecord:
    issues = tuple(run.issues.values())
    agents = [*run.agents, *(agent for issue in issues for agent in issue.agents)]
    pipelines = [*run.pipelines, *(pipeline for issue in issues for pipeline in issue.pipelines)]
    usage = run.token_usage
    scores = _scores(agents)
    named = (usage.model or "").split(", ")
    return RunRecord(
        run_id=run.run_id,
        project=run.project_id,
        config=configuration(run.config, [name for name in named if name]),
        status=str(run.status),
        started=run.start_time,
        seconds=run.duration_seconds,
        issues=tuple(_issue(issue) for issue in issues),
        calls=usage.calls,
        unpriced_calls=_unpriced(usage),
        priced_usd=_money(run.total_cost_usd),
        tokens=usage.total_tokens,
        quality_sum=math.fsum(scores),
        quality_count=len(scores),
        pipelines=run.pipeline_count,
        green_pipelines=_green(pipelines, run.pipeline_count, run.failed_pipelines),
        debugging_cycles=run.debugging_cycle_count,
        errors=run.error_count,
        source="files",
    )


def _issue(issue: IssueMetrics) -> IssueRecord:
    usage, scores = issue.token_usage, _scores(issue.agents)
    return IssueRecord(
        issue=str(issue.issue_id),
        success=issue.success,
        seconds=issue.duration_seconds,
        cost_usd=known_cost(_money(issue.total_cost_usd), usage.calls, _unpriced(usage)),
        quality_sum=math.fsum(scores),
        quality_count=len(scores),
    )


def _scores(agents: Iterable[AgentMetrics]) -> list[float]:
    return [agent.quality_score for agent in agents if not math.isnan(agent.quality_score)]


def _green(listed: list[PipelineAttempt], count: int, failed: int) -> int:
    """Attempts that succeeded; where the file lists only the newest, those that neither failed nor are undecided."""
    if len(listed) >= count:
        return sum(1 for pipeline in listed if pipeline.outcome == "success")
    return count - failed - sum(1 for pipeline in listed if pipeline.outcome is None)


def _unpriced(usage: TokenUsage) -> int:
    """Calls without a price; all of them where the file states no cost."""
    return max(usage.calls, 1) if math.isnan(usage.cost_usd) else usage.unpriced_calls


def _money(usd: float) -> Decimal:
    """What a file says in floats; its shortest text is what was written."""
    return Decimal(repr(usd)) if math.isfinite(usd) else Decimal(0)
