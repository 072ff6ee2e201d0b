"""Links of figures lead to the rows that the figures are of; cards that hold no filter say so or obey it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.dashboard.app import create_app
from agentgauge.settings.server import get_server_settings

NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)
ODD = "a/b 100 %"
Linked = tuple[dict[str, str], str | None]
"""A row of a table, and where one of its figures leads."""


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


def _listed(client: TestClient, address: str) -> list[dict[str, str]]:
    answer = client.get(f"{address}&csv=work")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def _rows(client: TestClient, address: str) -> int:
    return len(_listed(client, address))


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


@pytest.fixture(scope="module")
def server(recorded: Path) -> Iterator[TestClient]:
    """Of two months of work, at one moment: what a page counts is not older than its rows."""
    app = create_app(get_server_settings(recorded, {}))
    now = datetime.now(UTC)
    with TestClient(app, base_url="http://localhost") as found:
        app.state.runtime.now = lambda: now
        yield found


def _linked(server: TestClient, address: str, card: str, column: str) -> list[Linked]:
    """The rows of a card's table with the link of each in a column."""
    there = "&" if "?" in address else "?"
    answer = server.get(f"{address}{there}csv={card}")
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    page = server.get(f"{address}{there}rows={card}").text
    body = page.partition(f'id="{card}"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [re.findall(r"<t[hd][ >].*?</t[hd]>", row, re.DOTALL) for row in body.split("<tr>")[1:]]
    at = list(rows[0]).index(column)
    links = [re.search(r'href="([^"]*)"', row[at]) for row in cells]
    assert len(links) == len(rows)
    return [(row, None if link is None else unescape(link[1])) for row, link in zip(rows, links, strict=True)]


_COUNTED = (
    *(
        (f"/costs?range=7d&by={by}", "spend-by", "calls")
        for by in ("role", "feature", "user", "team", "session", "model")
    ),
    *((f"/costs?range=7d&by={by}", "spend-by", "tasks") for by in ("agent", "project", "operation", "ticket")),
    ("/costs?range=7d&by=tool", "spend-by", "calls"),
    ("/costs?range=7d&by=team", "spend-by", "unpriced"),
    ("/costs", "unpriced", "calls"),
    ("/system", "unpriced", "calls"),
    ("/quality?range=7d&by=operation", "quality", "n"),
    ("/quality?range=7d&by=feature", "success", "n"),
    *((f"/quality?errors={by}", "errors", "count") for by in ("type", "severity", "category")),
    ("/quality?errors=severity", "errors", "tried"),
    ("/quality", "features", "uses"),
    ("/quality", "measured", "n"),
    ("/quality", "optimizations", "n"),
    ("/performance?range=7d&by=operation", "groups", "count"),
    ("/performance?range=7d&metric=latency&by=role", "groups", "count"),
    ("/performance?range=7d&metric=cost&by=model", "groups", "count"),
    *((f"/performance?range=7d&metric={of}", "distribution", "count") for of in ("latency", "cost")),
    *((f"/performance?range=7d&metric={of}", "operations", "values") for of in ("execution_time", "latency")),
    ("/performance?range=7d", "tools", "failures"),
    ("/agents?range=7d", "agents", "tasks"),
    ("/models?range=7d", "models", "calls"),
    ("/roles/developer?range=7d", "members", "tasks"),
)


@pytest.mark.parametrize(("address", "card", "column"), _COUNTED, ids=lambda value: value)
def test_a_figure_leads_to_as_many_rows_as_it_counts(server: TestClient, address: str, card: str, column: str) -> None:
    counted = [(int(row[column]), link) for row, link in _some(_linked(server, address, card, column)) if row[column]]
    assert counted
    assert [link and _rows(server, link) for _, link in counted] == [number for number, _ in counted]


def test_a_kind_of_satisfaction_leads_to_its_scores(server: TestClient) -> None:
    for row, link in _linked(server, "/quality", "kinds", "n"):
        assert link is not None
        assert _rows(server, link) == int(row["n"])


def _some(rows: list[Linked]) -> list[Linked]:
    """The first two, the last, and the one of what names none."""
    nameless = [one for one in rows[2:-1] if next(iter(one[0].values())).split(" ")[0] in ("no", "none")]
    return [*rows[:2], *nameless, *rows[2:][-1:]]


@pytest.mark.parametrize("by", ["agent", "user", "model", "tool"])
def test_what_was_spent_is_the_sum_of_the_rows_that_it_leads_to(server: TestClient, by: str) -> None:
    rows = _some(_linked(server, f"/costs?range=7d&by={by}", "spend-by", "cost"))
    spent = [(Decimal(row["cost"]), link) for row, link in rows if row["cost"]]
    assert spent
    for cost, link in spent:
        assert link is not None
        assert sum(Decimal(one["cost_usd"]) for one in _listed(server, link)) == cost


@pytest.mark.parametrize(("side", "at"), [("before", 0), ("after", 2)])
def test_each_side_of_a_change_leads_to_its_own_rows(server: TestClient, side: str, at: int) -> None:
    for row, link in _linked(server, "/quality", "change", side):
        assert link is not None
        assert _rows(server, link) == int(row["n"].split(" ")[at])


def test_the_figures_of_an_agent_lead_to_the_tasks_that_they_are_of(server: TestClient) -> None:
    page = server.get("/agents/assistant?range=7d").text
    figures = unescape(page.partition('id="figures"')[2].partition("</section>")[0])
    scored = re.search(r"of (\d+) scored tasks", figures)
    link = re.search(r'href="(/runs\?[^"]*having=quality[^"]*)"', figures)
    assert scored is not None
    assert link is not None
    assert _rows(server, link[1]) == int(scored[1]) > 0


def test_what_a_run_used_leads_to_its_own_rows_whatever_the_page_is_filtered_by(server: TestClient) -> None:
    for row, link in _linked(server, "/runs/r-1?of=shop&agent=nobody&range=1h", "models", "calls"):
        assert link is not None
        found = _listed(server, link)
        assert len(found) == int(row["calls"])
        assert {one["in"] for one in found} == {"run r-1"}
