"""One run of a job: by one process at a time, and kept with when it was due, how long it took and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from agentgauge.errors import AgentGaugeError
from agentgauge.service.jobs.holding import held, holder
from agentgauge.service.jobs.job import RUNS_OF_MINUTES_KEPT, Job, Work
from agentgauge.state.job_runs import JobRun, JobRuns
from agentgauge.state.leases import LeaseBook

_log = logging.getLogger("agentgauge.jobs")


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    job: str
    status: Literal["succeeded", "failed", "running elsewhere"]
    scheduled: datetime
    started: datetime
    finished: datetime
    result: str
    """What came of it, or why it failed."""


class JobRunner:
    """Of one process."""

    def __init__(self, work: Work, now: Callable[[], datetime]) -> None:
        self._work = work
        self._now = now
        self._runs = JobRuns(work.state)
        self._leases = LeaseBook(work.state)
        self._holder = holder()

    def run(self, job: Job, scheduled: datetime) -> Ran:
        """Run it now, as it was due then. What it raises is kept as its failure. Raises `StateError`."""
        started = self._now()
        with held(self._leases, f"job {job.name}", self._holder) as lease:
            if lease is None:
                said = "another process is running it"
                return Ran(
                    job=job.name, status="running elsewhere", scheduled=scheduled, started=started,
                    finished=started, result=said,
                )  # fmt: skip
            self._runs.abandon(job.name, started)
            ran = self._run(job, self._runs.start(job.name, scheduled, self._holder, started))
            if job.every == "minute":
                self._runs.keep_newest(job.name, RUNS_OF_MINUTES_KEPT)
            return ran

    def _run(self, job: Job, run: JobRun) -> Ran:
        try:
            result = job.run(self._work, run.scheduled)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is kept, and the other jobs go on
            finished, said = self._now(), _said(error)
            if not isinstance(error, AgentGaugeError):
                _log.exception("the job %s failed", job.name)
            else:
                _log.error("the job %s failed: %s", job.name, said)
            self._runs.failed(run, finished, said)
            return _ran(run, "failed", finished, said)
        finished = self._now()
        self._runs.succeeded(run, finished, result)
        level = logging.DEBUG if job.every == "minute" else logging.INFO  # a log of one line a minute is no log
        _log.log(level, "the job %s took %.1f s: %s", job.name, (finished - run.started).total_seconds(), result)
        return _ran(run, "succeeded", finished, result)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, AgentGaugeError) else f"{type(error).__name__}: {error}"


def _ran(run: JobRun, status: Literal["succeeded", "failed"], finished: datetime, result: str) -> Ran:
    return Ran(
        job=run.job, status=status, scheduled=run.scheduled, started=run.started, finished=finished, result=result
    )
