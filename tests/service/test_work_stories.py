"""The state and the story of pieces of work, what failed in them, and events by cost and by duration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import agentgauge
from agentgauge.engines import Engine, Filter
from agentgauge.errors import NotFound
from agentgauge.meter import Meter
from agentgauge.service.activity_writers import Writers, look_at_writers
from agentgauge.service.records.counting import counted
from agentgauge.service.records.failures import failures
from agentgauge.service.records.one_event import one_event
from agentgauge.service.records.ranked import Rank, rank_key, ranked
from agentgauge.service.records.states import states
from agentgauge.service.records.story import story
from agentgauge.service.records.work import list_work
from agentgauge.service.records.work_item import course, of_work, work_item
from agentgauge.service.window import Window
from agentgauge.settings import get_settings
from tests.dashboard.work.runs import AGAIN, ISSUE, RICH, UNDER_WAY, record_runs
from tests.service.recorded_work import record

EVERYTHING = Window()
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    record(home)
    with agentgauge.open(home, project="shop") as gauge:
        record_runs(gauge, NOW)
    return home


@pytest.fixture(scope="module")
def engine(home: Path) -> Iterator[Engine]:
    with Meter(get_settings(home, environ={})).engine() as found:
        yield found


def test_states_say_how_each_run_ended(engine: Engine) -> None:
    runs = list_work(engine, "run", EVERYTHING, limit=50)
    found = states(engine, runs, NOW, Writers())
    assert found["shop", "r-1"] == "succeeded"
    assert found["billing", "r-1"] == "failed"
    assert found["shop", "r-2"] == "interrupted"
    assert (found["shop", RICH], found["shop", AGAIN]) == ("failed", "succeeded")


def test_a_run_is_running_while_its_process_is_and_interrupted_afterwards(tmp_path: Path) -> None:
    meter = Meter(get_settings(tmp_path, environ={}))

    def state() -> str:
        with meter.engine() as engine:
            runs = list_work(engine, "run", EVERYTHING, limit=1)
            return states(engine, runs, NOW, look_at_writers(meter.settings.home))["shop", UNDER_WAY]

    with agentgauge.open(tmp_path, project="shop") as gauge:
        with gauge.scope(run=UNDER_WAY):
            gauge.mark("run_start")
        gauge.flush()
        assert state() == "running"
    assert state() == "interrupted"


def test_the_story_of_an_issue_is_of_all_its_runs(engine: Engine) -> None:
    item = work_item(engine, "ticket", ISSUE, "shop")
    found = story(engine, item, of_work("ticket", ("shop", ISSUE)))
    assert [part.name for part in found.parts] == [AGAIN, RICH]
    assert [pipeline.outcome for pipeline in found.pipelines] == ["failure", "success", "success"]
    assert [cycle.outcome for cycle in found.cycles] == ["success"]
    assert found.merged == ("!318",)
    assert found.code is not None
    assert (found.code.lines_added, found.code.lines_deleted, found.code.files_modified) == (151, 21, 4)
    assert found.code.coverage_percent == 87.0
    cost = f"${item.cost_usd:.4f}, 1 unpriced call not counted"
    assert found.sentences == (
        f"Worked on by coding, planning and review over 2 runs, from first to last 48 h 22 m, for {cost}.",
        "6 of 6 tasks succeeded; on the way 1 tool call went wrong.",
        "1 debugging cycle, 1 of them resolved, took 3 m 35 s together.",
        "3 pipeline attempts, 2 of them green; the last succeeded.",
        "5 files changed, +151 and -21 lines; 24 of 24 tests passed, 87.0 % covered.",
        "Merged as !318.",
    )


def test_failures_are_errors_and_what_did_not_succeed_the_newest_first(engine: Engine) -> None:
    own = (Filter("run", "=", RICH),)
    found = failures(engine, EVERYTHING, own, limit=10)
    assert [step.kind for step in found] == ["task", "error", "llm_call", "pipeline", "tool_call"]
    assert failures(engine, EVERYTHING, own, limit=2) == found[:2]


@pytest.mark.parametrize("rank", ["dearest", "slowest"])
def test_ranked_events_come_in_order_and_each_once_whatever_the_page(engine: Engine, rank: Rank) -> None:
    filters = (Filter("run", "is not null"),)
    field = {"dearest": "cost_usd", "slowest": "duration_ms"}[rank]
    wanted = [step for step in course(engine, EVERYTHING, filters, limit=1000) if getattr(step, field) is not None]
    seen, after = [], None
    while page := ranked(engine, EVERYTHING, filters, rank, limit=7, after=after):
        seen += page
        after = rank_key(rank, page[-1])
    assert sorted(step.key for step in seen) == sorted(step.key for step in wanted)
    figures = [getattr(step, field) for step in seen]
    assert figures == sorted(figures, reverse=True)


def test_one_event_has_all_that_was_recorded_of_it(engine: Engine) -> None:
    step = next(step for step in course(engine, EVERYTHING, (Filter("kind", "=", "pipeline"),), limit=1))
    found = one_event(engine, step.key)
    assert found.step == step
    assert found.attributes == {"failed_jobs": ["unit"], "attempt": 1, "commit_sha": "5f2c9e1"}
    assert found.fields["error_type"] == "JobFailed"
    assert None not in found.fields.values()


def test_an_event_that_there_is_not_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound):
        one_event(engine, (NOW - timedelta(days=900), "none-000000", 1))


def test_what_is_counted_is_as_many_as_are_listed(engine: Engine) -> None:
    found = counted(engine, EVERYTHING)
    for kind, count in (("run", found.runs), ("session", found.sessions), ("ticket", found.tickets)):
        assert len(list_work(engine, kind, EVERYTHING, limit=1000)) == count  # type: ignore[arg-type] # kinds all
    assert found.events == len(course(engine, EVERYTHING, (), limit=10_000))
