"""What the jobs did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agentgauge.state.job_runs import JobRuns
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def test_a_run_is_kept_with_how_it_ended(store: Store) -> None:
    runs = JobRuns(store)
    assert runs.runs() == ()
    good = runs.start("daily", NOON - HOUR, "host-1", NOON)
    assert runs.last("daily") == good
    runs.succeeded(good, NOON + SECOND, "12 aggregations")
    bad = runs.start("daily", NOON, "host-1", NOON + HOUR)
    runs.failed(bad, NOON + HOUR, "the disk is full")
    last, first = runs.runs("daily")
    assert (first.status, first.result, first.error, first.finished) == (
        "succeeded", "12 aggregations", "", NOON + SECOND,
    )  # fmt: skip
    assert (last.status, last.result, last.error, last.scheduled) == ("failed", "", "the disk is full", NOON)
    assert runs.last("daily") == last
    assert runs.last("daily", "succeeded") == first
    assert runs.last("weekly") is None
    assert store.changes("jobs") == (4,)


def test_the_last_is_the_one_that_was_due_last_also_where_it_was_caught_up_later(store: Store) -> None:
    runs = JobRuns(store)
    runs.start("hourly", NOON, "host-1", NOON)
    runs.start("hourly", NOON - HOUR, "host-1", NOON + SECOND)
    last = runs.last("hourly")
    assert last is not None
    assert last.scheduled == NOON


def test_what_is_left_running_is_abandoned_by_the_next_holder(store: Store) -> None:
    runs = JobRuns(store)
    assert runs.abandon("daily", NOON) == 0
    done = runs.start("daily", NOON - HOUR, "gone", NOON)
    runs.succeeded(done, NOON, "")
    runs.start("daily", NOON, "gone", NOON)
    runs.start("weekly", NOON, "gone", NOON)
    assert runs.abandon("daily", NOON + HOUR) == 1
    assert [(run.job, run.status) for run in runs.runs()] == [
        ("weekly", "running"), ("daily", "abandoned"), ("daily", "succeeded"),
    ]  # fmt: skip


def test_pages_go_on_where_the_one_before_ended_and_old_runs_can_be_dropped(store: Store) -> None:
    runs = JobRuns(store)
    for number in range(5):
        runs.succeeded(runs.start("hourly", NOON + number * HOUR, "h", NOON), NOON + number * HOUR, "")
    page = runs.runs("hourly", limit=2)
    assert [run.id for run in page] == [5, 4]
    assert [run.id for run in runs.runs("hourly", limit=2, before=page[-1].id)] == [3, 2]
    assert runs.drop_before(NOON + 3 * HOUR) == 3
    assert [run.id for run in runs.runs()] == [5, 4]


def test_of_what_runs_every_minute_the_newest_are_kept_and_the_last_success(store: Store) -> None:
    runs = JobRuns(store)
    assert runs.keep_newest("minutely", 3) == 0
    for minute in range(8):
        run = runs.start("minutely", NOON + minute * SECOND, "h", NOON)
        if minute == 2:
            runs.succeeded(run, NOON, "3 messages sent")
        else:
            runs.failed(run, NOON, "the disk is full")
    runs.start("daily", NOON, "h", NOON)
    assert runs.keep_newest("minutely", 3) == 4
    assert [run.job for run in runs.runs(but=["minutely"])] == ["daily"]
    assert [run.id for run in runs.runs()] == [9, 8, 7, 6, 3]
    assert runs.keep_newest("minutely", 3) == 0
