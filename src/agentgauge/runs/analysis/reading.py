"""All runs there are, of the stream and of files, each once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from agentgauge.recorder import Gauge
from agentgauge.runs.analysis.file_reading import runs_in_files
from agentgauge.runs.analysis.records import RunRecord
from agentgauge.runs.analysis.stream_reading import runs_in_stream
from agentgauge.runs.file_names import file_name


class RunSet(msgspec.Struct, frozen=True):
    """Runs in the order of their starts, those of unknown start first."""

    runs: tuple[RunRecord, ...]
    damaged: dict[str, str]
    """By folder, why a run is left out."""
    places: tuple[str, ...]
    """Where they were looked for."""


def read_runs(
    base_dir: Path, gauge: Gauge, since: datetime | None, until: datetime | None, project: str | None
) -> RunSet:
    """The runs that started in a window (half open) and belong to a project, all where these are None.

    A run that is in both places counts once, as the stream has it, unless that has lost its start. Raises `LakeError`
    where the home cannot be read.
    """
    found: dict[str, RunRecord] = {}
    damaged: dict[str, str] = {}
    for run in runs_in_stream(gauge):
        found[run.run_id] = run
    known = {file_name("run", run.run_id) for run in found.values() if run.is_whole and run.run_id}
    for run in runs_in_files(base_dir, lambda folder: folder not in known, damaged):
        if run.run_id not in found or not found[run.run_id].is_whole:
            found[run.run_id] = run
    wanted = [run for run in found.values() if _in_window(run, since, until) and project in (None, run.project)]
    wanted.sort(key=lambda run: (run.started is not None, run.started, run.run_id))
    return RunSet(tuple(wanted), damaged, (_home_of(gauge), str(base_dir / "runs")))


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
