"""`/budgets/...`: a budget's page says what the API says, and its forms do what the API does, or say why not."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.dashboard.app import create_app
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.audit import AuditLog
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state

NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)
OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
CODER = {"scope": "agent", "name": "coder", "total_usd": "30", "period": "month", "start": "2026-03-01"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with agentgauge.open(tmp_path) as gauge:
        for ago in range(30):
            at = NOW - timedelta(days=ago, hours=3)
            gauge.llm_call("m", input_tokens=1, output_tokens=0, cost_usd="1.25", agent="coder", project="shop", at=at)
        gauge.llm_call("house", input_tokens=1, output_tokens=0, agent="coder", project="shop", at=NOW)
    return tmp_path


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    app = create_app(get_server_settings(home, {}))
    with TestClient(app, base_url="http://localhost") as found:
        app.state.runtime.now = lambda: NOW + timedelta(minutes=1)
        yield found


@pytest.fixture
def key_of(home: Path) -> Callable[..., dict[str, str]]:
    def make(*scopes: Any, projects: list[str] | None = None) -> dict[str, str]:
        book = KeyBook(shared_state(get_server_settings(home, {})))
        token = issue(book, "test", scopes, actor="test", now=datetime.now(UTC), projects=projects).token
        return {"Authorization": f"Bearer {token.text}", "Accept": "text/html"}

    return make


def send(client: TestClient, address: str, fields: dict[str, str], **headers: str) -> httpx2.Response:
    given = {"then": "/costs?range=7d", **fields}
    return client.post(address, data=given, headers=OWN | headers, follow_redirects=False)


def made(client: TestClient, **fields: str) -> str:
    answer = send(client, "/budgets/new", CODER | fields)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def refused(client: TestClient, answer: httpx2.Response) -> str:
    """The form that is shown once more."""
    assert answer.status_code == 303
    shown = client.get(answer.headers["location"])
    assert shown.status_code == 200
    assert '<p class="bad">Not saved' in shown.text
    return str(shown.text)


def table(client: TestClient, card: str) -> list[dict[str, str]]:
    answer = client.get("/budgets/1", params={"csv": card})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def listed(client: TestClient) -> Any:
    return client.get("/api/v1/budgets").json()["data"]


def test_a_budget_is_made_by_the_form_as_by_the_api(client: TestClient, home: Path) -> None:
    assert made(client) == "/budgets/1?range=7d"
    (budget,) = listed(client)
    assert (budget["total_usd"], budget["period"], budget["start"]) == ("30", "month", "2026-03-01T00:00:00Z")
    assert (budget["warning_percent"], budget["project"], budget["set_by"]) == (80.0, None, "person")
    shown = client.get("/budgets/1").text
    assert "Budget 1 is set: agent:coder may spend $30.00 per month." in shown
    (act,) = AuditLog(shared_state(get_server_settings(home, {}))).acts(subject="budget 1")
    assert (act.act, act.actor) == ("budget.created", "local")


def test_the_page_of_a_budget_says_what_the_api_says(client: TestClient) -> None:
    made(client)
    (budget,) = listed(client)
    shown = client.get("/budgets/1").text
    assert budget["used_usd"] == "22.5"
    assert '<p class="value">$22.50</p>' in shown
    assert f"of $30.00: {budget['utilization_percent']:.1f} %, ok" in shown
    assert '<p class="value">$7.50</p>' in shown
    assert '<p class="value">24 Mar</p>' in shown  # $1.25 a day: $28.75 by the 23rd
    parts = {row["part"]: Decimal(row["usd"]) for row in table(client, "parts")}
    assert sum(parts[name] for name in ("Counted", "Carried", "Charged", "Reserved", "Left")) == parts["Limit"]
    drawn = table(client, "period")
    assert [row["used"] for row in drawn if row["used"]][-1] == "22.5"


def test_what_is_reserved_is_shown_though_nothing_was_recorded(client: TestClient, home: Path) -> None:
    made(client, period="total")
    client.get("/budgets/1")
    BudgetAccounts(shared_state(get_server_settings(home, {}))).reserve(
        1, "3f2a", Decimal(2), at_least=Decimal(1), holder="build:7", ttl_s=60
    )
    client.app.state.runtime.now = lambda: NOW + timedelta(minutes=2)  # type: ignore[attr-defined]
    (row,) = table(client, "reservations")
    assert (row["holder"], row["usd"], row["what"]) == ("build:7", "2", "calls to come")
    assert "$2.00 reserved" in client.get("/budgets/1").text


def test_a_change_is_shown_with_who_made_it(client: TestClient) -> None:
    made(client)
    fields = {**CODER, "start": "", "total_usd": "$45.50", "warning_percent": "70", "version": "1"}
    answer = send(client, "/budgets/1/change", fields)
    assert answer.headers["location"] == "/budgets/1?range=7d"
    (budget,) = listed(client)
    assert (budget["total_usd"], budget["version"], budget["start"]) == ("45.5", 2, "2026-03-01T00:00:00Z")
    history = table(client, "history")
    assert history[0]["act"] == "total from $30.00 to $45.50; warning from 80 % to 70 %"
    assert (history[1]["act"], history[1]["actor"]) == ("made: $30.00 per month", "local")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("total_usd", "plenty", "is no amount in USD"),
        ("total_usd", "-3", "a budget is at least $0"),
        ("total_usd", "", "say how much may be spent"),
        ("name", "", "say what the budget is of"),
        ("start", "soon", "is no start"),
        ("warning_percent", "99", "comes after the critical threshold"),
        ("critical_percent", "120", "is no share of a budget"),
        ("period", "year", "not per year"),
        ("scope", "planet", "a budget is not of a"),
    ],
)
def test_what_cannot_be_saved_is_said_on_the_form_which_keeps_the_fields(
    client: TestClient, field: str, value: str, said: str
) -> None:
    form = refused(
        client, send(client, "/budgets/new", CODER | {"total_usd": "31.75", "warning_percent": "61", field: value})
    )
    assert said in form.replace("&#39;", "'")
    assert listed(client) == []
    kept = {"name": "coder", "total_usd": "31.75", "warning_percent": "61", "start": "2026-03-01"} | {field: value}
    for name in ("name", "total_usd", "warning_percent", "start"):
        assert re.search(rf'name="{name}" value="{re.escape(kept[name])}"', form), name


def test_a_second_budget_of_the_same_is_refused_with_the_number_of_the_first(client: TestClient) -> None:
    made(client)
    assert "budget 1 is that of agent" in refused(client, send(client, "/budgets/new", CODER))


def test_who_saves_what_somebody_changed_meanwhile_is_told_and_may_save_again(client: TestClient) -> None:
    made(client)
    mine = {**CODER, "total_usd": "50", "version": "1"}
    assert client.patch("/api/v1/budgets/1", json={"total_usd": "40"}).status_code == 200
    form = refused(client, send(client, "/budgets/1/change", mine))
    assert "somebody changed budget 1 since you opened it" in form
    assert 'name="total_usd" value="50"' in form
    assert listed(client)[0]["total_usd"] == "40"
    version = re.findall(r'name="version" value="(\d+)"', form)[0]
    send(client, "/budgets/1/change", {**mine, "version": version})
    assert listed(client)[0]["total_usd"] == "50"


def test_a_budget_is_removed_after_a_question_and_not_by_who_saw_an_older_one(client: TestClient) -> None:
    made(client)
    asked = send(client, "/budgets/1/remove", {"version": "1"})
    assert "<h1>Remove this budget?" in asked.text
    assert len(listed(client)) == 1
    client.patch("/api/v1/budgets/1", json={"total_usd": "40"})
    send(client, "/budgets/1/remove", {"version": "1", "confirmed": "yes"})
    assert len(listed(client)) == 1
    done = send(client, "/budgets/1/remove", {"version": "2", "confirmed": "yes"})
    assert done.headers["location"] == "/costs?range=7d#budgets"
    assert listed(client) == []
    assert client.get("/budgets/1", headers=OWN).status_code == 404


def test_who_may_only_read_sees_no_forms_and_changes_nothing(
    client: TestClient, key_of: Callable[..., dict[str, str]]
) -> None:
    made(client)
    reader, admin = key_of("read"), key_of("admin")
    shown = client.get("/budgets/1", headers=reader)
    assert shown.status_code == 200
    assert "<form" not in re.sub(r"<header.*?</header>|<footer.*?</footer>", "", shown.text, flags=re.DOTALL)
    assert "Set by a person." in shown.text
    assert "/budgets/new" not in client.get("/costs", headers=reader).text
    assert client.get("/budgets/new", headers=reader).status_code == 403
    for address in ("/budgets/new", "/budgets/1/change", "/budgets/1/remove"):
        assert send(client, address, {**CODER, "version": "1", "confirmed": "yes"}, **reader).status_code == 403
    assert "Save</button>" in client.get("/budgets/1", headers=admin).text


def test_a_key_of_a_project_sees_the_budgets_of_it_alone(
    client: TestClient, key_of: Callable[..., dict[str, str]]
) -> None:
    made(client)
    made(client, of_project="shop")
    made(client, of_project="blog")
    shop = key_of("read", projects=["shop"])
    rows = client.get("/costs", params={"csv": "budgets"}, headers=shop).text.splitlines()
    assert len(rows) == 2
    assert [client.get(f"/budgets/{number}", headers=shop).status_code for number in (1, 2, 3)] == [404, 200, 404]


def test_a_number_that_no_budget_has_is_said(client: TestClient) -> None:
    for number in ("77", "x", "-1", "9" * 30):
        assert client.get(f"/budgets/{number}", headers=OWN).status_code == 404


def test_a_page_of_another_origin_changes_nothing(client: TestClient) -> None:
    assert send(client, "/budgets/new", CODER, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert listed(client) == []
