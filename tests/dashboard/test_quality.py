"""The page of quality: each figure with its interval, each score with its words and what it is about, and whether a
change worked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.analysis.proportions import wilson
from agentgauge.dashboard.pages.quality_change import ROWS
from agentgauge.features import AdvancedMetrics
from agentgauge.service import short_wording
from agentgauge.service.reports.before_after import METRICS
from tests.dashboard.test_performance import asked, card, rows, serving, shown
from tests.dashboard.work.quality import CHANGED_DAYS_AGO


@pytest.fixture(scope="module")
def server(recorded: Path) -> Iterator[TestClient]:
    with serving(recorded) as client:
        yield client


def _day(ago: int) -> str:
    return f"{datetime.now(UTC) - timedelta(days=ago):%Y-%m-%d}"


def test_the_success_rate_is_that_of_the_api_with_its_interval(server: TestClient) -> None:
    found = asked(server, "overview", since="30d")
    ended = found["successful_tasks"] + found["failed_tasks"]
    figures = card(shown(server, "/quality"), "figures")
    assert short_wording.percent(found["success_rate"]) in figures
    low, high = wilson(found["successful_tasks"], ended, 0.95)
    assert f"{short_wording.percent(low)} to {short_wording.percent(high)}" in figures
    assert short_wording.score(found["quality"]["mean"]) in figures


def test_agents_have_the_rates_and_scores_that_the_api_answers(server: TestClient) -> None:
    found = {row["key"]["agent"]: row for row in asked(server, "breakdown", by="agent", since="30d")["rows"]}
    for row in rows(server, "/quality?csv=success"):
        assert float(row["share"]) == pytest.approx(found[row["name"]]["success_rate"])
    for row in rows(server, "/quality?csv=quality"):
        assert float(row["mean"]) == pytest.approx(found[row["name"]]["quality"]["mean"])


def test_satisfaction_features_and_errors_are_what_the_features_answer(recorded: Path, server: TestClient) -> None:
    with agentgauge.open(recorded) as gauge:
        tracker = AdvancedMetrics(gauge=gauge)
        people = tracker.get_satisfaction_metrics(hours=None)
        uses = tracker.get_feature_usage_stats("search", hours=None)
        errors = tracker.get_error_stats(hours=None)
    figures = card(shown(server, "/quality?range=all"), "figures")
    assert short_wording.percent(people["satisfaction_rate"]) in figures
    assert f"{people['satisfied']:,} of {people['count']:,} scores" in figures
    spread = rows(server, "/quality?range=all&csv=spread")
    assert sum(int(row["count"]) for row in spread) == people["count"]
    table = {(row["feature"], row["action"]): row for row in rows(server, "/quality?range=all&csv=features")}
    whole = table["search", "all"]
    assert int(whole["uses"]) == uses["total_usage"]
    assert float(whole["success"]) == pytest.approx(uses["success_rate"])
    types = {row["name"]: int(row["count"]) for row in rows(server, "/quality?range=all&csv=errors")}
    assert types == errors["by_type"]
    severities = rows(server, "/quality?range=all&errors=severity&csv=errors")
    assert {row["name"]: int(row["count"]) for row in severities} == errors["by_severity"]
    assert short_wording.percent(errors["recovery_rate"]) in figures


def test_each_score_has_its_words_and_leads_to_the_interaction_behind_it(server: TestClient) -> None:
    part = card(shown(server, "/quality?scores=worded"), "scores")
    table = rows(server, "/quality?scores=worded&csv=scores")
    assert table
    assert all(row["words"] for row in table)
    assert table[0]["words"] in part
    links = re.findall(r'href="(/operations/[^"]+)"', part)
    assert len(links) == len(table)
    assert "answer" in shown(server, links[0])


def test_low_scores_are_asked_for(server: TestClient) -> None:
    assert all(float(row["score"]) < 0.7 for row in rows(server, "/quality?scores=low&csv=scores"))


def test_what_is_learnt_is_shown_with_its_trend(server: TestClient) -> None:
    table = {row["name"]: row for row in rows(server, "/quality?csv=measured")}
    assert table["search: prediction"]["trend"] == "improving"
    assert table["summaries: classification"]["trend"] != "degrading"
    assert "search: prediction" in card(shown(server, "/quality"), "learning")


def test_optimizations_are_shown_better_only_where_they_are(recorded: Path, server: TestClient) -> None:
    with agentgauge.open(recorded) as gauge:
        found = AdvancedMetrics(gauge=gauge).get_optimization_impact()["by_category"]
    part = card(shown(server, "/quality"), "optimizations")
    for name, impact in found.items():
        row = part.partition(f"{name.replace('_', ' ')} </th>")[2].partition("</tr>")[0]
        assert short_wording.signed_percent(impact["relative_change"]["value"]) in part
        is_shown = impact["relative_change"]["p_value"] <= 0.05
        assert not row or ("better" in row) is (is_shown and impact["improvement"] > 0)


def test_whether_a_change_worked_is_said_with_its_test(server: TestClient) -> None:
    address = f"/quality?agent=assistant&change={_day(CHANGED_DAYS_AGO)}"
    part = card(shown(server, address), "change")
    assert re.search(r"Satisfaction is better: from [\d.]+ % to [\d.]+ % \(95 %: \+[\d.]+ points to", part)
    assert "no change shown" in part
    table = {row["metric"]: row for row in rows(server, f"{address}&csv=change")}
    assert table["satisfaction"]["verdict"].startswith("better (p ")


def test_each_metric_of_a_change_says_which_rows_it_is_of() -> None:
    assert set(ROWS) == set(METRICS)


def test_the_form_asks_with_the_filters_of_the_page(server: TestClient) -> None:
    part = card(shown(server, "/quality?agent=assistant&by=role"), "change")
    assert '<input type="hidden" name="agent" value="assistant">' in part
    assert '<input type="hidden" name="by" value="role">' in part
    assert f'name="change" value="{_day(7)}"' in part


@pytest.mark.parametrize("change", ["2999-01-01", "soon"])
def test_a_change_that_is_none_is_said_in_its_card(server: TestClient, change: str) -> None:
    answer = server.get(f"/quality?change={change}", headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert answer.text.count("This could not be shown") == 1


def test_one_score_has_no_interval_and_few_values_hide_their_p95(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        tracker = AdvancedMetrics(gauge=gauge)
        tracker.record_satisfaction("search", "overall", 4, feedback="<b>Fine</b> & quick", interaction_id="chat 7")
        tracker.record_feature_usage("search", "query", 30.0)
        tracker.record_learning_effectiveness("search", "prediction", 0.9)
        tracker.record_optimization_impact("search", "cache", "latency", 40.0, 30.0)
    with serving(tmp_path) as server:
        raw = server.get("/quality", headers={"accept": "text/html"}).text
        assert "&lt;b&gt;Fine&lt;/b&gt; &amp; quick" in raw
        page = shown(server, "/quality")
        assert "chat 7" in card(page, "scores")
        assert "few" in card(page, "features")
        assert "too few days" in card(page, "measured")
        assert "too few pairs" in card(page, "optimizations")
        assert "nothing to compare on one side" in card(page, "change")


def test_scores_that_name_no_kind_are_told_from_a_kind_called_overall(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for score, name in ((0.9, None), (0.8, None), (0.7, None), (0.4, "overall"), (0.3, "overall"), (0.2, "speed")):
            gauge.satisfaction(score, name=name)
    with serving(tmp_path) as server:
        part = card(shown(server, "/quality"), "kinds")
        lines = [line for line in part.split("<tr>") if 'scope="row"' in line]
        counted = rows(server, "/quality?csv=kinds")
        assert [(row["type"], row["n"]) for row in counted] == [("", "3"), ("overall", "2"), ("speed", "1")]
        assert ["overall" in line.partition("</th>")[0] for line in lines] == [True, True, False]
        links = [re.findall(r'href="(/runs[^"]+)"', line) for line in lines]
        assert [len(rows(server, f"{link}&csv=work")) for (link,) in links] == [3, 2, 1]
        assert [("without=name" in link, "name=overall" in link) for (link,) in links] == [
            (True, False), (False, True), (False, False),
        ]  # fmt: skip


def test_scores_of_an_empty_name_lead_to_no_others(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        gauge.satisfaction(0.9, name="")
        gauge.satisfaction(0.8, name="speed")
    with serving(tmp_path) as server:
        empty, speed = card(shown(server, "/quality"), "kinds").split("<tr>")[2:]
        assert "an empty name" in empty
        assert "href" not in empty.partition("</tr>")[0]
        assert "name=speed" in speed


def test_an_empty_home_says_how_to_record_each_of_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        page = shown(server, "/quality")
        assert "agentgauge demo" in card(page, "figures")
        assert "gauge.satisfaction(" in card(page, "satisfaction")
        assert "record_feature_usage(" in card(page, "features")
        assert "record_learning_effectiveness(" in card(page, "learning")
        assert "record_optimization_impact(" in card(page, "optimizations")
        assert "gauge.error(" in card(page, "errors")
