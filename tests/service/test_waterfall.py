"""What ran inside what, and where it stands on the axis of time, of work with known times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import agentgauge
from agentgauge.engines import Engine, Filter
from agentgauge.errors import QueryError
from agentgauge.meter import Meter
from agentgauge.service.graphs.time_axis import TimeAxis, time_axis
from agentgauge.service.graphs.waterfall import Bar, drawing
from agentgauge.service.records.nesting import Node, in_order
from agentgauge.service.records.waterfall import waterfall
from agentgauge.service.records.work_item import course
from agentgauge.service.window import Window
from agentgauge.settings import get_settings
from tests.dashboard.work.runs import AGAIN, LONG, RICH, UNDER_WAY, begin_run, record_runs

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
_RICH = (Filter("run", "=", RICH),)
_LONG = (Filter("session", "=", LONG),)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("home")
    with agentgauge.open(home, project="shop") as gauge:
        record_runs(gauge, END)
        begin_run(gauge, END)
    with Meter(get_settings(home, environ={})).engine() as found:
        yield found


def _nodes(engine: Engine, filters: tuple[Filter, ...]) -> tuple[Node, ...]:
    return tuple(in_order(waterfall(engine, Window(), filters, limit=1000).roots))


def _path(node: Node) -> list[str]:
    return [f"{one.kind} {one.step.name or one.step.model or ''}".strip() for one in (*node.above(), node)]


def test_what_ran_inside_what_is_known_by_its_span(engine: Engine) -> None:
    review = next(
        node for node in _nodes(engine, _RICH) if node.step.name == "review" and node.step.quality_score == 61
    )
    assert [one.kind for one in review.above()] == ["run", "issue", "task"]
    assert review.above()[-1].step.name == "coding"
    assert [child.kind for child in review.children] == ["llm_call"]
    assert review.placed == "span"


def test_a_debugging_cycle_holds_the_tasks_that_ran_during_it(engine: Engine) -> None:
    nodes = _nodes(engine, _RICH)
    cycle = next(node for node in nodes if node.kind == "debugging_cycle")
    assert [child.step.name for child in cycle.children] == ["coding"]
    assert cycle.children[0].placed == "time"
    assert {child.kind for child in cycle.children[0].children} == {"llm_call", "tool_call"}


def test_pipelines_without_a_parent_stand_in_the_issue_that_they_name(engine: Engine) -> None:
    pipelines = [node for node in _nodes(engine, _RICH) if node.kind == "pipeline"]
    assert [node.parent.kind for node in pipelines if node.parent] == ["issue", "issue"]
    assert {node.placed for node in pipelines} == {"name"}


def test_every_event_is_on_one_row_and_starts_are_on_that_of_their_end(engine: Engine) -> None:
    for filters in (_RICH, _LONG, (Filter("work_item", "=", "201"),)):
        steps = course(engine, Window(), filters, limit=5000)
        keys = [key for node in _nodes(engine, filters) for key in node.keys]
        assert sorted(keys) == sorted(step.key for step in steps)
    issue = next(node for node in _nodes(engine, _RICH) if node.kind == "issue")
    assert len(issue.keys) == 2
    assert issue.ended - issue.began == timedelta(seconds=1175)


def test_money_and_tokens_of_the_outermost_are_those_of_all_calls_each_counted_once(engine: Engine) -> None:
    run = _nodes(engine, _RICH)[0]
    calls = [step for step in course(engine, Window(), _RICH, limit=5000) if step.kind == "llm_call"]
    assert run.kind == "run"
    assert run.cost_usd == sum((step.cost_usd for step in calls if step.cost_usd is not None), start=Decimal(0))
    assert run.tokens == sum(step.tokens for step in calls)
    assert run.calls == len(calls)
    assert run.unpriced_calls == 2


def test_work_under_way_is_open_and_reaches_until_now(engine: Engine) -> None:
    found = waterfall(engine, Window(), (Filter("run", "=", UNDER_WAY),), limit=100)
    assert [(node.kind, node.is_open) for node in found.rows] == [
        ("run", True), ("issue", True), ("task", True), ("llm_call", False),
    ]  # fmt: skip
    picture = drawing(found, UTC, END, goes_on=True)
    assert picture is not None
    run = picture.bars[0]
    assert run.node.ended == END
    assert run.duration_ms == pytest.approx(90_000)


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_reach_every_row_once(engine: Engine, limit: int) -> None:
    filters = _RICH if limit == 1 else _LONG
    whole = [node.key for node in _nodes(engine, filters)]
    seen, after = [], None
    while True:
        page = waterfall(engine, Window(), filters, limit=limit, after=after)
        assert page.before == len(seen)
        assert len(page.rows) <= limit
        seen += [node.key for node in page.rows]
        after = page.after
        if after is None:
            break
    assert seen == whole


def test_parts_of_work_of_very_many_events_hold_each_event_once(engine: Engine) -> None:
    seen, part = [], None
    while True:
        found = waterfall(engine, Window(), _LONG, limit=1000, part=part, most=130)
        seen += [key for node in found.rows for key in node.keys]
        part = found.next_part
        if part is None:
            break
    assert len(seen) == len(set(seen)) == 1000


def test_a_row_that_is_not_there_is_refused(engine: Engine) -> None:
    with pytest.raises(QueryError, match="begin with the first page"):
        waterfall(engine, Window(), _RICH, limit=10, after=(END, "none", 1))


def test_rows_of_a_later_page_say_what_they_are_inside_of(engine: Engine) -> None:
    first = waterfall(engine, Window(), _RICH, limit=5)
    second = waterfall(engine, Window(), _RICH, limit=5, after=first.after)
    assert second.above == second.rows[0].above()
    assert second.above[0].kind == "run"


def _bars(bars: tuple[Bar, ...]) -> Iterator[Bar]:
    for bar in bars:
        yield bar
        yield from _bars(bar.inner)


def test_bars_stand_where_their_times_are_on_one_scale(engine: Engine) -> None:
    picture = drawing(waterfall(engine, Window(), (Filter("run", "=", AGAIN),), limit=100), UTC, END, goes_on=False)
    assert picture is not None
    axis, start = picture.axis, END - timedelta(minutes=21)
    assert not axis.cuts
    length = (axis.end - axis.start).total_seconds()
    for bar in _bars(picture.bars):
        began = (bar.node.began - start).total_seconds() - (axis.start - start).total_seconds()
        ended = (bar.node.ended - start).total_seconds() - (axis.start - start).total_seconds()
        left, right = (min(max(at / length * 100, 0), 100) for at in (began, ended))
        assert bar.left == pytest.approx(left, abs=0.5)
        assert bar.left + bar.width == pytest.approx(right, abs=0.5)


def _axis(*seconds: tuple[float, float]) -> TimeAxis:
    found = time_axis(((END + timedelta(seconds=a), END + timedelta(seconds=b)) for a, b in seconds), UTC)
    assert found is not None
    return found


def test_a_long_pause_is_cut_and_what_is_left_has_one_scale() -> None:
    axis = _axis((0, 60), (90_060, 90_120))
    assert [(cut.at, cut.width, cut.label) for cut in axis.cuts] == [(pytest.approx(49.0), 2.0, "25 h 00 m")]
    assert axis.at(END + timedelta(seconds=30)) == pytest.approx(24.5)
    assert axis.at(END + timedelta(seconds=90_090)) == pytest.approx(75.5)
    assert 49.0 < axis.at(END + timedelta(seconds=40_000)) < 51.0


def test_short_pauses_are_drawn_as_long_as_they_were() -> None:
    axis = _axis((0, 60), (70, 100))
    assert not axis.cuts
    assert axis.at(END + timedelta(seconds=65)) == pytest.approx(65.0)
    assert [(tick.at, tick.label) for tick in axis.ticks][:3] == [(0.0, "0 s"), (15.0, "15 s"), (30.0, "30 s")]


def test_moments_alone_are_spread_over_the_axis() -> None:
    axis = _axis((0, 0), (86_400, 86_400), (172_800, 172_800))
    assert [axis.at(END + timedelta(days=day)) for day in range(3)] == [0.0, pytest.approx(50.0), pytest.approx(100.0)]


def test_an_axis_of_several_days_names_the_day_where_it_changes() -> None:
    axis = _axis((0, 600), (86_400, 87_000))
    assert axis.ticks[0].label == "20 Nov 12:00"
    assert any(tick.label.startswith("21 Nov") for tick in axis.ticks)


def test_of_nothing_there_is_no_axis() -> None:
    assert time_axis((), UTC) is None


def test_times_outside_of_an_axis_are_at_its_ends() -> None:
    axis = _axis((0, 60))
    assert axis.at(END - timedelta(days=1)) == 0.0
    assert axis.at(END + timedelta(days=1)) == 100.0
