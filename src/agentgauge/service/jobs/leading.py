"""Leading: of all processes that share a database, one has the lease and runs the jobs when they are due.

It catches up on what was missed first, and looks every ten minutes for what a machine that slept, or a run that failed,
left to be done. A process that dies loses the lease after a minute, and another goes on; one
that cannot renew it stops before another may have it. Jobs run one at a time, on one thread; those that are due every
minute run beside them, on a thread each, so that a long one does not hold them up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agentgauge.errors import StateError
from agentgauge.service.jobs.due import last_due, to_run, trigger
from agentgauge.service.jobs.holding import RENEWED_EVERY_SECONDS, held, holder
from agentgauge.service.jobs.job import Job, Work
from agentgauge.service.jobs.running import JobRunner
from agentgauge.service.jobs.table import JOBS
from agentgauge.state.job_runs import JobRuns
from agentgauge.state.leases import LeaseBook

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

LEASE = "jobs"
_CAUGHT_UP_EVERY_MINUTES = 10
_EVERY_MINUTE = "every minute"
"""The threads of jobs that are."""
_log = logging.getLogger("agentgauge.jobs")


class Leader:
    """Runs the jobs on threads of its own from `start` to `close`, whenever this process has the lease."""

    def __init__(
        self, work: Work, now: Callable[[], datetime] = lambda: datetime.now(UTC), jobs: Sequence[Job] = JOBS
    ) -> None:
        self._work = work
        self._now = now
        self._jobs = jobs
        self._runs = JobRuns(work.state)
        self._leases = LeaseBook(work.state)
        self._runner = JobRunner(work, now)
        self._holder = holder()
        self._closing = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._stand, name="agentgauge-jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Run no more jobs; one that is running ends first."""
        self._closing.set()
        self._work.ending.set()
        self._lost.set()
        if self._thread.is_alive():
            self._thread.join()

    def _stand(self) -> None:
        while not self._closing.is_set():
            try:
                with held(self._leases, LEASE, self._holder, on_loss=self._lost.set) as lease:
                    if lease is not None:
                        self._lead()
            except StateError as error:
                _log.warning("no jobs are run: %s", error)
            except Exception:  # noqa: BLE001 - whatever it was must not end the thread; it is logged
                _log.exception("no jobs are run")
            self._closing.wait(RENEWED_EVERY_SECONDS)
            if not self._closing.is_set():
                self._lost.clear()

    def _lead(self) -> None:
        scheduler = self._scheduler()
        scheduler.start()
        try:
            self._lost.wait()
        finally:
            scheduler.shutdown(wait=True)

    def catch_up(self, *jobs: Job) -> None:
        """Run what was due since each of these jobs (none given: all) was last due and run, and again what failed, in
        order of time.

        Raises `StateError`.
        """
        now = self._now()
        due = [
            (moment, number, job)
            for number, job in enumerate(jobs or self._jobs)
            for moment in to_run(job, self._runs, now)
        ]
        for moment, _, job in sorted(due, key=lambda one: one[:2]):
            if self._lost.is_set():
                return
            self._runner.run(job, moment)

    def _scheduler(self) -> BackgroundScheduler:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        of_minutes = [job for job in self._jobs if job.every == "minute"]
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={
                "default": ThreadPoolExecutor(1),
                _EVERY_MINUTE: ThreadPoolExecutor(max(1, len(of_minutes))),
            },
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for number, job in enumerate(self._jobs):  # it runs what is due at one time by the order of ids
            # Whoever begins to lead does not know how long nobody did: the work of a minute begins at once.
            beside = {"executor": _EVERY_MINUTE, "next_run_time": datetime.now(UTC)} if job in of_minutes else {}
            scheduler.add_job(
                self._run_due, trigger(job.every), args=(job,), id=f"{number:04}", name=job.name, **beside
            )
        scheduler.add_job(
            self._catch_up_all, "interval", minutes=_CAUGHT_UP_EVERY_MINUTES, id="catch up", name="catch up",
            next_run_time=datetime.now(UTC),
        )  # fmt: skip
        return scheduler

    def _run_due(self, job: Job) -> None:
        if self._lost.is_set():
            return
        now = self._now()
        try:
            if job.every == "minute" or self._runs.last(job.name, due_by=now) is None:
                self._runner.run(job, last_due(job, now))
            else:
                self.catch_up(job)
        except StateError as error:
            _log.error("the job %s was not run: %s", job.name, error)

    def _catch_up_all(self) -> None:
        try:
            self.catch_up()
        except StateError as error:
            _log.error("what was missed was not caught up: %s", error)
