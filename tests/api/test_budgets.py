"""Budgets over HTTP: what is used of them, versions, and what a change may be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

import agentgauge
from agentgauge.settings import resolve_home
from agentgauge.state import state_of
from agentgauge.state.audit import AuditLog
from agentgauge.state.budget_accounts import BudgetAccounts
from tests.api.documented import asking

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
PATH = "/api/v1/budgets"
CODERS = {"scope": "agent", "name": "coder", "total_usd": "10", "start": "2026-03-01T00:00:00Z"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with agentgauge.open(tmp_path) as gauge:
        for project, days, cost in (
            ("shop", 0, "1.5"),
            ("shop", 2, "2"),
            ("blog", 0, "5.000000000001"),
            ("shop", 9, "100"),
        ):
            gauge.llm_call(
                "m", input_tokens=1, output_tokens=0, cost_usd=Decimal(cost), agent="coder", project=project,
                issue="7", at=NOW - timedelta(days=days, hours=1),
            )  # fmt: skip
        gauge.llm_call("unknown-model", input_tokens=1, output_tokens=0, agent="coder", project="shop", at=NOW)
    return tmp_path


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with asking(home, NOW + timedelta(minutes=1)) as client:
        yield client


def made(client: TestClient, **terms: object) -> Any:
    answer = client.post(PATH, json={**CODERS, **terms})
    assert answer.status_code == 201, answer.text
    return answer.json()


def refused(answer: Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


def test_a_budget_says_what_was_used_since_its_start(client: TestClient) -> None:
    answer = client.post(PATH, json=CODERS)
    assert answer.headers["Location"] == f"{PATH}/1"
    budget = {name: value for name, value in answer.json().items() if name != "note"}
    assert (budget["used_usd"], budget["remaining_usd"], budget["unpriced_calls"]) == (
        "8.500000000001",
        "1.499999999999",
        1,
    )
    assert (round(budget["utilization_percent"], 6), budget["status"], budget["version"]) == (85.0, "warning", 1)
    assert (budget["warning_percent"], budget["critical_percent"], budget["project"]) == (80.0, 95.0, None)
    assert client.get(f"{PATH}/1").json() == budget
    assert client.get(PATH).json()["data"] == [budget]


@pytest.mark.parametrize(
    ("terms", "used"),
    [
        ({"project": "shop"}, "3.5"),
        ({"period": "day"}, "6.500000000001"),
        ({"period": "week"}, "8.500000000001"),
        ({"start": "2026-02-01T00:00:00Z"}, "108.500000000001"),
        ({"start": "2026-02-01T00:00:00Z", "period": "month"}, "8.500000000001"),
        ({"start": None}, "0"),
        ({"start": None, "period": "day"}, "6.500000000001"),
        ({"start": None, "period": "week"}, "8.500000000001"),
        ({"start": None, "period": "month"}, "8.500000000001"),
        ({"scope": "project", "name": "blog"}, "5.000000000001"),
        ({"scope": "ticket", "name": "7", "project": "shop"}, "3.5"),
        ({"name": "nobody"}, "0"),
    ],
)
def test_what_counts_is_what_its_scope_project_and_period_say(
    client: TestClient, terms: dict[str, object], used: str
) -> None:
    assert made(client, **terms)["used_usd"] == used


def test_a_budget_of_what_nothing_was_recorded_of_is_made_and_noted(client: TestClient) -> None:
    assert made(client)["note"] is None
    noted = made(client, name="codr")
    assert noted["note"] == "nothing counts yet: no event has agent 'codr': did you mean coder? There are coder"
    assert "note" not in client.get(f"{PATH}/{noted['id']}").json()
    assert "no event has project 'shopp'" in made(client, project="shopp")["note"]
    assert "no event has project 'blgo'" in made(client, scope="project", name="blgo")["note"]


def test_a_budget_that_is_replaced_without_a_start_keeps_its_own(client: TestClient) -> None:
    made(client)
    replaced = client.put(f"{PATH}/1", json={**CODERS, "start": None, "period": "day"}).json()
    assert (replaced["start"], replaced["period"]) == (CODERS["start"], "day")


def test_many_budgets_are_listed_page_by_page_each_with_its_own_use(client: TestClient) -> None:
    for name in ("nobody", "coder"):
        for project in (None, "shop", "blog"):
            made(client, name=name, project=project)
    first = client.get(PATH, params={"limit": 4})
    assert [row["id"] for row in first.json()["data"]] == [1, 2, 3, 4]
    rest = client.get(first.links["next"]["url"]).json()
    assert [(row["project"], row["used_usd"]) for row in rest["data"]] == [("shop", "3.5"), ("blog", "5.000000000001")]
    assert rest["meta"]["next_cursor"] is None
    assert [row["id"] for row in client.get(PATH, params={"name": "coder", "project": "blog"}).json()["data"]] == [6]


def test_a_change_that_was_meant_for_an_earlier_version_is_refused(client: TestClient) -> None:
    made(client)
    tag = client.get(f"{PATH}/1").headers["ETag"]
    assert tag.startswith('"1.')
    changed = client.patch(f"{PATH}/1", json={"total_usd": 45.5}, headers={"If-Match": tag})
    assert (changed.json()["total_usd"], changed.json()["version"]) == ("45.5", 2)
    assert changed.headers["ETag"].startswith('"2.')
    for answer in (
        client.patch(f"{PATH}/1", json={"total_usd": 1}, headers={"If-Match": tag}),
        client.patch(f"{PATH}/1", json={"total_usd": 1}, headers={"If-Match": tag.replace("1.", "0.", 1)}),
        client.put(f"{PATH}/1", json=CODERS, headers={"If-Match": tag}),
        client.delete(f"{PATH}/1", headers={"If-Match": tag}),
    ):
        assert refused(answer, 412)["code"] == "outdated"
    assert "no budget is" in refused(client.delete(f"{PATH}/1", headers={"If-Match": "yesterday"}), 412)["message"]
    assert client.get(f"{PATH}/1").json()["total_usd"] == "45.5"
    assert client.delete(f"{PATH}/1", headers={"If-Match": changed.headers["ETag"]}).status_code == 204
    assert refused(client.get(f"{PATH}/1"), 404)["message"] == "no budget 1"


def test_a_change_is_seen_at_once_in_answers_that_were_kept(client: TestClient) -> None:
    made(client)
    assert client.get(PATH).json()["data"][0]["total_usd"] == "10"
    client.put(f"{PATH}/1", json={**CODERS, "total_usd": "12"})
    assert client.get(PATH).json()["data"][0]["total_usd"] == "12"
    assert client.get(f"{PATH}/1").json()["total_usd"] == "12"


def test_putting_replaces_all_terms_and_patching_only_those_it_names(client: TestClient) -> None:
    made(client, project="shop", warning_percent=50)
    patched = client.patch(f"{PATH}/1", json={"period": "day"}).json()
    assert (patched["project"], patched["warning_percent"], patched["period"]) == ("shop", 50, "day")
    everywhere = client.patch(f"{PATH}/1", json={"project": None}).json()
    assert (everywhere["project"], everywhere["period"]) == (None, "day")
    put = client.put(f"{PATH}/1", json={"scope": "agent", "name": "coder", "total_usd": 1}).json()
    assert (put["period"], put["warning_percent"], put["start"]) == ("total", 80, "2026-03-01T00:00:00Z")


def test_of_one_scope_name_project_and_period_there_is_one(client: TestClient) -> None:
    made(client)
    assert refused(client.post(PATH, json=CODERS), 409)["code"] == "conflict"
    made(client, period="day")
    assert refused(client.patch(f"{PATH}/2", json={"period": "total"}), 409)["code"] == "conflict"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"total_usd": "-1"}, "total_usd"),
        ({"total_usd": "NaN"}, "total_usd"),
        ({"total_usd": "1e12"}, "total_usd"),
        ({"scope": "planet"}, "scope"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"start": "0001-01-01T00:00:00Z"}, "start"),
        ({"start": 1772323200}, "start"),
        ({"warning_percent": 0}, "warning_percent"),
        ({"warning_percent": 99}, "warning_percent"),
        ({"scope": "project", "name": "shop", "project": "blog"}, "project"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_their_field(
    client: TestClient, terms: dict[str, object], field: str
) -> None:
    assert refused(client.post(PATH, json={**CODERS, **terms}), 422)["field"].endswith(field)
    made(client)
    assert refused(client.patch(f"{PATH}/1", json=terms), 422)["field"].endswith(field)


def test_a_budget_of_a_project_is_in_that_project(client: TestClient) -> None:
    assert made(client, scope="project", name="shop")["project"] == "shop"
    renamed = client.patch(f"{PATH}/1", json={"name": "blog"}).json()
    assert (renamed["name"], renamed["project"], renamed["used_usd"]) == ("blog", "blog", "5.000000000001")


def test_every_change_is_in_the_audit_log_with_who_made_it(client: TestClient, home: Path) -> None:
    made(client)
    client.patch(f"{PATH}/1", json={"total_usd": 11})
    client.delete(f"{PATH}/1")
    acts = AuditLog(state_of(resolve_home(home))).acts(subject="budget 1")
    assert [(act.act, act.actor) for act in acts] == [
        ("budget.deleted", "local"), ("budget.changed", "local"), ("budget.created", "local"),
    ]  # fmt: skip
    assert acts[1].detail["total_usd"] == {"from": "10", "to": "11"}


def test_what_guards_reserve_is_there_a_second_later(client: TestClient, home: Path) -> None:
    """Nothing is recorded by it, so no version of the data tells that the answer is another."""
    budget = made(client)
    reserved = [client.get(f"{PATH}/{budget['id']}").json()["reserved_usd"]]
    accounts = BudgetAccounts(state_of(resolve_home(home)))
    accounts.reserve(budget["id"], "a", Decimal(3), at_least=Decimal(3), holder="host-77", ttl_s=600)
    client.app.state.runtime.now = lambda: NOW + timedelta(minutes=1, seconds=1)  # type: ignore[attr-defined]
    reserved.append(client.get(f"{PATH}/{budget['id']}").json()["reserved_usd"])
    assert reserved == ["0", "3"]
    assert client.get(PATH).json()["data"][0]["reserved_usd"] == "3"
