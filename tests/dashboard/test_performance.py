"""The page of performance: its figures are what the API answers, and what few values cannot say is left out."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.dashboard.app import create_app
from agentgauge.service import short_wording
from agentgauge.settings.server import get_server_settings

FIGURES = {"p50": "Median", "p95": "p95", "p99": "p99", "mean": "Mean"}
WORDED = {
    "execution_time": short_wording.duration, "latency": short_wording.duration,
    "tokens": short_wording.large_count,
}  # fmt: skip


def serving(home: Path) -> TestClient:
    return TestClient(create_app(get_server_settings(home, {})), base_url="http://localhost")


@pytest.fixture(scope="module")
def server(recorded: Path) -> Iterator[TestClient]:
    with serving(recorded) as client:
        yield client


def shown(server: TestClient, address: str) -> str:
    answer = server.get(address, headers={"accept": "text/html"})
    assert answer.status_code == 200, answer.text
    assert "This could not be shown" not in answer.text
    return html.unescape(re.sub(r"\s+", " ", answer.text))


def card(page: str, name: str) -> str:
    return page.partition(f'id="{name}"')[2].partition("</section>")[0]


def rows(server: TestClient, address: str) -> list[dict[str, str]]:
    answer = server.get(address)
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def asked(server: TestClient, question: str, **parameters: Any) -> Any:
    return server.get(f"/api/v1/{question}", params=parameters).json()


@pytest.mark.parametrize("metric", WORDED)
def test_tiles_have_the_percentiles_that_the_api_answers(server: TestClient, metric: str) -> None:
    figures = card(shown(server, f"/performance?metric={metric}"), "figures")
    (found,) = asked(server, "percentiles", metric=metric, since="30d")["rows"]
    for name, title in FIGURES.items():
        assert re.search(rf">{title}</a></h3> <p class=\"value\">{re.escape(WORDED[metric](found[name]))}<", figures)
    assert f"of {found['count']:,} " in figures


def test_groups_are_those_that_the_api_answers(server: TestClient) -> None:
    found = {
        row["key"]["agent"]: row
        for row in asked(server, "percentiles", metric="execution_time", by="agent", since="30d")["rows"]
    }
    table = rows(server, "/performance?by=agent&csv=groups")
    assert {row["name"]: int(row["count"]) for row in table} == {name: row["count"] for name, row in found.items()}
    for row in table:
        own = found[row["name"]]
        assert float(row["p50"]) == pytest.approx(own["p50"], rel=0.02)
        assert bool(row["p95"]) is not own["few"]


def test_groups_are_sorted_by_the_address(server: TestClient) -> None:
    medians = [float(row["p50"]) for row in rows(server, "/performance?csv=groups&sort=groups:-p50")]
    assert medians == sorted(medians, reverse=True)


def test_classes_of_the_distribution_hold_every_value(server: TestClient) -> None:
    (found,) = asked(server, "percentiles", metric="latency", since="30d")["rows"]
    classes = rows(server, "/performance?metric=latency&csv=distribution")
    assert sum(int(row["count"]) for row in classes) == found["count"]
    assert float(classes[0]["above"]) < found["min"] <= found["max"] <= float(classes[-1]["up_to"])


def test_outliers_are_those_of_the_api_and_lead_to_their_operation(server: TestClient) -> None:
    found = asked(server, "outliers", metric="execution_time", since="30d")
    table = rows(server, "/performance?csv=outliers")
    assert found["count"] == len(table) > 0
    assert [float(row["z"]) for row in table] == pytest.approx([row["score"] for row in found["outliers"]])
    part = card(shown(server, "/performance"), "outliers")
    links = re.findall(r'href="(/operations/[^"]+)"', part)
    assert len(links) == len(table)
    assert server.get(links[0]).status_code == 200
    place = re.search(r'href="(/sessions/[^"]+)"', part)
    assert place is not None
    assert server.get(place[1]).status_code == 200


def test_operations_that_get_slower_are_said_with_their_slope_and_chance(server: TestClient) -> None:
    part = card(shown(server, "/performance"), "trends")
    assert re.search(
        r"index_build takes 4\d ms more each day; this is more than chance explains "
        r"\(p (<|=) [\d.]+ after correction for \d+ tests\)",
        part,
    )
    assert re.search(r"weekly_report: The level rose on \w+ \d{4}-\d\d-\d\d from", part)
    found = asked(server, "trends", metric="execution_time", by="operation")
    table = {row["operation"]: row["trend"] for row in rows(server, "/performance?csv=operations")}
    words = {"stable": "no change shown", "insufficient_data": "too few days"}
    for trend in found["trends"]:
        if trend["key"] is not None and not trend["shifts"]["points"]:
            assert table[trend["key"]] == words.get(trend["trend"], trend["trend"])
    assert table["index_build"] == "degrading"


def test_tools_parts_and_hours_are_those_of_the_api(server: TestClient) -> None:
    tools = asked(server, "tools", since="30d")["rows"]
    table = rows(server, "/performance?csv=tools")
    assert [(row["tool"], int(row["calls"]), int(row["failures"])) for row in table] == [
        (row["name"], row["calls"], row["failures"]) for row in tools
    ]
    parts = asked(server, "components", since="30d")["rows"]
    table = rows(server, "/performance?csv=components")
    assert [(row["component"], int(row["count"])) for row in table] == [
        (row["component"], row["count"]) for row in parts
    ]
    (values,) = asked(server, "percentiles", metric="execution_time", since="30d")["rows"]
    hours = rows(server, "/performance?csv=hours")
    assert len(hours) == 24
    assert sum(int(count) for row in hours for day, count in row.items() if day != "hour") == values["count"]


def test_where_time_goes_is_the_tree_of_the_api(server: TestClient) -> None:
    tree = asked(server, "flame", since="30d")["root"]
    table = rows(server, "/performance?csv=flame")
    largest = tree["children"][0]
    assert (table[0]["name"], int(table[0]["count"])) == (largest["name"], largest["count"])
    assert float(table[0]["total"]) == pytest.approx(largest["value"])
    outermost = [row for row in table if row["depth"] == "0"]
    assert sum(float(row["total"]) for row in outermost) == pytest.approx(tree["value"])


def test_links_to_other_metrics_keep_the_filters_and_the_metric_is_this_pages_own(server: TestClient) -> None:
    page = shown(server, "/performance?metric=cost&agent=coder&range=7d")
    tokens = re.search(r'href="([^"]+)"[^>]*>Tokens</a>', card(page, "figures"))
    assert tokens is not None
    assert parse_qs(urlsplit(tokens[1]).query) == {"metric": ["tokens"], "agent": ["coder"], "range": ["7d"]}
    elsewhere = re.search(r'href="(/agents\?[^"]+)"', page)
    assert elsewhere is not None
    assert parse_qs(urlsplit(elsewhere[1]).query) == {"agent": ["coder"], "range": ["7d"]}


def test_of_few_values_high_percentiles_are_hidden_and_it_says_why(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for number in range(19):
            gauge.task("review", 100.0 + number, at=datetime.now(UTC) - timedelta(minutes=5 + number))
    with serving(tmp_path) as server:
        page = shown(server, "/performance")
        assert card(page, "figures").count("hidden: of 19 tasks, fewer than 20") == 2
        assert "109 ms" in card(page, "figures")
        assert "fewer than 20" in card(page, "percentiles")
        (row,) = rows(server, "/performance?csv=groups")
        assert (row["p50"], row["p95"], row["p99"]) != ("", "", "")
        assert (row["p95"], row["p99"]) == ("", "")


def test_an_empty_home_says_how_to_fill_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        page = shown(server, "/performance")
        assert "agentgauge demo" in card(page, "figures")
        for name in ("percentiles", "distribution", "trends", "groups", "outliers", "hours", "tools", "flame"):
            assert "figure data-chart" not in card(page, name)


@pytest.mark.parametrize("address", ["/performance?metric=speed", "/performance?by=weather", "/performance?metrc=cost"])
def test_what_there_is_not_to_be_asked_is_refused(server: TestClient, address: str) -> None:
    assert server.get(address).status_code == 422
