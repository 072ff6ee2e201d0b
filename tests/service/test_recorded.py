"""A question about what was never recorded says so, and what there is instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import agentgauge
from agentgauge.engines import Engine
from agentgauge.errors import QueryError
from agentgauge.meter import engine_of
from agentgauge.service.filters import parse_filters
from agentgauge.service.recorded import check_recorded
from agentgauge.service.window import Window

DAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
LATER = Window(DAY + timedelta(days=1), None)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Two agents on one day, a third on the next; attributes of a text and of a number."""
    with agentgauge.open(tmp_path / "home") as gauge:
        gauge.task("review", agent="reviewer", duration_ms=5, at=DAY, attributes={"branch": "main", "temperature": 0.2})
        gauge.task("code", agent="coder", role="developer", duration_ms=5, at=DAY)
        gauge.task("plan", agent="planner", duration_ms=5, at=DAY + timedelta(days=1))
        with engine_of(gauge) as found:
            yield found


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (["agent=revewer"], "no event has agent 'revewer': did you mean reviewer[?] There are coder, planner, rev"),
        (["agent=zzz"], "no event has agent 'zzz'. There are coder, planner, reviewer"),
        (["agent=coder", "role=developr"], "no event has role 'developr': did you mean developer"),
        (["model=gpt-4o"], "no event has model 'gpt-4o', and none has another"),
        (["branch=mian"], "no event has branch 'mian': did you mean main"),
        (["nosuch=x"], "no column is called 'nosuch' and no event has an attribute of that name[.] Usual are"),
        (["nosuch>3"], "no column is called 'nosuch'"),
    ],
)
def test_conditions_on_what_was_never_recorded_are_refused_with_near_names(
    engine: Engine, conditions: Sequence[str], said: str
) -> None:
    with pytest.raises(QueryError, match=said):
        check_recorded(engine, Window(), parse_filters(conditions))


@pytest.mark.parametrize(
    ("window", "conditions"),
    [
        (Window(), ["agent=coder", "agent=revewer"]),  # something meets them
        (LATER, ["agent=coder"]),  # known, and idle in the window
        (Window(), ["agent=coder", "branch=main"]),  # both known, and never together
        (Window(), ["outcome=timeout"]),  # a column whose values are all known
        (Window(), ["temperature=0.2"]),
        (Window(), ["duration_ms>1000"]),
        (Window(), ["model!="]),
    ],
)
def test_conditions_that_could_be_met_are_not(engine: Engine, window: Window, conditions: Sequence[str]) -> None:
    check_recorded(engine, window, parse_filters(conditions))


def test_of_many_values_the_most_frequent_are_named(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        for number in range(10):
            for _ in range(10 - number):
                gauge.task("turn", agent=f"agent-{number:02}", at=DAY)
        with engine_of(gauge) as engine, pytest.raises(QueryError, match=r"agent-00.* agent-07 and 2 more") as refused:
            check_recorded(engine, Window(), parse_filters(["agent=other"]))
    assert "agent-08" not in str(refused.value)


def test_a_dimension_that_no_event_of_the_window_has_is_refused(engine: Engine) -> None:
    check_recorded(engine, Window(), by=("branch", "agent", "model"))
    with pytest.raises(QueryError, match="'nosuch' and no event of the window has an attribute"):
        check_recorded(engine, Window(), by=("nosuch",))
    with pytest.raises(QueryError, match=r"'agnet'.*did you mean agent[?]"):
        check_recorded(engine, Window(), by=("agnet",))
    with pytest.raises(QueryError, match="'branch' and no event of the window"):
        check_recorded(engine, LATER, by=("branch",))
    with pytest.raises(QueryError, match="tools are the names of tool calls: take name"):
        check_recorded(engine, Window(), by=("tool",))


def test_where_there_are_no_events_a_dimension_is_not_judged(engine: Engine) -> None:
    check_recorded(engine, Window(DAY + timedelta(days=9), None), by=("nosuch",))
