"""Runs of jobs: one at a time among processes, kept with what came of them, and caught up by whoever leads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentgauge.errors import QueryError
from agentgauge.service.jobs.job import RUNS_OF_MINUTES_KEPT, Job, Work
from agentgauge.service.jobs.leading import LEASE, Leader
from agentgauge.service.jobs.overview import job_named, job_states
from agentgauge.service.jobs.running import JobRunner
from agentgauge.settings.server import get_server_settings
from agentgauge.state.job_runs import JobRuns
from agentgauge.state.leases import LeaseBook
from agentgauge.state.opening import served_state

NOW = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
TODAY = datetime(2026, 11, 18, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Work]:
    environ = {"AGENTGAUGE_HOME": str(tmp_path)}
    if request.param == "postgresql":
        environ["AGENTGAUGE_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    settings = get_server_settings(environ=environ)
    state = served_state(settings)
    state.prepare()
    yield Work(settings, state)
    state.close()


def test_a_run_is_kept_with_when_it_was_due_how_long_it_took_and_what_came_of_it(work: Work) -> None:
    moments = iter((NOW, NOW + timedelta(seconds=3)))
    ran = JobRunner(work, lambda: next(moments)).run(Job("a", "day", "", lambda work, due: f"of {due:%d}"), TODAY)
    (kept,) = JobRuns(work.state).runs("a")
    assert (ran.status, ran.result) == ("succeeded", "of 18")
    assert (kept.status, kept.result, kept.scheduled) == ("succeeded", "of 18", TODAY)
    assert (kept.started, kept.finished) == (NOW, NOW + timedelta(seconds=3))


def test_a_failure_is_kept_and_raised_to_nobody(work: Work) -> None:
    def fail(work: Work, due: datetime) -> str:
        raise QueryError("nothing to aggregate")

    assert JobRunner(work, lambda: NOW).run(Job("a", "day", "", fail), TODAY).status == "failed"
    (kept,) = JobRuns(work.state).runs("a")
    assert (kept.status, kept.error, kept.result) == ("failed", "nothing to aggregate", "")


def test_two_processes_do_not_run_one_job_at_once(work: Work) -> None:
    running, done = threading.Event(), threading.Event()

    def wait(work: Work, due: datetime) -> str:
        running.set()
        assert done.wait(60)
        return "done"

    slow = Job("a", "day", "", wait)
    first = threading.Thread(target=JobRunner(work, lambda: NOW).run, args=(slow, TODAY))
    first.start()
    assert running.wait(60)
    assert JobRunner(work, lambda: NOW).run(slow, TODAY).status == "running elsewhere"
    done.set()
    first.join()
    assert [run.status for run in JobRuns(work.state).runs("a")] == ["succeeded"]


def test_a_run_whose_process_died_is_abandoned_when_the_job_runs_again(work: Work) -> None:
    JobRuns(work.state).start("a", TODAY - timedelta(days=1), "a process that died", NOW)
    JobRunner(work, lambda: NOW).run(Job("a", "day", "", lambda work, due: ""), TODAY)
    assert [run.status for run in JobRuns(work.state).runs("a")] == ["succeeded", "abandoned"]


def test_whoever_leads_catches_up_and_only_one_does(work: Work) -> None:
    runs = JobRuns(work.state)
    runs.succeeded(runs.start("days", TODAY - timedelta(days=3), "x", NOW), NOW, "")
    runs.succeeded(runs.start("last", TODAY - timedelta(days=3), "x", NOW), NOW, "")
    caught_up, seen = threading.Event(), []

    def note(name: str) -> Job:
        def run(work: Work, due: datetime) -> str:
            seen.append((name, due.day))
            if len(seen) == 4:
                caught_up.set()
            return ""

        return Job(name, "day", "", run, each_missed=name == "days")

    jobs = (note("days"), note("last"), note("never run before"))
    leaders = [Leader(work, lambda: NOW, jobs) for _ in range(2)]
    for leader in leaders:
        leader.start()
    assert caught_up.wait(60)
    held = LeaseBook(work.state).held(LEASE)
    assert held is not None
    for leader in leaders:
        leader.close()
    assert seen == [("days", 16), ("days", 17), ("days", 18), ("last", 18)]
    assert LeaseBook(work.state).held(LEASE) is None


def test_what_is_due_every_minute_runs_while_a_long_job_does(work: Work) -> None:
    runs = JobRuns(work.state)
    runs.succeeded(runs.start("long", TODAY - timedelta(days=1), "x", NOW), NOW, "")
    running, done = threading.Event(), threading.Event()

    def hang(work: Work, due: datetime) -> str:
        running.set()
        assert done.wait(60)
        return ""

    def run_beside(work: Work, due: datetime) -> str:
        assert running.wait(60)
        done.set()
        return f"of {due:%H:%M}"

    jobs = (Job("long", "day", "", hang), Job("minutely", "minute", "", run_beside))
    leader = Leader(work, lambda: NOW, jobs)
    leader.start()
    assert done.wait(60)
    leader.close()
    (kept,) = runs.runs("minutely")
    assert (kept.status, kept.result) == ("succeeded", "of 14:30")


def test_of_what_runs_every_minute_few_runs_are_kept(work: Work) -> None:
    runner = JobRunner(work, lambda: NOW)
    for minute in range(RUNS_OF_MINUTES_KEPT + 2):
        runner.run(Job("minutely", "minute", "", lambda work, due: ""), NOW + timedelta(minutes=minute))
    kept = JobRuns(work.state).runs("minutely", limit=1000)
    assert len(kept) == RUNS_OF_MINUTES_KEPT
    assert kept[0].scheduled == NOW + timedelta(minutes=RUNS_OF_MINUTES_KEPT + 1)


def test_jobs_are_listed_with_their_last_run_and_when_they_are_due(work: Work) -> None:
    runs = JobRuns(work.state)
    runs.succeeded(runs.start("roll-up", NOW - timedelta(hours=1), "x", NOW), NOW + timedelta(seconds=2), "3 files")
    states = {state.name: state for state in job_states(work.state, NOW)}
    assert states["roll-up"].took == timedelta(seconds=2)
    assert states["roll-up"].next_due == datetime(2026, 11, 18, 15, tzinfo=UTC)
    assert states["clean-up"].last is None
    with pytest.raises(QueryError, match="did you mean clean-up"):
        job_named("cleanup")
