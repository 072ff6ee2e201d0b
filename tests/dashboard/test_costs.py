"""`/costs`: what it shows is what the API answers, whatever it is asked for."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.dashboard.app import create_app
from agentgauge.dashboard.pages.costs_dimensions import DIMENSIONS
from agentgauge.settings.server import get_server_settings

NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)


def recorded(home: Path) -> Path:
    """Forty days of a coder and a reviewer in two projects, and some calls of a model that has no price."""
    with agentgauge.open(home) as gauge:
        for ago in range(40):
            at = NOW - timedelta(days=ago, hours=2)
            common = {"issue": f"I-{ago % 4}", "user": "ada", "team": "web", "session": f"s{ago % 3}"}
            with gauge.scope(agent="coder", role="dev", project="shop", operation="code", **common):
                gauge.llm_call("m-1", input_tokens=1000, output_tokens=50, cost_usd="0.40", at=at)
                gauge.task("code", 1000, ago % 5 > 0, at=at)
            with gauge.scope(agent="reviewer", role="qa", project="blog", operation="review", **common):
                cost = f"0.{10 + ago % 7}"
                gauge.llm_call("m-2", input_tokens=500, output_tokens=10, cost_usd=cost, at=at)
                gauge.tool_call("search", 20, cost_usd="0.01", at=at)
                if ago % 10 == 3:
                    gauge.llm_call("house", input_tokens=70, output_tokens=7, at=at)
            if ago < 5:
                gauge.llm_call(
                    "gpt-5", "openai", input_tokens=9000, output_tokens=10, cache_read_tokens=8000, agent="coder", at=at
                )
    return home


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = create_app(get_server_settings(recorded(tmp_path_factory.mktemp("costs"))))
    with TestClient(app, base_url="http://localhost") as found:
        app.state.runtime.now = lambda: NOW
        for terms in (
            {"scope": "agent", "name": "coder", "total_usd": "20", "period": "month", "start": "2026-03-01T00:00:00Z"},
            {"scope": "agent", "name": "reviewer", "total_usd": "1", "start": "2026-03-01T00:00:00Z"},
            {"scope": "project", "name": "blog", "total_usd": "4", "start": "2026-03-01T00:00:00Z"},
            {"scope": "team", "name": "web", "total_usd": "100", "period": "week"},
        ):
            assert found.post("/api/v1/budgets", json=terms).status_code == 201
        yield found


def page(client: TestClient, address: str = "/costs") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    assert "could not be shown" not in answer.text
    return answer.text


def table(client: TestClient, card: str, **asked: str) -> list[dict[str, str]]:
    answer = client.get("/costs", params={"csv": card, **asked})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def api(client: TestClient, question: str, **asked: str) -> Any:
    answer = client.get(f"/api/v1/{question}", params={"since": "30d", **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_sum_of_the_range_is_that_of_the_api_and_says_that_calls_are_not_in_it(client: TestClient) -> None:
    found = api(client, "overview")
    shown = page(client)
    assert f'<p class="value">${Decimal(found["cost_usd"]):.2f}+</p>' in shown
    assert f'<p class="value">{found["unpriced_calls"]}</p>' in shown
    assert found["unpriced_calls"] == 3


@pytest.mark.parametrize("by", ["model", "agent", "project", "operation"])
def test_spend_by_a_dimension_is_the_breakdown_of_the_api(client: TestClient, by: str) -> None:
    rows, groups = table(client, "spend-by", by=by), api(client, "breakdown", by=by)["rows"]
    assert len(rows) == len(groups) > 1
    for row, group in zip(rows, groups, strict=True):
        assert row[by] == (group["key"][by] or f"no {by}")
        assert row["cost"] == (group["cost_usd"] or "")
        assert (int(row["calls"]), int(row["unpriced"])) == (group["calls"], group["unpriced_calls"])
        assert int(row["tokens"]) == group["tokens"]
    assert sum(float(row["share"]) for row in rows if row["share"]) == pytest.approx(1)


def test_a_success_costs_all_that_was_spent_over_the_tasks_that_succeeded(client: TestClient) -> None:
    coder = next(row for row in table(client, "spend-by", by="agent") if row["agent"] == "coder")
    group = next(row for row in api(client, "breakdown", by="agent")["rows"] if row["key"]["agent"] == "coder")
    assert Decimal(coder["per_success"]) == Decimal(group["cost_usd"]) / group["successful_tasks"]
    assert "per_success" not in table(client, "spend-by", by="model")[0]  # tasks have no model


def test_the_chart_sums_to_the_course_of_the_api(client: TestClient) -> None:
    days = api(client, "over-time", bucket="day")["rows"]
    drawn = table(client, "spend", by="agent")
    summed = [math.fsum(float(value) for name, value in row.items() if name != "Day") for row in drawn]
    assert summed == pytest.approx([float(day["cost_usd"] or 0) for day in days])


@pytest.mark.parametrize("by", DIMENSIONS)
def test_every_dimension_can_be_asked_for_and_leads_to_its_rows(client: TestClient, by: str) -> None:
    shown = page(client, f"/costs?by={by}&range=90d")
    assert f'aria-current="true">{DIMENSIONS[by].title}</a>' in shown  # type: ignore[index]
    assert re.search(rf'href="/runs[?][^"]*(?:&amp;{by}=|without={by}["&])', shown)


def test_tools_cost_what_is_reported_of_them(client: TestClient) -> None:
    (search,) = table(client, "spend-by", by="tool", range="90d")
    assert (search["tool"], Decimal(search["cost"]), search["calls"]) == ("search", Decimal("0.40"), "40")


def test_the_forecast_is_that_of_the_api(client: TestClient) -> None:
    found = client.get("/api/v1/forecast").json()
    shown = page(client)
    total = found["total"]
    for figure in (total["value"], total["low_95"], total["high_95"]):
        assert f"${figure:.1f}" in shown
    rows = table(client, "forecast")
    assert [float(row["expected"]) for row in rows if row["expected"]] == pytest.approx(
        [day["expected"]["value"] for day in found["days"]]
    )
    assert float(rows[-1]["95 of 100 cases, low"]) == pytest.approx(found["days"][-1]["expected"]["low_95"])


def test_filters_hold_for_every_figure(client: TestClient) -> None:
    rows = table(client, "spend-by", by="agent", agent="reviewer")
    assert [row["agent"] for row in rows] == ["reviewer"]
    assert [row["model"] for row in table(client, "unpriced", agent="reviewer")] == ["house"]
    assert "No call of this range is without a price" in page(client, "/costs?model=m-1")


def test_budgets_are_those_of_the_api_the_nearest_to_their_limits_first(client: TestClient) -> None:
    rows = table(client, "budgets")
    known = {f"{one['scope']}:{one['name']}": one for one in client.get("/api/v1/budgets").json()["data"]}
    assert [row["budget"] for row in rows] == ["agent:reviewer", "project:blog", "agent:coder", "team:web"]
    for row in rows:
        one = known[row["budget"]]
        assert (row["used"], row["left"], row["status"]) == (one["used_usd"], one["remaining_usd"], one["status"])
        assert float(row["share"]) == pytest.approx(one["utilization_percent"] / 100)


def test_a_budget_says_when_it_runs_out_and_between_which_days(client: TestClient) -> None:
    coder, reviewer = (
        next(row for row in table(client, "budgets") if row["budget"] == name)
        for name in ("agent:coder", "agent:reviewer")
    )
    asked = {"where": "agent=coder", "budget": "20", "days": "14"}
    answer = client.get("/api/v1/forecast", params=asked)
    assert answer.status_code == 200, answer.text
    budget = answer.json()["budget"]
    assert coder["run_out"] == (budget["day"] or "")
    assert reviewer["run_out"] == ""
    assert ">used up</span>" in page(client)


def test_calls_without_a_price_come_with_what_prices_them(client: TestClient) -> None:
    (row,) = table(client, "unpriced")
    assert (row["model"], row["calls"], row["tokens"]) == ("house", "3", "231")
    shown = page(client)
    assert "model = &#34;house&#34;" in shown
    assert "agentgauge reprice --since 2026-02-23" in shown
    assert "view=calls&amp;priced=no&amp;model=house" in shown


def test_caches_saved_what_their_reads_cost_less(client: TestClient) -> None:
    (row,) = table(client, "cache")
    assert (row["model"], row["read"]) == ("gpt-5", "40000")
    assert Decimal(row["saved"]) == Decimal("0.045")  # 40,000 at $1.25 less $0.125 per million


def test_an_empty_home_shows_the_command_that_sends_data(tmp_path: Path) -> None:
    with TestClient(create_app(get_server_settings(tmp_path)), base_url="http://localhost") as client:
        shown = page(client)
    assert "agentgauge import claude-code" in shown
    assert "agentgauge budget set agent:coder 30 --per month" in shown
