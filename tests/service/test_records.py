"""Lists of runs, sessions, tickets, features and operations, and what each of them is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.engines import Engine, Filter, Query
from agentgauge.errors import Ambiguous, NotFound, QueryError
from agentgauge.meter import Meter
from agentgauge.service.projects import OfProjects
from agentgauge.service.records import rows
from agentgauge.service.records.operations import Operation, list_operations, one_operation
from agentgauge.service.records.rows import all_rows, columns_named, event_rows
from agentgauge.service.records.work import KINDS, Work, WorkKind, WorkOrder, list_work
from agentgauge.service.records.work_item import NO_PROJECT, course, find_work, of_work, work_item
from agentgauge.service.window import Window
from agentgauge.settings import get_settings
from tests.service.recorded_work import MODEL, UNPRICED, record

EVER = Window()
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("home")
    record(home)
    with Meter(get_settings(home, environ={})).engine() as engine:
        yield engine


def named(engine: Engine, kind: WorkKind, name: str, project: str = "shop") -> Work:
    (found,) = [
        work for work in list_work(engine, kind, EVER, limit=100) if (work.name, work.project) == (name, project)
    ]
    return found


def test_a_run_says_what_it_used_what_it_cost_and_how_well_it_went(engine: Engine) -> None:
    run = named(engine, "run", "r-1")
    assert (run.tasks, run.successful_tasks, run.calls, run.tool_calls, run.failed_tool_calls) == (2, 2, 3, 2, 1)
    assert (run.input_tokens, run.output_tokens) == (3300, 330)
    assert (run.cost_usd, run.unpriced_calls) == (Decimal("0.00585"), 1)
    assert (run.quality.mean, run.errors, run.users) == (85.0, 1, 1)
    assert (run.agents, run.models) == (("coding", "review"), (MODEL, UNPRICED))
    assert math.isnan(run.satisfaction)


def test_how_it_ended_is_what_its_end_says_or_else_its_last_task(engine: Engine) -> None:
    endings = {
        (kind, work.project, work.name): (work.outcome, work.is_open)
        for kind in KINDS
        for work in list_work(engine, kind, EVER, limit=100)
    }
    assert endings == {
        ("run", "shop", "r-1"): ("success", False),
        ("run", "shop", "r-2"): (None, True),
        ("run", "billing", "r-1"): ("failure", False),
        ("session", "shop", "s-1"): ("success", False),
        ("session", "shop", "o-1"): ("failure", False),
        ("session", "billing", "s-2"): ("failure", False),
        ("ticket", "shop", "3"): ("success", False),
        ("ticket", "shop", "4"): (None, True),
        ("ticket", "shop", "PROJ-456"): ("success", False),
        ("ticket", "billing", "BILL-1"): ("failure", False),
        ("feature", "shop", "search"): (None, False),
    }


def test_while_it_is_open_its_outcome_is_that_of_its_last_task(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge, gauge.scope(session="s"):
        gauge.mark("session_start", at=NOON)
        gauge.task("first", success=True, at=NOON + timedelta(minutes=1))
        gauge.task("last", success=False, at=NOON + timedelta(minutes=2))
    with Meter(get_settings(tmp_path, environ={})).engine() as engine:
        (session,) = list_work(engine, "session", EVER, limit=10)
    assert (session.outcome, session.is_open) == ("failure", True)


def test_how_it_ended_is_said_whatever_the_conditions_leave_out(engine: Engine) -> None:
    (run,) = list_work(engine, "run", EVER, (Filter("model", "=", UNPRICED),), limit=10)
    assert (run.name, run.outcome, run.calls, run.cost_usd, run.events) == ("r-1", "success", 1, None, 1)


def test_a_feature_says_how_often_it_was_used_and_what_people_think(engine: Engine) -> None:
    feature = named(engine, "feature", "search")
    assert (feature.uses, feature.failed_uses, feature.errors) == (2, 1, 1)
    assert (feature.satisfaction, feature.satisfaction_scores) == (0.75, 1)


def test_it_lasted_from_when_the_first_of_it_began(engine: Engine) -> None:
    session = named(engine, "session", "s-1")
    assert session.last - session.began >= timedelta(milliseconds=2300)
    assert session.elapsed_ms == pytest.approx((session.last - session.began).total_seconds() * 1000)


def _latest(work: Work) -> Any:
    return work.last


def _dearest(work: Work) -> Any:
    """What is not known comes after all."""
    return work.cost_usd is not None, work.cost_usd


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("order", "first"), [("newest", _latest), ("dearest", _dearest)])
def test_pages_make_the_whole_list_in_its_order(
    engine: Engine, kind: WorkKind, order: WorkOrder, first: Callable[[Work], Any]
) -> None:
    whole = list_work(engine, kind, EVER, limit=100, order=order)
    assert list(map(first, whole)) == sorted(map(first, whole), reverse=True)
    found: list[Work] = []
    after = None
    while page := list_work(engine, kind, EVER, limit=1, order=order, after=after):
        found += page
        after = page[-1].key(order)
    assert tuple(map(_same, found)) == tuple(map(_same, whole))


def _same(work: Work) -> dict[str, Any]:
    """NaN is not equal to itself."""
    values = {name: getattr(work, name) for name in work.__struct_fields__}
    return {name: str(value) for name, value in values.items()}


def test_nothing_of_another_project_is_in_a_list(engine: Engine) -> None:
    own = OfProjects(engine, ["billing"])
    assert {work.name for kind in KINDS for work in list_work(own, kind, EVER, limit=100)} == {"r-1", "s-2", "BILL-1"}
    assert find_work(own, "run", "r-1", None) == ("billing", "r-1")
    with pytest.raises(NotFound, match="no ticket is called 'PROJ-456': there are BILL-1"):
        find_work(own, "ticket", "PROJ-456", None)


def test_one_says_what_it_is_made_of(engine: Engine) -> None:
    run = work_item(engine, "run", "r-1", "shop")
    assert run.kinds == {
        "mark": 9, "llm_call": 3, "task": 2, "tool_call": 2, "debugging_cycle": 1, "error": 1, "pipeline": 1
    }  # fmt: skip
    assert [one.name for one in run.parts["issue"]] == ["3"]
    assert [(one.name, one.events) for one in run.parts["role"]] == [("coding", 11), ("review", 3)]
    assert "run" not in run.parts


def test_a_name_of_two_projects_has_to_be_told_apart(engine: Engine) -> None:
    with pytest.raises(Ambiguous, match="by project=") as raised:
        work_item(engine, "run", "r-1")
    assert raised.value.allowed == ("billing", "shop")
    with pytest.raises(NotFound, match="no run 'r-1' is in the project 'shpo', but in billing, shop"):
        work_item(engine, "run", "r-1", "shpo")


def test_a_name_that_there_is_not_comes_with_near_ones(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no ticket is called 'PROJ-465': did you mean PROJ-456"):
        work_item(engine, "ticket", "PROJ-465")


def test_what_names_no_project_is_asked_for_by_an_empty_one(tmp_path: Path) -> None:
    for project in (None, "shop"):
        with agentgauge.open(tmp_path, project=project) as gauge, gauge.scope(run="r"):
            gauge.task("work")
    with Meter(get_settings(tmp_path, environ={})).engine() as engine:
        with pytest.raises(Ambiguous) as raised:
            find_work(engine, "run", "r", None)
        assert raised.value.allowed == ("shop", NO_PROJECT)
        assert work_item(engine, "run", "r", NO_PROJECT).project is None


def test_a_window_without_anything_of_it_is_said(engine: Engine) -> None:
    with pytest.raises(NotFound, match="in this window"):
        work_item(engine, "run", "r-2", window=Window(NOON, NOON + timedelta(days=1)))


def test_a_course_is_in_order_of_time_and_says_when_steps_began(engine: Engine) -> None:
    steps = course(engine, EVER, of_work("run", ("shop", "r-1")), limit=100)
    assert [step.kind for step in steps if step.kind not in ("mark", "llm_call")] == [
        "tool_call", "tool_call", "error", "debugging_cycle", "task", "task", "pipeline"
    ]  # fmt: skip
    assert steps[0].name == "run_start"
    assert steps[-1].name == "run_end"
    for step in steps:
        assert step.began is None or step.began <= step.time
    rest = course(engine, EVER, of_work("run", ("shop", "r-1")), limit=100, after=steps[3].key)
    assert rest == steps[4:]


def test_operations_say_what_the_calls_inside_used(engine: Engine) -> None:
    found = {operation.name: operation for operation in list_operations(engine, EVER, limit=10)}
    assert found.keys() == {"coding", "review", "qa_response", "ask_question"}
    assert (found["review"].tokens, found["review"].cost_usd) == (330, Decimal("0.00135"))
    assert (found["coding"].cost_usd, found["coding"].cost_source) == (None, "unpriced")
    assert found["coding"].model == f"{MODEL} + {UNPRICED}"


def test_pages_of_operations_make_the_whole_list(engine: Engine) -> None:
    whole = list_operations(engine, EVER, limit=100)
    found: list[Operation] = []
    after = None
    while page := list_operations(engine, EVER, limit=2, after=after):
        found += page
        after = page[-1].key
    assert tuple(found) == whole
    assert len(whole) == 5


def test_operations_are_chosen_by_what_their_calls_used_too(engine: Engine) -> None:
    with_both = (Filter("model", "=", f"{MODEL} + {UNPRICED}"),)
    assert [operation.name for operation in list_operations(engine, EVER, with_both, limit=10)] == ["coding"]


def test_one_operation_shows_what_ran_inside_it(engine: Engine) -> None:
    (asked,) = [one for one in list_operations(engine, EVER, limit=10) if one.name == "qa_response"]
    operation = one_operation(engine, str(asked.id))
    assert [(step.kind, step.name) for step in operation.steps] == [
        ("measurement", "component_time"), ("tool_call", "web_search"), ("llm_call", None)
    ]  # fmt: skip
    assert (operation.cost_usd, operation.quality_score, operation.has_more_steps) == (asked.cost_usd, 40.0, False)


def test_what_runs_inside_a_step_of_an_operation_is_shown_too(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        with gauge.span("outer"), gauge.span("inner"):
            gauge.llm_call("m", "p", input_tokens=1)
        with gauge.span("other"):
            gauge.llm_call("m", "p", input_tokens=2)
    with Meter(get_settings(tmp_path, environ={})).engine() as engine:
        (outer,) = [one for one in list_operations(engine, EVER, limit=10) if one.name == "outer"]
        steps = one_operation(engine, str(outer.id)).steps
    assert [(step.kind, step.name) for step in steps] == [("llm_call", None), ("task", "inner")]


def test_an_operation_that_there_is_not_is_said(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no operation has the id 'nothing'"):
        one_operation(engine, "nothing")


def test_pages_of_events_survive_what_is_recorded_and_compacted_meanwhile(tmp_path: Path) -> None:
    meter = Meter(get_settings(tmp_path, environ={}))
    with agentgauge.open(tmp_path) as gauge:
        for number in range(20):
            gauge.task(f"old {number}", at=NOON + timedelta(seconds=number // 5))
    seen: list[str] = []
    after = None
    for turn in range(4):
        with meter.engine() as engine:
            page = list(event_rows(engine, EVER, columns=("name",), limit=6, after=after))
        seen += [row[3] for row in page]
        after = page[-1][:3]
        if turn == 1:
            meter.lake.compact()
        with agentgauge.open(tmp_path) as gauge:
            gauge.task(f"new {turn}")
    assert seen == [f"old {number}" for number in reversed(range(20))]


def test_all_rows_are_in_order_whatever_is_sorted_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for number in range(50):
            gauge.task(f"work {number}", at=NOON + timedelta(minutes=number * 37 % 600))
    with Meter(get_settings(tmp_path, environ={})).engine() as engine:
        for window in (EVER, Window(NOON + timedelta(minutes=90), NOON + timedelta(minutes=330)), Window(None, NOON)):
            whole = list(engine.scan(Query(start=window.start, end=window.end), ("time", "name")))
            for at_once in (1, 7, 1000):
                monkeypatch.setattr(rows, "_SORTED_AT_ONCE", at_once)
                assert list(all_rows(engine, window, (), ("time", "name"))) == whole


def test_columns_are_those_there_are_each_once() -> None:
    assert columns_named(["time", "kind", "time", "attributes.query_type"]) == ("time", "kind", "attributes.query_type")
    with pytest.raises(QueryError, match="no column 'agnet'"):
        columns_named(["agnet"])
    with pytest.raises(QueryError, match="columns are names"):
        columns_named(["attributes."])
