"""The jobs as people look at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches

import msgspec

from agentgauge.errors import QueryError
from agentgauge.service.jobs.due import missed, next_due
from agentgauge.service.jobs.job import Every, Job
from agentgauge.service.jobs.table import BY_NAME, JOBS
from agentgauge.state.job_runs import JobRun, JobRuns
from agentgauge.state.store import Store


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    does: str
    every: Every
    next_due: datetime
    last: JobRun | None
    """The run that was due last; None where it never ran."""
    took: timedelta | None
    """That run; None while it runs."""
    last_success: datetime | None
    """When a run last ended well."""


def job_states(state: Store, now: datetime) -> tuple[JobState, ...]:
    """Raises `StateError`."""
    runs = JobRuns(state)
    return tuple(_state(job, runs, now) for job in JOBS)


def _state(job: Job, runs: JobRuns, now: datetime) -> JobState:
    last, succeeded = runs.last(job.name), runs.last(job.name, "succeeded")
    return JobState(
        name=job.name,
        does=job.does,
        every=job.every,
        next_due=next_due(job, now),
        last=last,
        took=None if last is None or last.finished is None else last.finished - last.started,
        last_success=None if succeeded is None else succeeded.finished,
    )


def missed_runs(states: Iterable[JobState], now: datetime) -> Mapping[str, int]:
    """How many runs that each job was due for did not begin, by its name; whoever leads catches up. There are none of
    what is due every minute, and of what never ran.
    """
    return {
        state.name: 0 if state.every == "minute" or state.last is None else _missed(state.name, state.last, now)
        for state in states
    }


def _missed(name: str, last: JobRun, now: datetime) -> int:
    return len(missed(BY_NAME[name], last.scheduled, now))


def job_named(name: str) -> Job:
    """Raises `QueryError` naming those that there are."""
    if name in BY_NAME:
        return BY_NAME[name]
    near = get_close_matches(name, BY_NAME, n=1)
    meant = f": did you mean {near[0]}?" if near else "."
    raise QueryError(f"no job is called {name!r}{meant} There are {', '.join(BY_NAME)}")
