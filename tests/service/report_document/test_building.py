"""What a report says."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentgauge.engines import Filter
from agentgauge.service import reports
from agentgauge.service.report_document.building import build
from agentgauge.service.report_document.document import Document, Table
from agentgauge.service.report_document.figures import exact
from agentgauge.service.window import Window
from tests.service.report_document.reported import END, NAMES, question


def table(document: Document, title: str) -> Table:
    (found,) = (one for one in document.tables if one.title == title)
    return found


def test_its_figures_are_those_that_reports_answer(document: Document, reported_home: Path) -> None:
    with question(reported_home) as asked:
        overview = reports.overview(asked.engine, asked.window)
        agents = reports.ranking(asked.engine, asked.window, "agent").rows
    values = [tile.figure.value for tile in document.tiles]
    assert values[:3] == [exact(overview.cost_usd), str(overview.tasks), repr(overview.success_rate)]
    assert values[3] == repr(overview.task_duration.p95_ms)
    rows = table(document, "Agents").rows
    assert [row[0].text for row in rows] == [agent.name for agent in agents]
    assert [row[-1].value for row in rows] == [exact(agent.cost_per_success_usd) for agent in agents]


def test_it_says_what_changed_and_against_what(document: Document) -> None:
    assert document.window == "2026-11-08 00:00 to 2026-11-15 00:00 (UTC)"
    assert document.against == "changes against 2026-11-01 00:00 to 2026-11-08 00:00"
    assert document.changed is not None
    assert document.changed.text.startswith("Cost of priced calls rose by")
    cost, tasks = document.tiles[:2]
    assert cost.change is not None
    assert (cost.change.rises, cost.change.tone) == (True, "bad")
    assert tasks.change is not None
    assert tasks.change.text == "no change shown"


def test_a_call_without_a_price_is_told_and_never_zero(document: Document) -> None:
    assert document.tiles[0].figure.text.endswith("+")
    (row,) = table(document, "Calls without a price").rows
    assert row[0].text == "house-model"
    (model,) = (row for row in table(document, "Models").rows if row[0].text == "house-model")
    assert (model[-1].text, model[-1].value) == ("-", "")
    assert any("without a known price" in note for note in document.notes)


def test_it_has_what_needs_somebody(document: Document) -> None:
    (budget,) = table(document, "Budgets").rows
    assert (budget[0].text, budget[3].text) == ("agent reviewer", "$30.00")
    (alert,) = table(document, "Alerts opened").rows
    assert (alert[0].text, alert[1].text) == ("critical", "Silence.")
    assert all(row[0].text in ("high", "medium", "low") for row in table(document, "Recommendations pending").rows)


def test_its_charts_are_of_the_window_by_day(document: Document) -> None:
    cost, latency = document.pictures
    assert {series.name for series in cost.chart.series} == {*NAMES.values()}
    assert len({row["label"] for row in cost.chart.rows}) == 7
    assert latency.notes == ("p95 is not shown for 7 of 7 days: they have fewer than 20 tasks.",)
    assert [series.name for series in latency.chart.series] == ["median"]


def test_conditions_leave_out_what_is_of_whole_projects(reported_home: Path) -> None:
    with question(reported_home, filters=(Filter("agent", "=", "reviewer"),), conditions=("agent=reviewer",)) as asked:
        document = build(asked)
    titles = {one.title for one in document.tables}
    assert not titles & {"Budgets", "Alerts opened", "Recommendations pending"}
    assert [row[0].text for row in table(document, "Agents").rows] == ["reviewer"]
    assert any("left out" in note for note in document.notes)


def test_of_another_project_it_says_nothing_of_this_one(reported_home: Path) -> None:
    with question(reported_home, filters=(Filter("project", "=", "other"),), conditions=("project=other",)) as asked:
        document = build(asked)
    assert document.nothing.startswith("No events meet the conditions in this window.")
    assert (document.tiles, document.pictures, document.tables) == ((), (), ())


@pytest.mark.parametrize(
    ("by", "title"), [(("tool",), "Cost by model"), (("role",), "Cost by role")], ids=["tool", "role"]
)
def test_cost_is_by_what_was_asked_for_where_calls_have_it(
    reported_home: Path, by: tuple[str, ...], title: str
) -> None:
    with question(reported_home, by=by) as asked:
        document = build(asked)
    assert document.pictures[0].title == title
    assert ("By role" in {one.title for one in document.tables}) == (by == ("role",))


def test_everything_recorded_is_compared_with_nothing(reported_home: Path) -> None:
    with question(reported_home, window=Window()) as asked:
        document = build(asked)
    assert (document.changed, document.against) == (None, "")
    assert all(tile.change is None for tile in document.tiles)


def test_an_empty_home_is_told_the_command_that_fills_it(tmp_path: Path) -> None:
    with question(tmp_path / "none", window=Window(None, END)) as asked:
        assert "agentgauge import" in build(asked).nothing
