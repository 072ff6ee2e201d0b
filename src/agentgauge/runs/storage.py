"""The files of document 000: a tree of JSON per run, and seven CSV tables over all runs.

    <base_dir>/runs/<run>/metadata.json                   the run: configuration and totals, without its lists
                          final_report.json               the run with everything, once it is final
                          issues/issue_<N>_metrics.json   an issue as it was saved last
                                 issue_<N>_report.json    the same, once it is final
    <base_dir>/csv/runs.csv, issues.csv, agents.csv, pipelines.csv, tool_usage.csv, debugging_cycles.csv, errors.csv

Promises: every file is replaced in one step, when its content is on the disk, so after a crash anywhere all of them
can be read and none is half written. A row of CSV is written once, however often and by however many processes it is
exported; an issue exported again with other figures takes the place of its old rows. Two processes that save the same
issue leave the later one.

Costs: saving an issue is one file written and synced, two once it is final; exporting one is an append and a sync for
each of the tables that it has rows in, whatever their length. See `agentgauge.runs.csv_file` for what is dearer.
"""

from __future__ import annotations

import os
from pathlib import Path

from agentgauge.errors import RunFilesError
from agentgauge.files import file_lock, make_directory
from agentgauge.runs.csv_file import CsvFile, Row
from agentgauge.runs.csv_tables import COLUMNS, KEYS, issue_rows, run_rows
from agentgauge.runs.file_names import file_name, id_text
from agentgauge.runs.json_files import (
    RunSummary,
    issue_document,
    listed_run,
    read_issue,
    read_run,
    run_document,
    write_document,
)
from agentgauge.runs.models import IssueMetrics, RunMetrics
from agentgauge.settings import Settings, get_settings


class RunList(list[RunSummary]):
    """Summaries of runs, newest first; a list, and beside it what could not be read."""

    def __init__(self, runs: list[RunSummary], damaged: dict[str, str]) -> None:
        super().__init__(runs)
        self.damaged = damaged
        """By folder, why a run could not be read."""


class MetricsStorage:
    """The files of runs below `base_dir`, which is made when something is first written.

    Where recording is switched off (`AGENTGAUGE_DISABLED=1`, `ENABLE_METRICS=false`) or kept from the disk
    (`ENABLE_METRICS_PERSISTENCE=false`) nothing is written; reading works as ever. `settings` are those of the
    environment by default, read when this is made.

    Methods that write raise OSError where the disk refuses, and `RunFilesError` for an id that can name no file. Safe
    to share between threads and forked children.
    """

    def __init__(self, base_dir: str | os.PathLike[str] = "logs", *, settings: Settings | None = None) -> None:
        settings = settings or get_settings()
        self.base_dir = Path(base_dir)
        self._writes = settings.enabled and settings.persist
        csv = self.base_dir / "csv"
        self._tables = {name: CsvFile(csv / f"{name}.csv", COLUMNS[name], KEYS[name]) for name in COLUMNS}

    # Writing

    def save_metadata(self, run: RunMetrics) -> None:
        """Write where a run stands, metadata.json: its configuration and totals."""
        if self._writes:
            write_document(self._run_folder(run.run_id) / "metadata.json", run_document(run, whole=False))

    def save_issue_metrics(self, run_id: str, issue: IssueMetrics) -> None:
        """Write what is known of an issue, open or final; and metadata.json where the run has none yet."""
        folder = self._run_folder(run_id)
        name = f"issue_{file_name('issue', issue.issue_id)}"
        if not self._writes:
            return
        if not (folder / "metadata.json").exists():
            run = RunMetrics(
                run_id=str(run_id),
                project_id=issue.project_id,
                config=issue.config,
                start_time=issue.run_start_time or issue.start_time,
            )
            self.save_metadata(run)
        document = issue_document(run_id, issue)
        write_document(folder / "issues" / f"{name}_metrics.json", document)
        if issue.end_time is not None:
            write_document(folder / "issues" / f"{name}_report.json", document)

    def save_run_final(self, run: RunMetrics) -> None:
        """Write the final report of a run, and its totals as metadata.json."""
        folder = self._run_folder(run.run_id)
        if self._writes:
            write_document(folder / "final_report.json", run_document(run, whole=True))
            self.save_metadata(run)

    def export_issue_to_csv(self, run_id: str, issue: IssueMetrics) -> None:
        """Add an issue's rows to the tables: its own and those of its agents, pipelines, tools, cycles and errors.

        Rows that are there with the same figures stay; with others they are replaced, so the latest export counts.
        """
        run, number = id_text("run", run_id), id_text("issue", issue.issue_id)
        self._export(run, [((run, number), issue_rows(run, issue))])

    def export_run_to_csv(self, run: RunMetrics) -> None:
        """Add a run's row, what it has outside its issues, and those of its ended issues that are not there yet."""
        run_id = id_text("run", run.run_id)
        groups = [
            ((run_id, str(issue.issue_id)), issue_rows(run_id, issue))
            for issue in run.issues.values()
            if issue.end_time is not None
        ]
        self._export(run_id, [*groups, ((run_id, ""), run_rows(run))])

    def _export(self, run_id: str, groups: list[tuple[tuple[str, str], dict[str, list[Row]]]]) -> None:
        if not self._writes:
            return
        folder = self.base_dir / "csv"
        make_directory(folder)
        order = [*(name for name in COLUMNS if name not in ("issues", "runs")), "issues", "runs"]
        with file_lock(folder / ".lock"):
            for table in order:
                width = len(KEYS[table])
                put = {key[:width]: rows[table] for key, rows in groups if table in rows}
                self._tables[table].put(run_id, put)

    # Reading

    def list_runs(self) -> RunList:
        """All runs, newest first; of each that cannot be read, `.damaged` says why.

        Reads metadata.json of each run, and all issues of a run that was never finished.
        """
        found: list[RunSummary] = []
        damaged: dict[str, str] = {}
        folders = self.base_dir / "runs"
        for folder in sorted(folders.iterdir()) if folders.is_dir() else ():
            if not folder.is_dir():
                continue
            try:
                run = listed_run(folder)
            except RunFilesError as error:
                damaged[folder.name] = str(error)
            else:
                found += [run] if run is not None else []
        found.sort(key=lambda run: (run.start_time.timestamp() if run.start_time else 0.0, run.run_id), reverse=True)
        return RunList(found, damaged)

    def has_run(self, run_id: str) -> bool:
        """Whether there are files of a run."""
        return (self._run_folder(run_id) / "metadata.json").exists()

    def load_run(self, run_id: str) -> RunMetrics:
        """A run as it was saved: its final report, else what its metadata and its issues' files say.

        Raises `RunFilesError` where there is none, or where a file of it is damaged, which it names.
        """
        folder = self._run_folder(run_id)
        if not folder.is_dir():
            raise RunFilesError(f"there is no run {run_id!r} in {folder.parent}: list_runs() gives those there are")
        return read_run(folder)

    def load_issue(self, run_id: str, issue_id: str | int) -> IssueMetrics:
        """An issue as it was saved last. Raises `RunFilesError` as `load_run` does."""
        return read_issue(self._run_folder(run_id) / "issues", file_name("issue", issue_id))

    def _run_folder(self, run_id: str) -> Path:
        return self.base_dir / "runs" / file_name("run", run_id)
