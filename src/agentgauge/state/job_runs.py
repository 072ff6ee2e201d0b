"""What the jobs did: one row per run, with how it ended.

That only one process runs a job is the lease's business (`leases`). A run that its process did not live to end is
`abandoned`, which whoever has the lease next says of it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.changes import changed
from agentgauge.state.columns import moment
from agentgauge.state.identifiers import next_id
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Store

Status = Literal["running", "succeeded", "failed", "abandoned"]
_COLUMNS = "id, job, scheduled_at, started_at, finished_at, status, holder, result, error"


class JobRun(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    job: str
    scheduled: datetime
    """When it was due, which is earlier than `started` where it was caught up."""
    started: datetime
    finished: datetime | None
    status: Status
    holder: str
    """The process that ran it."""
    result: str
    """One line of what it did; empty until it succeeded."""
    error: str
    """Why it failed; empty otherwise."""


class JobRuns:
    def __init__(self, store: Store) -> None:
        self._store = store

    def start(self, job: str, scheduled: datetime, holder: str, at: datetime) -> JobRun:
        """Note that a run begins. Raises `StateError`."""
        with self._store.transaction() as connection:
            number = next_id(connection, "job_run")
            insert(
                connection,
                "job_runs",
                id=number,
                job=job,
                scheduled_at=to_micros(scheduled),
                started_at=to_micros(at),
                status="running",
                holder=holder,
                result="",
                error="",
            )
            changed(connection, "jobs")
        return JobRun(
            id=number, job=job, scheduled=scheduled, started=at, finished=None, status="running",
            holder=holder, result="", error="",
        )  # fmt: skip

    def succeeded(self, run: JobRun, at: datetime, result: str) -> None:
        """Note that it did what it should. Raises `StateError`."""
        self._finish(run, at, "succeeded", result, "")

    def failed(self, run: JobRun, at: datetime, error: str) -> None:
        """Note that it did not. Raises `StateError`."""
        self._finish(run, at, "failed", "", error)

    def abandon(self, job: str, at: datetime) -> int:
        """Say of all runs of a job that are still running that nobody runs them; how many there were. For whoever has
        just got the lease. Raises `StateError`.
        """
        if not self._store.exists:
            return 0
        with self._store.transaction() as connection:
            running = Where().equal(job=job, status="running")
            abandoned = update(connection, "job_runs", running, status="abandoned", finished_at=to_micros(at))
            if abandoned:
                changed(connection, "jobs")
            return abandoned

    def last(self, job: str, *statuses: Status, due_by: datetime | None = None) -> JobRun | None:
        """The run that was due last, of those in one of these statuses (none given: any) that were due by then.

        Raises `StateError`.
        """
        where = Where().equal(job=job)
        if due_by is not None:
            where.also("scheduled_at <= ?", to_micros(due_by))
        found = self._found(where, statuses, "scheduled_at DESC, id DESC", 1)
        return found[0] if found else None

    def tries(self, job: str, scheduled: datetime) -> int:
        """How many runs there were of when it was due then. Raises `StateError`."""
        return len(self._found(Where().equal(job=job, scheduled_at=to_micros(scheduled)), (), "id", None))

    def runs(
        self, job: str | None = None, limit: int = 50, before: int | None = None, but: Collection[str] = ()
    ) -> tuple[JobRun, ...]:
        """The newest first, those with an id below `before`, without those of the jobs `but`. Raises `StateError`."""
        where = Where().equal(job=job)
        if but:
            where.also(f"job NOT IN ({', '.join('?' * len(but))})", *but)
        if before is not None:
            where.also("id < ?", before)
        return self._found(where, (), "id DESC", limit)

    def drop_before(self, time: datetime) -> int:
        """Forget runs that ended before then; how many there were. Raises `StateError`."""
        if not self._store.exists:
            return 0
        with self._store.transaction() as connection:
            return connection.execute("DELETE FROM job_runs WHERE finished_at < ?", (to_micros(time),)).rowcount

    def keep_newest(self, job: str, count: int) -> int:
        """Forget all runs of a job but the last so many, and the last that succeeded; how many those were.

        Raises `StateError`.
        """
        with self._store.transaction() as connection:
            of_job = Where().equal(job=job)
            newest = select(connection, "id", "job_runs", of_job, "id DESC", count)
            if len(newest) < count:
                return 0
            succeeded = Where().equal(job=job, status="succeeded")
            kept = select(connection, "id", "job_runs", succeeded, "scheduled_at DESC, id DESC", 1)
            older = of_job.also("id < ?", newest[-1][0]).also("id <> ?", kept[0][0] if kept else 0)
            return connection.execute(f"DELETE FROM job_runs {older.text}", older.parameters).rowcount  # noqa: S608 - see `statements`

    def _finish(self, run: JobRun, at: datetime, status: Status, result: str, error: str) -> None:
        with self._store.transaction() as connection:
            row = Where().equal(id=run.id)
            update(connection, "job_runs", row, status=status, finished_at=to_micros(at), result=result, error=error)
            changed(connection, "jobs")

    def _found(self, where: Where, statuses: tuple[Status, ...], order: str, limit: int | None) -> tuple[JobRun, ...]:
        if not self._store.exists:
            return ()
        if statuses:
            where.also(f"status IN ({', '.join('?' * len(statuses))})", *statuses)
        with self._store.reading() as connection:
            rows = select(connection, _COLUMNS, "job_runs", where, order, limit)
        return tuple(
            JobRun(
                id=id_, job=job, scheduled=from_micros(scheduled), started=from_micros(started),
                finished=moment(finished), status=status, holder=holder, result=result, error=error,
            )
            for id_, job, scheduled, started, finished, status, holder, result, error in rows
        )  # fmt: skip
