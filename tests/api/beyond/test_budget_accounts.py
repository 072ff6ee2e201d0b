"""Accounts of budgets over HTTP: who reaches which, what is refused, and what is described."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

import agentgauge
from agentgauge.api.app import create_app
from agentgauge.errors import StateError
from agentgauge.policies.budgets.remote import ANSWER_S
from agentgauge.policies.budgets.wire import MOST_CHARGES
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import ServerSettings, get_server_settings
from agentgauge.state.audit import AuditLog
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
from agentgauge.state.sql import SqlStore

PATH = "/api/v1/budget-accounts"
WANTED = {"scope": "ticket", "name": "PROJ-456", "usd": "5"}
ASKED = {"usd": "0.2", "at_least_usd": "0.2", "holder": "a holder", "ttl_s": 60}
Keys = Callable[..., dict[str, str]]


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    return get_server_settings(tmp_path, {"AGENTGAUGE_INGESTS_PER_MINUTE": "5"})


@pytest.fixture
def client(settings: ServerSettings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def key(settings: ServerSettings) -> Keys:
    def make(*projects: str, scope: str = "ingest") -> dict[str, str]:
        book = KeyBook(shared_state(settings))
        issued = issue(book, "test", [scope], actor="test", now=datetime.now(UTC), projects=projects or None)
        return {"Authorization": f"Bearer {issued.token.text}"}

    return make


def a_charge(n: int, usd: str = "0.1") -> dict[str, Any]:
    return {"segment": "5be0ad1c9f27-000003", "n": n, "time": datetime.now(UTC).isoformat(), "usd": usd}


def opened(client: TestClient, headers: dict[str, str] | None = None, **wanted: object) -> Any:
    answer = client.post(PATH, json={**WANTED, **wanted}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


def test_a_call_is_reserved_settled_and_seen_in_the_budget(client: TestClient) -> None:
    account = opened(client)
    assert (account["limit_usd"], account["project"], account["period_end"]) == ("5", None, None)
    at = f"{PATH}/{account['budget_id']}"
    reserved = client.put(f"{at}/reservations/r-1", json=ASKED).json()
    assert reserved["refusal"] is None
    assert (reserved["reservation"]["usd"], reserved["reservation"]["account"]["reserved_usd"]) == ("0.2", "0.2")
    settled = client.post(f"{at}/reservations/r-1/settle", json={"charges": [a_charge(1)]}).json()
    assert (settled["usd"], settled["account"]["charged_usd"], settled["account"]["reserved_usd"]) == ("0", "0.1", "0")
    assert client.get(at).json() == settled["account"]


def test_what_would_cross_the_limit_is_an_answer_that_says_so(client: TestClient) -> None:
    at = f"{PATH}/{opened(client, usd='0.1')['budget_id']}"
    answer = client.put(f"{at}/reservations/r-1", json=ASKED)
    assert answer.status_code == 200
    assert answer.json()["reservation"] is None
    assert answer.json()["refusal"]["account"]["limit_usd"] == "0.1"


def test_the_key_is_who_made_and_changed_it(client: TestClient, key: Keys, settings: ServerSettings) -> None:
    headers = key()
    opened(client, headers)
    opened(client, headers, usd="7")
    opened(client, headers, usd="7")
    changed, created = AuditLog(shared_state(settings)).acts(subject="budget 1")
    assert (created.act, changed.act) == ("budget.created", "budget.changed")
    assert created.actor == changed.actor
    assert created.actor.startswith("key ")
    assert created.detail["request"] != changed.detail["request"]


def test_what_a_person_has_set_no_key_of_an_agent_changes(client: TestClient, key: Keys) -> None:
    admin, agent = key(scope="admin"), key()
    terms = {"scope": "ticket", "name": "PROJ-456", "total_usd": "3"}
    assert client.post("/api/v1/budgets", json=terms, headers=admin).status_code == 201
    assert opened(client, agent, usd="5000")["limit_usd"] == "3"
    assert refused(client.post("/api/v1/budgets", json=terms, headers=agent), 403)


def test_a_key_of_one_project_means_that_project(client: TestClient, key: Keys) -> None:
    headers = key("shop")
    account = opened(client, headers)
    assert account["project"] == "shop"
    assert opened(client, headers, project="shop") == account
    assert opened(client, headers, scope="project", name="shop")["project"] == "shop"


def test_budgets_of_other_projects_and_of_all_together_are_not_known_to_it(client: TestClient, key: Keys) -> None:
    everything, shop = key(), key("shop")
    foreign = [opened(client, everything)["budget_id"], opened(client, everything, project="blog")["budget_id"]]
    for number in (*foreign, 99):
        at = f"{PATH}/{number}"
        for answer in (
            client.get(at, headers=shop),
            client.put(f"{at}/reservations/r-1", json=ASKED, headers=shop),
            client.post(f"{at}/reservations/r-1/settle", json={}, headers=shop),
            client.post(f"{at}/charges", json={"charges": [a_charge(1)]}, headers=shop),
            client.post(f"{at}/recount", headers=shop),
        ):
            assert refused(answer, 404)["message"] == f"no budget {number}"
    for wanted in ({"project": "blog"}, {"scope": "project", "name": "blog"}):
        error = refused(client.post(PATH, json={**WANTED, **wanted}, headers=shop), 422)
        assert (error["field"], error["allowed"]) == ("project", ["shop"])


def test_a_holder_of_another_project_is_renewed_by_nobody_else(client: TestClient, key: Keys) -> None:
    everything, shop, blog = key(), key("shop"), key("blog")
    at = f"{PATH}/{opened(client, shop, usd='0.3')['budget_id']}"
    client.put(f"{at}/reservations/r-1", json={**ASKED, "ttl_s": 0.001}, headers=shop)

    def orphaned() -> str:
        usd: str = client.put(f"{at}/reservations/r-2", json=ASKED, headers=everything).json()["refusal"][
            "orphaned_usd"
        ]
        return usd

    while orphaned() == "0":
        pass  # until the server's clock has turned by a millisecond
    renewal = {"holder": ASKED["holder"], "reservations": ["r-1"], "ttl_s": 60}
    assert client.post(f"{PATH}/renew", json=renewal, headers=blog).status_code == 204
    assert orphaned() == "0.2"
    assert client.post(f"{PATH}/renew", json={**renewal, "reservations": []}, headers=shop).status_code == 204
    assert orphaned() == "0.2", "one that the holder does not know it has is left to expire"
    assert client.post(f"{PATH}/renew", json=renewal, headers=shop).status_code == 204
    assert orphaned() == "0"


def test_a_key_of_several_projects_has_to_name_one(client: TestClient, key: Keys) -> None:
    headers = key("shop", "blog")
    error = refused(client.post(PATH, json=WANTED, headers=headers), 422)
    assert (error["field"], error["allowed"]) == ("project", ["blog", "shop"])
    assert opened(client, headers, project="blog")["project"] == "blog"


def test_a_key_that_may_only_ask_reserves_nothing(client: TestClient, key: Keys) -> None:
    assert refused(client.post(PATH, json=WANTED, headers=key(scope="read")), 403)


def test_what_is_recorded_does_not_use_up_what_may_be_reserved(client: TestClient, key: Keys) -> None:
    headers = key()
    at = f"{PATH}/{opened(client, headers)['budget_id']}"
    answers = [client.post("/api/v1/events", json=[], headers=headers).status_code for _ in range(7)]
    assert answers[-1] == 429
    for n in range(20):
        assert client.put(f"{at}/reservations/r-{n}", json=ASKED, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"usd": "-1"}, "usd"), ({"usd": "NaN"}, "usd"), ({"usd": "1000000000000.1"}, "usd"), ({"usd": "1e-13"}, "usd"),
        ({"usd": True}, "usd"), ({"scope": "tickets"}, "scope"), ({"name": ""}, "name"), ({"name": "a\0"}, "name"),
        ({"name": "a" * 501}, "name"), ({"period": "year"}, "period"), ({"since": "2026-11-01T00:00:00"}, "since"),
        ({"since": "1969-12-31T00:00:00Z"}, "since"), ({"since": "9999-12-31T00:00:00Z"}, "since"),
        ({"limit": "5"}, "body"), ({"scope": "project", "project": "shop"}, "project"),
    ],
    ids=str,
)  # fmt: skip
def test_a_budget_that_cannot_be_is_refused(client: TestClient, changes: dict[str, Any], field: str) -> None:
    assert refused(client.post(PATH, json={**WANTED, **changes}), 422)["field"] == field


UNLIKELY: dict[str, tuple[str, Any, str]] = {
    "less than nothing": ("/reservations/r-1", {**ASKED, "usd": "-0.1"}, "usd"),
    "at least more than it asks for": ("/reservations/r-1", {**ASKED, "at_least_usd": "0.3"}, "at_least_usd"),
    "for no time": ("/reservations/r-1", {**ASKED, "ttl_s": 0}, "ttl_s"),
    "for years": ("/reservations/r-1", {**ASKED, "ttl_s": 1e9}, "ttl_s"),
    "an id that is none": ("/reservations/r%201", ASKED, "reservation_id"),
    "keeps everything": ("/reservations/r-1/settle", {"keep_usd": "Infinity"}, "keep_usd"),
    "a number before the first": ("/reservations/r-1/settle", {"charges": [a_charge(-1)]}, "charges[0].n"),
    "all the money there is": ("/charges", {"charges": [a_charge(1, "1e400")]}, "usd"),
    "no segment": ("/charges", {"charges": [{**a_charge(1), "segment": "../x"}]}, "charges[0].segment"),
    "the end of time": ("/charges", {"charges": [{**a_charge(1), "time": "9999-12-31T00:00:00Z"}]}, "time"),
    "too many": ("/charges", {"charges": [a_charge(n) for n in range(MOST_CHARGES + 1)]}, "charges"),
    "nothing": ("/charges", {}, "body"),
}


@pytest.mark.parametrize(("path", "body", "field"), UNLIKELY.values(), ids=UNLIKELY)
def test_what_cannot_be_reserved_or_charged_is_refused(client: TestClient, path: str, body: Any, field: str) -> None:
    at = f"{PATH}/{opened(client)['budget_id']}"
    method = "PUT" if "settle" not in path and "reservations" in path else "POST"
    assert refused(client.request(method, at + path, json=body), 422)["field"] == field
    assert client.get(at).json()["charged_usd"] == "0"


def test_a_body_that_is_none_is_refused_in_the_one_form(client: TestClient) -> None:
    json = {"Content-Type": "application/json"}
    assert refused(client.post(PATH, content=b"{", headers=json), 422)["field"] == "body"
    assert refused(client.post(PATH, content=b"\xff", headers=json), 422)["field"] == "body"
    assert refused(client.post(PATH, content=b'{"name": "\\ud800"}', headers=json), 422)["field"] == "body"
    assert refused(client.post(PATH, content=b"{}"), 415)["code"] == "unsupported_media_type"
    assert refused(client.post(PATH, content=b" " * (2 << 20), headers=json), 413)


def test_a_count_finds_what_was_recorded_whoever_told_of_it(client: TestClient, settings: ServerSettings) -> None:
    account = opened(client, since="2026-01-01T00:00:00Z")
    at = f"{PATH}/{account['budget_id']}"
    assert account["counted_at"] is None
    with agentgauge.open(settings.recording.home.root, ticket="PROJ-456") as gauge:
        for _ in range(3):
            gauge.llm_call("m", input_tokens=1, output_tokens=1, cost_usd=Decimal("0.5"))
    counted = client.post(f"{at}/recount")
    assert counted.status_code == 200
    assert (counted.json()["counted_usd"], counted.json()["charged_usd"]) == ("1.5", "0")
    assert client.get(at).json() == counted.json()


def test_what_a_dead_holder_had_is_free_after_a_count(client: TestClient) -> None:
    at = f"{PATH}/{opened(client)['budget_id']}"
    client.put(f"{at}/reservations/r-1", json={**ASKED, "ttl_s": 0.001})
    while client.post(f"{at}/recount").json()["reserved_usd"] != "0":
        pass  # until the server's clock has turned by a millisecond
    again = client.post(f"{at}/reservations/r-1/settle", json={"charges": [a_charge(1)], "keep_usd": "0.2"}).json()
    assert (again["usd"], again["account"]["charged_usd"]) == ("0", "0.1"), "it had nothing any more, and was alive"


def test_the_examples_of_the_description_can_be_sent_and_are_answered_as_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    opened(client)
    sent = 0
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if not path.startswith(PATH):
                continue
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            at = path.format(budget_id=1, reservation_id="r-1")
            answer = client.request(method, at, json=body.get("example"))
            assert str(answer.status_code) in operation["responses"], f"{method} {at}: {answer.text}"
            assert answer.status_code < 300, f"{method} {at}: {answer.text}"
            if answer.content:
                example = operation["responses"][str(answer.status_code)]["content"]["application/json"]["example"]
                assert answer.json().keys() == example.keys()
            sent += 1
    assert sent == 7


def test_who_writes_for_long_keeps_nobody_waiting_for_longer_than_a_guard_waits(
    client: TestClient, settings: ServerSettings
) -> None:
    opened(client)
    with closing(sqlite3.connect(settings.recording.home.root / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        answer = client.post(PATH, json=WANTED)
        waited = time.monotonic() - began
        other.execute("ROLLBACK")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert waited < ANSWER_S
    opened(client)


def test_who_writes_for_long_in_postgresql_neither(postgres_url: str) -> None:
    with closing(SqlStore(postgres_url)) as store:
        hurried = store.waiting(0.05)
        with store.transaction(), pytest.raises(StateError, match="lock timeout"), hurried.transaction():
            pass
        with hurried.transaction() as connection:
            assert connection.execute("SELECT 1").fetchone()[0] == 1
