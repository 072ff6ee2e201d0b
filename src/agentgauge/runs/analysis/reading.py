"""All runs there are, of the stream and of files, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from agentgauge.recorder import Gauge
from agentgauge.runs.analysis.file_reading import project_in, runs_in_files
from agentgauge.runs.analysis.records import RunRecord
from agentgauge.runs.analysis.stream_reading import runs_in_stream
from agentgauge.runs.file_names import file_name


class RunSet(msgspec.Struct, frozen=True):
    """Runs in the order of their starts, those of unknown start first."""

    runs: tuple[RunRecord, ...]
    damaged: dict[str, str]
    """By path, why a run (its folder) or a part of one (a file) is in no figure."""
    places: tuple[str, ...]
    """Where they were looked for."""


def read_runs(
    base_dir: Path, gauge: Gauge, since: datetime | None, until: datetime | None, project: str | None
) -> RunSet:
    """The runs that started in a window (half open) and belong to a project, all where these are None.

    A run that is in both places counts once, as the stream has it, unless that has lost its start. Raises `LakeError`
    where the home cannot be read.
    """
    damaged: dict[str, str] = {}
    found = {(run.run_id, run.project): run for run in runs_in_stream(gauge)}
    whole: defaultdict[str, list[str | None]] = defaultdict(list)
    for run in found.values():
        if run.is_whole and run.run_id:
            whole[file_name("run", run.run_id)].append(run.project)

    def is_another(folder: Path) -> bool:
        return folder.name not in whole or not _is_among(project_in(folder), whole[folder.name])

    for run in runs_in_files(base_dir, is_another, damaged):
        found[run.run_id, run.project] = run
    wanted = [run for run in found.values() if _in_window(run, since, until) and project in (None, run.project)]
    wanted.sort(key=lambda run: (run.started is not None, run.started, run.run_id, run.project or ""))
    return RunSet(tuple(wanted), damaged, (_home_of(gauge), str(base_dir / "runs")))


def _is_among(project: str | None, projects: Sequence[str | None]) -> bool:
    """Whether a run of that project may be one of these; where one names none, nothing speaks against it."""
    return project is None or None in projects or project in projects


def _in_window(run: RunRecord, since: datetime | None, until: datetime | None) -> bool:
    if since is None and until is None:
        return True
    if run.started is None:
        return False
    return (since is None or run.started >= since) and (until is None or run.started < until)


def _home_of(gauge: Gauge) -> str:
    settings = gauge.settings
    if gauge.sink is None:
        return "the stream, which is switched off"
    return str(settings.home.root) if settings is not None and settings.persist else "the memory of this process"
