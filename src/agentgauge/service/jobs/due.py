"""Which runs are due. When a job is due is APScheduler's cron expression, its missed runs are worked out here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agentgauge.service.jobs.job import MOST_CAUGHT_UP, MOST_TRIES, Every, Job
from agentgauge.state.job_runs import JobRuns

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_FIELDS: dict[Every, dict[str, object]] = {
    "minute": {"minute": "*"},
    "hour": {"minute": 0},
    "day": {"hour": 0, "minute": 0},
    "week": {"day_of_week": "sun", "hour": 0, "minute": 0},
    "month": {"day": 1, "hour": 0, "minute": 0},
}
_LONGEST: dict[Every, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=31),
}
_MOMENT = timedelta(microseconds=1)


def trigger(every: Every) -> CronTrigger:
    from apscheduler.triggers.cron import CronTrigger

    return CronTrigger(timezone=UTC, **_FIELDS[every])


def next_due(job: Job, after: datetime) -> datetime:
    """The first time after an aware one."""
    due: datetime = trigger(job.every).get_next_fire_time(None, after + _MOMENT)
    return due.astimezone(UTC)


def last_due(job: Job, now: datetime) -> datetime:
    """The last time at or before an aware one."""
    due = next_due(job, now - _LONGEST[job.every] - _MOMENT)
    while (later := next_due(job, due)) <= now:
        due = later
    return due


def to_run(job: Job, runs: JobRuns, now: datetime) -> tuple[datetime, ...]:
    """What of a job is to be run now, in order of time: what was missed, and the last run again where that did not
    succeed, unless it was tried often enough. Raises `StateError`.

    Runs that were due after `now` are not counted: a clock that was ahead had them run. Of what is due every minute
    there is nothing: the next one is near.
    """
    if job.every == "minute":
        return ()
    last = runs.last(job.name, due_by=now)
    if last is None:
        return ()
    found = missed(job, last.scheduled, now)
    if last.status == "succeeded" or (found and not job.each_missed) or last.scheduled < now - MOST_CAUGHT_UP:
        return found
    return found if runs.tries(job.name, last.scheduled) >= MOST_TRIES else (last.scheduled, *found)


def missed(job: Job, last: datetime | None, now: datetime) -> tuple[datetime, ...]:
    """When a job was due since it was last due and run, in order of time; nothing where it never was: what has never
    been done was not missed."""
    if last is None:
        return ()
    found: list[datetime] = []
    due = next_due(job, max(last, now - MOST_CAUGHT_UP))
    while due <= now:
        found.append(due)
        due = next_due(job, due)
    return tuple(found if job.each_missed else found[-1:])
