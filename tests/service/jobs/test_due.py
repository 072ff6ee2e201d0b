"""When jobs are due, and what was missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentgauge.service.jobs.due import last_due, missed, next_due, to_run
from agentgauge.service.jobs.job import MOST_CAUGHT_UP, MOST_TRIES, Every, Job
from agentgauge.state import Database
from agentgauge.state.job_runs import JobRuns


def job(every: Every, *, each_missed: bool = False) -> Job:
    return Job("a job", every, "does something", lambda work, scheduled: "", each_missed)


NOW = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("every", "last", "following"),
    [
        ("minute", datetime(2026, 11, 18, 14, 30, tzinfo=UTC), datetime(2026, 11, 18, 14, 31, tzinfo=UTC)),
        ("hour", datetime(2026, 11, 18, 14, tzinfo=UTC), datetime(2026, 11, 18, 15, tzinfo=UTC)),
        ("day", datetime(2026, 11, 18, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC)),
        ("week", datetime(2026, 11, 15, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)),
        ("month", datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_jobs_are_due_at_full_minutes_and_hours_midnights_sundays_and_firsts(
    every: Every, last: datetime, following: datetime
) -> None:
    assert last_due(job(every), NOW) == last
    assert next_due(job(every), NOW) == following
    assert last_due(job(every), following) == following
    assert last_due(job(every), following - timedelta(microseconds=1)) == last


def test_what_has_never_been_done_was_not_missed() -> None:
    assert missed(job("month", each_missed=True), None, NOW) == ()


def test_of_a_job_about_its_day_every_missed_day_is_caught_up_and_of_another_the_last() -> None:
    last = datetime(2026, 11, 15, tzinfo=UTC)
    days = tuple(datetime(2026, 11, day, tzinfo=UTC) for day in (16, 17, 18))
    assert missed(job("day", each_missed=True), last, NOW) == days
    assert missed(job("day"), last, NOW) == days[-1:]
    assert missed(job("day"), days[-1], NOW) == ()


def test_what_failed_or_died_is_run_again_and_not_for_ever(tmp_path: Path) -> None:
    runs, daily = JobRuns(Database(tmp_path / "state.db")), job("day")
    today = NOW.replace(hour=0, minute=0)
    assert to_run(daily, runs, NOW) == ()
    for tried in range(1, MOST_TRIES):
        run = runs.start(daily.name, today, "x", NOW)
        if tried % 2:
            runs.failed(run, NOW, "the disk is full")
        assert to_run(daily, runs, NOW) == (today,)
    runs.start(daily.name, today, "x", NOW)
    assert to_run(daily, runs, NOW) == ()
    assert to_run(daily, runs, NOW + timedelta(days=1)) == (today + timedelta(days=1),)


def test_what_failed_is_run_again_before_the_days_that_were_missed_since(tmp_path: Path) -> None:
    runs, each, last = JobRuns(Database(tmp_path / "state.db")), job("day", each_missed=True), job("day")
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (16, 17, 18)]
    runs.failed(runs.start(each.name, days[0], "x", NOW), NOW, "")
    assert to_run(each, runs, NOW) == tuple(days)
    assert to_run(last, runs, NOW) == (days[2],)
    runs.succeeded(runs.start(each.name, days[2], "x", NOW), NOW, "")
    assert to_run(each, runs, NOW) == ()


def test_what_ran_by_a_clock_that_was_ahead_keeps_nothing_from_running(tmp_path: Path) -> None:
    runs, daily = JobRuns(Database(tmp_path / "state.db")), job("day")
    for due in (datetime(2026, 11, 17, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)):
        runs.succeeded(runs.start(daily.name, due, "x", due), due, "")
    assert to_run(daily, runs, NOW) == (datetime(2026, 11, 18, tzinfo=UTC),)


def test_nothing_that_is_due_every_minute_is_caught_up(tmp_path: Path) -> None:
    runs, minutely = JobRuns(Database(tmp_path / "state.db")), job("minute")
    runs.failed(runs.start(minutely.name, NOW - timedelta(hours=1), "x", NOW), NOW, "the disk is full")
    assert to_run(minutely, runs, NOW) == ()


def test_what_was_due_over_a_month_ago_is_not_caught_up() -> None:
    found = missed(job("day", each_missed=True), NOW - timedelta(days=200), NOW)
    assert len(found) == 31
    assert found[0] > NOW - MOST_CAUGHT_UP
