"""Keeping the home in order: sums of what is new, and what is too old."""

from __future__ import annotations

from datetime import datetime, timedelta

from agentgauge.errors import LakeBusy
from agentgauge.service.carrying import of_age
from agentgauge.service.jobs.job import Work
from agentgauge.service.wording import count_of
from agentgauge.state.job_runs import JobRuns


def roll_up(work: Work, scheduled: datetime) -> str:
    """Land what the journal holds and bring the sums kept of events up to date."""
    try:
        done = work.meter.lake.compact()
    except LakeBusy:
        return "another process was compacting"
    return f"{count_of(done.events, 'event')} landed, {count_of(done.files_rolled_up, 'data file')} rolled up"


def clean_up(work: Work, scheduled: datetime) -> str:
    """Delete raw events that arrived longer ago than they are kept; sums, aggregations, alerts and the audit stay, and
    what budgets have spent.
    """
    days = work.settings.retention_days
    if not days:
        return "events are kept for ever"
    before = scheduled - timedelta(days=days)
    deleted = work.meter.lake.expire(before, leaving=of_age(work.state, before, work.now()))
    runs = JobRuns(work.state).drop_before(before)
    return (
        f"{count_of(deleted.events, 'event')} that arrived before {before:%Y-%m-%d} deleted, "
        f"{count_of(runs, 'run')} of jobs forgotten"
    )
