"""The files of a run, as a collector saves them: where it has a storage, and recording is on the disk.

What the storage refuses is counted as dropped, `file not written`; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from agentgauge.interruption import is_interruption
from agentgauge.runs.documents import to_document
from agentgauge.runs.models import IssueMetrics, RunMetrics
from agentgauge.runs.stream import RunStream


class Storage(Protocol):
    """Where a collector saves what is final; `MetricsStorage` is one."""

    def has_run(self, run_id: str) -> bool: ...
    def save_metadata(self, run: RunMetrics) -> None: ...
    def save_issue_metrics(self, run_id: str, issue: IssueMetrics) -> None: ...
    def export_issue_to_csv(self, run_id: str, issue: IssueMetrics) -> None: ...
    def save_run_final(self, run: RunMetrics) -> None: ...
    def export_run_to_csv(self, run: RunMetrics) -> None: ...


class RunFiles:
    def __init__(self, stream: RunStream, storage: Storage | None) -> None:
        self._stream = stream
        self._storage = storage if stream.writes_files else None
        self.were_there = False
        """The run had files before this collector started it: it is taken up again."""

    def save_start(self) -> None:
        storage, run = self._storage, self._stream.run()
        if storage is None:
            return

        def save() -> None:
            self.were_there = storage.has_run(run.run_id)
            storage.save_metadata(run)

        self._save(save)

    def save_issue(self, issue_id: str) -> None:
        storage = self._storage
        if storage is not None:
            run, issue = self._stream.run(), self._stream.issue(issue_id)
            self._save(partial(storage.save_metadata, run))
            self._save(partial(storage.save_issue_metrics, run.run_id, issue))
            self._save(partial(storage.export_issue_to_csv, run.run_id, issue))

    def save_run(self, run: RunMetrics, before: RunMetrics | None = None) -> None:
        """Save a run that has ended, and those of its issues that are not as they were `before`."""
        storage = self._storage
        if storage is None:
            return
        saved = {} if before is None else before.issues
        for name, issue in run.issues.items():
            if name not in saved or to_document(issue) != to_document(saved[name]):
                self._save(partial(storage.save_issue_metrics, run.run_id, issue))
        self._save(partial(storage.save_run_final, run))
        self._save(partial(storage.export_run_to_csv, run))

    def _save(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:  # a full disk, or a storage of the caller's: not the agent's concern
            if is_interruption(error):
                raise
            self._stream.count("dropped", "file not written", f"{type(error).__name__}: {error}")
