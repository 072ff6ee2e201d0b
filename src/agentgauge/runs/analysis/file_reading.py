"""Runs from a tree of files, `<base_dir>/runs`, as `MetricsStorage` writes it: one run in memory at a time.

Files are from outside: what a value may be is checked, and what cannot be read is named. Of a run with a damaged file
the others count. An issue that no file describes any more has the outcome that the run's own count of them says, and
neither time nor cost of its own.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from agentgauge.errors import RunFilesError
from agentgauge.runs.analysis.records import IssueRecord, RunRecord, configuration, known_cost
from agentgauge.runs.file_names import file_name, id_text
from agentgauge.runs.json_files import issue_names, read_issues, read_run
from agentgauge.runs.models import AgentMetrics, IssueMetrics, PipelineAttempt, RunMetrics, TokenUsage
from agentgauge.runs.words import success_of

_LARGEST = 1e15
"""Of what files state as a float: more is no duration, and no money."""


def runs_in_files(base_dir: Path, is_wanted: Callable[[Path], bool], damaged: dict[str, str]) -> Iterator[RunRecord]:
    """The runs below a folder whose own folders are wanted: the final report of each, else its metadata and issues.

    `damaged` says by path what could not be read, and why: a file, whose run counts without it, or the folder of a run
    that does not count at all.
    """
    folders = base_dir / "runs"
    for folder in sorted(folders.iterdir()) if folders.is_dir() else ():
        if not folder.is_dir() or _is_empty(folder) or not is_wanted(folder):
            continue
        found: dict[str, str] = {}
        try:
            yield _checked(_record(read_run(folder, found), folder, found))
            damaged |= found
        except RunFilesError as error:
            damaged[str(folder)] = str(error)
        except (TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            damaged[str(folder)] = f"a value in it is not what its field holds ({error})"


def project_in(folder: Path) -> str | None:
    """The project of the run in a folder, as far as its metadata can be read and say it."""
    try:
        stated = json.loads((folder / "metadata.json").read_bytes())["project_id"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return stated if isinstance(stated, str) else None


def _is_empty(folder: Path) -> bool:
    """No file of a run is there: whoever made the folder was stopped before the first."""
    return not any(folder.glob("*.json")) and not any(folder.glob("issues/*.json"))


def _checked(record: RunRecord) -> RunRecord:
    """A record whose values are of the types it states: files hold anything."""
    plain = msgspec.to_builtins(record, builtin_types=(datetime, Decimal))
    return msgspec.convert(plain, RunRecord)


def _record(run: RunMetrics, folder: Path, damaged: dict[str, str]) -> RunRecord:
    listed = list(run.issues.values())
    if run.issue_count > len(listed):  # a report lists the newest issues only
        known = {file_name("issue", issue.issue_id) for issue in listed}
        listed += read_issues(folder / "issues", sorted(issue_names(folder / "issues") - known), damaged)
    agents = [*run.agents, *(agent for issue in listed for agent in issue.agents)]
    pipelines = [*run.pipelines, *(pipeline for issue in listed for pipeline in issue.pipelines)]
    usage = run.token_usage
    scores = _scores(agents)
    named = (usage.model or "").split(", ")
    return RunRecord(
        run_id=id_text("run", run.run_id),
        project=run.project_id,
        config=configuration(run.config, [name for name in named if name]),
        status=str(run.status),
        started=run.start_time,
        seconds=_amount("duration_seconds", run.duration_seconds),
        issues=(*map(_issue, listed), *_undescribed(run, listed)),
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
        seconds=_amount("duration_seconds", issue.duration_seconds),
        cost_usd=known_cost(_money(issue.total_cost_usd), usage.calls, _unpriced(usage)),
        quality_sum=math.fsum(scores),
        quality_count=len(scores),
    )


def _undescribed(run: RunMetrics, listed: list[IssueMetrics]) -> Iterator[IssueRecord]:
    """Issues that the run counts and no file describes, under names that no other run has."""
    missing = run.issue_count - len(listed)
    statuses = Counter(run.issues_by_status) - Counter(str(issue.status) for issue in listed)
    for n, status in enumerate(sorted(statuses.elements())[: max(missing, 0)], 1):
        yield IssueRecord(f"{run.run_id} without a file {n}", success_of(status), math.nan, None, 0.0, 0)


def _scores(agents: Iterable[AgentMetrics]) -> list[float]:
    return [
        _amount("quality_score", agent.quality_score, 100) for agent in agents if not math.isnan(agent.quality_score)
    ]


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
    return Decimal(0) if math.isnan(usd) else Decimal(repr(_amount("cost_usd", usd)))


def _amount(name: str, value: float, most: float = _LARGEST) -> float:
    """A float from 0 on, or NaN. Raises ValueError for another, which no sum is to take in."""
    if value < 0 or value > most:
        raise ValueError(f"{name} is {value}")
    return value
