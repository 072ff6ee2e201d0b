"""What goes on now, asked of what real programs record while they run, after they ended, and after they were killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge import runs
from agentgauge.meter import Meter
from agentgauge.runs.models import AgentType, Status
from agentgauge.service.activity import Activity, AtWork, activity
from agentgauge.service.activity_writers import Writers, look_at_writers
from agentgauge.service.records.states import states as states_of
from agentgauge.service.records.work import WorkKind, list_work
from agentgauge.service.window import Window
from agentgauge.settings import get_settings
from tests.service import at_work

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PROGRAM = Path(at_work.__file__)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def gauge(home: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(home, project="shop") as gauge:
        yield gauge


def ask(home: Path, later: timedelta = timedelta(0), day_start: datetime | None = None) -> Activity:
    """As it is now, or as it would be later if nothing else happened."""
    meter, now = Meter(get_settings(home)), datetime.now(UTC) + later
    with meter.engine() as engine:
        return activity(engine, now, day_start or now - 12 * HOUR, look_at_writers(meter.settings.home))


def states(found: Activity) -> dict[str | None, str]:
    return {one.agent: one.state for one in found.agents}


def running(found: Activity, column: str) -> set[str]:
    """The pieces of work that lines are of which run."""
    return {getattr(one, column) for one in found.agents if one.state == "running"} - {None}


def listed_as_running(home: Path, kind: WorkKind, later: timedelta = timedelta(0)) -> set[str]:
    """What lists of work say so of."""
    meter, now = Meter(get_settings(home)), datetime.now(UTC) + later
    with meter.engine() as engine:
        works = list_work(engine, kind, Window(), limit=50)
        found = states_of(engine, works, now, look_at_writers(meter.settings.home))
    return {name for (_, name), state in found.items() if state == "running"}


def only(found: Activity) -> AtWork:
    (one,) = found.agents
    return one


@contextmanager
def another_process(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that has begun to work, and does not end by itself."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "at work\n"
        try:
            yield program
        finally:
            program.kill()


def test_in_a_home_in_which_nothing_was_recorded_nothing_goes_on(home: Path) -> None:
    found = ask(home)
    assert (found.agents, found.last, found.open_tool_calls) == ((), None, 0)
    assert (found.today.cost_usd, found.hour.calls, found.cost_per_minute_usd) == (0, 0, 0)
    assert len(found.minutes) == 60


def test_a_task_is_running_while_calls_are_inside_it_and_seen_when_it_is_over(
    home: Path, gauge: agentgauge.Gauge
) -> None:
    with gauge.scope(agent="coder", role="coding", ticket="T-1", operation="review"):
        with gauge.span("turn"):
            gauge.llm_call("in-house", input_tokens=100, output_tokens=20, cost_usd="0.5")
            gauge.tool_call("grep", success=False)
            inside = only(ask(home))
        over = only(ask(home))
    assert (inside.state, inside.agent, inside.role, inside.project) == ("running", "coder", "coding", "shop")
    assert (inside.work_item, inside.doing, inside.operation) == ("T-1", "tool grep, failure", "review")
    assert (inside.cost_usd, inside.tokens, inside.calls, inside.failures) == (Decimal("0.5"), 120, 1, 1)
    assert (over.state, over.doing) == ("seen", "ended turn")


def test_a_task_around_another_is_running_when_that_is_over(home: Path, gauge: agentgauge.Gauge) -> None:
    with gauge.scope(agent="coder"), gauge.span("turn"):
        with gauge.span("search"):
            gauge.llm_call("in-house", cost_usd="0.1")
        assert only(ask(home)).state == "running"


def test_calls_outside_of_every_task_are_seen_and_forgotten_after_five_minutes(
    home: Path, gauge: agentgauge.Gauge
) -> None:
    with gauge.scope(agent="coder"):
        gauge.llm_call("in-house", cost_usd="0.1")
    assert states(ask(home)) == {"coder": "seen"}
    assert states(ask(home, later=6 * MINUTE)) == {}


def test_what_a_living_process_has_begun_is_running_however_quiet_it_is(home: Path) -> None:
    with another_process(home):
        for later in (timedelta(0), 5 * HOUR):
            one = only(ask(home, later))
            assert (one.state, one.agent, one.run, one.work_item) == ("running", "testing", "nightly", "317")
            assert (one.doing, one.cost_usd) == ("tool pytest", Decimal("0.3"))
        assert ask(home).open_tool_calls == 1


def test_what_a_killed_process_had_begun_is_cut_off_and_not_shown_for_ever(home: Path) -> None:
    with another_process(home) as program:
        program.kill()
        program.wait()
        found = ask(home)
    assert states(found) == {"testing": "cut off"}
    assert found.open_tool_calls == 0
    assert states(ask(home, later=6 * MINUTE)) == {}


def test_a_run_that_was_recovered_is_over(home: Path) -> None:
    with another_process(home) as program:
        program.kill()
        program.wait()
    with agentgauge.open(home, project="shop") as gauge:
        runs.MetricsCollector.recover("nightly", gauge=gauge)
        assert states(ask(home)) == {"testing": "seen"}


def test_what_was_told_afterwards_is_running_for_a_quarter_of_an_hour(home: Path, gauge: agentgauge.Gauge) -> None:
    run, now = runs.MetricsCollector(run_id="told", gauge=gauge), datetime.now(UTC)
    run.start_issue(1, at=now - MINUTE)
    run.start_agent(AgentType.CODING, issue_id=1, at=now - MINUTE)
    assert states(ask(home)) == {"coding": "running"}
    assert "coding" not in states(ask(home, later=16 * MINUTE))


def test_a_run_without_an_agent_at_work_is_shown_by_the_innermost_work_that_is_open(
    home: Path, gauge: agentgauge.Gauge
) -> None:
    run = runs.MetricsCollector(run_id="r-1", gauge=gauge)
    assert (only(ask(home)).agent, only(ask(home)).doing) == (None, "run is open")
    run.start_issue(7)
    one = only(ask(home))
    assert (one.state, one.run, one.work_item, one.doing) == ("running", "r-1", "7", "issue is open")
    run.start_agent(AgentType.CODING, issue_id=7)
    assert states(ask(home)) == {"coding": "running"}
    run.finalize_agent()
    run.finalize_issue(7, Status.COMPLETED)
    run.finalize_run(Status.COMPLETED)
    assert states(ask(home)) == {"coding": "seen"}


def test_a_session_is_open_until_its_end_is_recorded(home: Path, gauge: agentgauge.Gauge) -> None:
    gauge.mark("session_start", session="s-1")
    assert (only(ask(home)).session, only(ask(home)).doing) == ("s-1", "session is open")
    gauge.mark("session_end", session="s-1")
    assert ask(home).agents == ()


@pytest.mark.parametrize("agent", ["pi", None], ids=["of an agent", "of nobody"])
def test_an_imported_session_runs_for_a_quarter_of_an_hour_after_its_last_event_wherever_it_is_asked(
    home: Path, gauge: agentgauge.Gauge, agent: str | None
) -> None:
    now = datetime.now(UTC)
    with gauge.scope(session="s-1"):
        gauge.mark("session_start", agent=agent, at=now - HOUR)
        gauge.llm_call("in-house", agent="pi", cost_usd="0.1", at=now - MINUTE)
        gauge.llm_call("in-house", agent="pi", ticket="T-1", cost_usd="0.1", at=now - 20 * MINUTE)
    for later, expected in ((0, {"s-1"}), (10, {"s-1"}), (13, {"s-1"}), (15, set()), (600, set())):
        found = ask(home, later * MINUTE)
        assert running(found, "session") == listed_as_running(home, "session", later * MINUTE) == expected
        assert sum(one.state == "running" for one in found.agents) == len(expected)
    found = ask(home)
    assert states(found)["pi"] == ("running" if agent else "seen")


def test_a_ticket_runs_while_an_agent_is_at_something_in_it_though_nothing_marks_its_start(
    home: Path, gauge: agentgauge.Gauge
) -> None:
    with gauge.scope(agent="coder", ticket="T-1"), gauge.span("turn"):
        gauge.llm_call("in-house", cost_usd="0.1")
        assert running(ask(home), "work_item") == listed_as_running(home, "ticket") == {"T-1"}
    assert running(ask(home), "work_item") == listed_as_running(home, "ticket") == set()


def test_a_run_whose_agent_has_ended_still_runs(home: Path, gauge: agentgauge.Gauge) -> None:
    run = runs.MetricsCollector(run_id="r-1", gauge=gauge)
    run.start_issue(7)
    run.start_agent(AgentType.CODING, issue_id=7)
    run.finalize_agent()
    found = ask(home)
    assert states(found) == {None: "running", "coding": "seen"}
    assert running(found, "run") == listed_as_running(home, "run") == {"r-1"}
    assert running(found, "work_item") == listed_as_running(home, "ticket") == {"7"}


@pytest.mark.parametrize(("kind", "column"), [("run", "run"), ("session", "session"), ("ticket", "work_item")])
def test_work_that_a_mark_has_ended_is_over_though_a_span_in_it_is_open(
    home: Path, gauge: agentgauge.Gauge, kind: WorkKind, column: str
) -> None:
    with gauge.scope(agent="coder", **{kind: "x"}), gauge.span("turn"):
        gauge.mark(f"{kind}_start")
        gauge.llm_call("in-house", cost_usd="0.1")
        assert running(ask(home), column) == listed_as_running(home, kind) == {"x"}
        gauge.mark(f"{kind}_end", outcome="failure")
        assert running(ask(home), column) == listed_as_running(home, kind) == set()
        gauge.mark(f"{kind}_start")
        assert running(ask(home), column) == listed_as_running(home, kind) == {"x"}


def test_a_run_that_a_mark_has_ended_is_over_though_an_agent_was_left_open_in_it(
    home: Path, gauge: agentgauge.Gauge
) -> None:
    run = runs.MetricsCollector(run_id="r-1", gauge=gauge)
    run.start_issue(7)
    run.start_agent(AgentType.CODING, issue_id=7)
    gauge.mark("issue_end", run="r-1", issue="7")
    gauge.mark("run_end", run="r-1", outcome="failure")
    assert running(ask(home), "run") == listed_as_running(home, "run") == set()
    assert running(ask(home), "work_item") == listed_as_running(home, "ticket") == set()


def test_a_ticket_runs_on_when_one_of_its_issues_ends(home: Path, gauge: agentgauge.Gauge) -> None:
    with gauge.scope(agent="coder", ticket="T-1"), gauge.span("turn"):
        gauge.mark("issue_start", issue="7")
        gauge.llm_call("in-house", cost_usd="0.1")
        gauge.mark("issue_end", issue="7", outcome="success")
        assert running(ask(home), "work_item") == listed_as_running(home, "ticket") == {"T-1"}


def test_an_agent_has_a_line_for_each_piece_of_its_work(home: Path, gauge: agentgauge.Gauge) -> None:
    with gauge.scope(agent="coder"):
        for ticket, cost in (("T-1", "0.25"), ("T-2", "1"), ("T-1", None)):
            gauge.llm_call("in-house", input_tokens=1, cost_usd=cost, ticket=ticket)
    found = {one.work_item: (one.cost_usd, one.unpriced_calls) for one in ask(home).agents}
    assert found == {"T-1": (Decimal("0.25"), 1), "T-2": (Decimal(1), 0)}


def test_spend_is_summed_minute_by_minute(home: Path, gauge: agentgauge.Gauge) -> None:
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - MINUTE
    for at, cost in ((minute, "0.1"), (minute + 59 * timedelta(seconds=1), "0.2"), (minute - 3 * MINUTE, None)):
        gauge.llm_call("in-house", input_tokens=10, output_tokens=5, cost_usd=cost, at=at)
    gauge.tool_call("search", cost_usd="0.05", success=False, at=minute - 3 * MINUTE)
    gauge.task("turn", success=False, at=minute - 50 * MINUTE)
    gauge.llm_call("in-house", cost_usd="9", at=minute - 2 * HOUR)
    found = ask(home)
    spent = {one.start: one for one in found.minutes if one.calls or one.failures}
    assert list(spent) == [minute - 50 * MINUTE, minute - 3 * MINUTE, minute]
    assert (spent[minute].cost_usd, spent[minute].tokens, spent[minute].calls) == (Decimal("0.3"), 30, 2)
    mixed = spent[minute - 3 * MINUTE]
    assert (mixed.cost_usd, mixed.unpriced_calls, mixed.tool_calls, mixed.failures) == (Decimal("0.05"), 1, 1, 1)
    assert (found.hour.cost_usd, found.hour.calls, found.hour.failures) == (Decimal("0.35"), 3, 2)
    assert ask(home, day_start=minute - 3 * HOUR).today.cost_usd == Decimal("9.35")
    assert ask(home, day_start=minute).today.cost_usd == Decimal("0.3")


def test_calls_without_a_price_cost_no_zero(home: Path, gauge: agentgauge.Gauge) -> None:
    gauge.llm_call("in-house", input_tokens=600, output_tokens=400)
    found = ask(home)
    for spent in (found.today, found.hour, found.recent):
        assert (spent.cost_usd, spent.unpriced_calls) == (None, 1)
    assert (found.cost_per_minute_usd, found.tokens_per_minute) == (None, 200)


def test_of_writers_on_other_machines_and_of_received_events_nothing_is_known() -> None:
    writers = Writers(living=frozenset({"aa"}), elsewhere=frozenset({"bb"}))
    assert writers.is_writing("aa-000001") is True
    assert writers.is_writing("bb-000001") is None
    assert writers.is_writing("cc-000001") is False
    assert writers.is_writing("aa-000001", arrived=datetime.now(UTC)) is None
