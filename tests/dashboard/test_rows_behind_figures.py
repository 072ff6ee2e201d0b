"""Links of figures lead to the rows that the figures are of; cards that hold no filter say so or obey it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.dashboard.app import create_app
from agentgauge.settings.server import get_server_settings

NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)
ODD = "a/b 100 %"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Two agents that do the same operation, one with a name that addresses have to escape; the same model of two
    providers without a price.
    """
    home: Path = tmp_path_factory.mktemp("rows")
    with agentgauge.open(home) as gauge:
        for agent, often in (("coder", 3), (ODD, 2)):
            for number in range(often):
                at = NOW - timedelta(hours=1, minutes=number)
                with gauge.scope(agent=agent, operation="review"):
                    gauge.task("review", 1000, True, at=at)
                    gauge.llm_call("m", "one", input_tokens=1, output_tokens=1, cost_usd="0.5", at=at)
                    gauge.llm_call("house", "one", input_tokens=1, output_tokens=1, at=at)
                    gauge.tool_call("search", 20, at=at)
            gauge.llm_call("house", "two", input_tokens=1, output_tokens=1, agent=agent, at=NOW - timedelta(hours=1))
    app = create_app(get_server_settings(home))
    with TestClient(app, base_url="http://localhost") as found:
        app.state.runtime.now = lambda: NOW
        yield found


def _link(client: TestClient, address: str, **named: str) -> str:
    """The first link of a page to its rows that has these parameters."""
    page = client.get(address)
    assert page.status_code == 200
    links = [unescape(link) for link in re.findall(r'href="(/[^"]*)"', page.text)]
    return next(link for link in links if all(f"{name}={value}" in link for name, value in named.items()))


def _rows(client: TestClient, address: str) -> int:
    answer = client.get(f"{address}&csv=work")
    assert answer.status_code == 200, answer.text
    return len(list(csv.DictReader(io.StringIO(answer.text))))


def test_an_operation_of_an_agent_leads_to_the_tasks_of_that_agent(client: TestClient) -> None:
    assert _rows(client, _link(client, "/agents/coder", view="tasks", operation="review")) == 3


def test_calls_of_a_tool_of_an_agent_are_its_own(client: TestClient) -> None:
    assert _rows(client, _link(client, "/agents/coder", view="calls", tool="search")) == 3


def test_a_number_of_calls_leads_to_calls_of_models_alone(client: TestClient) -> None:
    link = _link(client, "/costs?by=agent", view="calls", agent="coder", kind="llm_call")
    assert _rows(client, link) == 3 + 3 + 1


def test_calls_without_a_price_are_of_the_provider_that_the_row_is_of(client: TestClient) -> None:
    assert _rows(client, _link(client, "/costs", priced="no", model="house", provider="two")) == 2


def test_what_was_spent_today_leads_to_what_came_since_midnight(client: TestClient) -> None:
    assert "range=24h" not in _link(client, "/costs", start="2026-03-18T00", order="dearest")


def test_an_agent_of_an_odd_name_has_its_page(client: TestClient) -> None:
    links = re.findall(r'href="(/agents/[^"?]*)"', client.get("/agents").text)
    assert {client.get(unescape(link)).status_code for link in links} == {200}
    assert len(set(links)) == 2


def test_budgets_are_of_the_project_that_is_chosen(client: TestClient) -> None:
    for name in ("shop", "blog"):
        terms = {"scope": "project", "name": name, "total_usd": "4", "start": "2026-03-01T00:00:00Z"}
        assert client.post("/api/v1/budgets", json=terms).status_code == 201
    listed = list(csv.DictReader(io.StringIO(client.get("/costs?project=shop&csv=budgets").text)))
    assert [row["budget"] for row in listed] == ["project:shop"]
