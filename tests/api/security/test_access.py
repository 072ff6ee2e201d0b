"""Who may ask: keys, scopes, a server's own machine, and pages that a browser shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from agentgauge.service.security.keys import revoke
from tests.api.security.conftest import ServerOf

KeyOf = Callable[..., str]
ASK, CHANGE = "/api/v1/me", "/api/v1/keys"
NEW = {"name": "another", "scopes": ["read"]}


def test_a_server_without_keys_is_open_to_its_own_machine(server: TestClient) -> None:
    assert server.get(ASK).json() == {"name": "local", "scopes": ["admin", "ingest", "read"], "projects": None}
    assert server.get(CHANGE).status_code == 200


def test_the_first_key_closes_it_at_once(server: TestClient) -> None:
    key = server.post(CHANGE, json={"name": "me", "scopes": ["admin"]}).json()["key"]
    refused = server.get(ASK)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="agentgauge"'
    assert refused.json()["error"]["code"] == "unauthorized"
    assert server.get(ASK, headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize("named", ["Authorization", "authorization", "X-API-Key", "x-api-key"])
def test_a_key_comes_in_either_header(named: str, server: TestClient, key_of: KeyOf) -> None:
    key = key_of("read")
    given = f"bearer {key}" if named.lower() == "authorization" else key
    assert server.get(ASK, headers={named: given}).json()["scopes"] == ["read"]


@pytest.mark.parametrize("given", ["nonsense", "agk_00000000_" + "0" * 48, "", "agk_\xff"])
def test_a_wrong_key_is_refused_though_the_server_is_open(given: str, server: TestClient) -> None:
    refused = server.get(ASK, headers={"Authorization": f"Bearer {given}".encode("latin-1")})
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_what_a_key_has_no_scope_for_says_which_one(server: TestClient, key_of: KeyOf) -> None:
    headers = {"X-API-Key": key_of("ingest")}
    refused = server.get("/api/v1/metrics/summary", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert "scope read" in refused.json()["error"]["message"]
    assert "scope admin" in server.get(CHANGE, headers=headers).json()["error"]["message"]
    assert server.get("/api/v1/metrics/summary", headers={"X-API-Key": key_of("admin")}).status_code == 200


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AGENTGAUGE_REQUIRE_KEYS", "true"), ("AGENTGAUGE_TRUSTED_PROXIES", "10.0.0.0/8")],
)
def test_a_server_behind_a_proxy_is_never_open(variable: str, value: str, server_of: ServerOf) -> None:
    assert server_of(**{variable: value}).get(ASK).status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"])
def test_what_came_through_a_proxy_is_not_from_this_machine(header: str, server: TestClient) -> None:
    assert server.get(ASK, headers={header: "127.0.0.1"}).status_code == 401


@pytest.mark.parametrize("address", ["192.168.1.7", "2001:db8::1"])
def test_what_came_to_or_from_another_address_is_not_from_this_machine(address: str, server: TestClient) -> None:
    """Also where something else than `agentgauge serve`, which would have refused, made the application listen."""
    host = f"[{address}]" if ":" in address else address
    reached = TestClient(server.app, base_url=f"http://{host}")
    assert reached.get(ASK, headers={"Host": "localhost"}).status_code == 401
    sent = TestClient(server.app, base_url="http://127.0.0.1", client=(address, 5000))
    assert sent.get(ASK).status_code == 401


def test_a_name_that_was_made_to_lead_here_is_refused(server: TestClient, server_of: ServerOf) -> None:
    """DNS rebinding: the page of a site whose name suddenly means 127.0.0.1."""
    assert server.get(ASK, headers={"Host": "evil.example.org"}).status_code == 403
    allowed = server_of(AGENTGAUGE_ALLOWED_HOSTS="gauge.internal, other")
    assert allowed.get(ASK, headers={"Host": "gauge.internal:8000"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://localhost"}, 201),
        ({"Origin": "http://evil.example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:9999"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
    ],
)
def test_a_page_of_another_origin_changes_nothing(headers: dict[str, str], status: int, server: TestClient) -> None:
    assert server.post(CHANGE, json=NEW, headers=headers).status_code == status


def test_a_key_may_be_used_from_anywhere(server: TestClient, key_of: KeyOf) -> None:
    """It is brought on purpose, so neither the host nor the page matters."""
    headers = {
        "X-API-Key": key_of("admin"),
        "Host": "gauge.example.org",
        "Origin": "https://elsewhere.example.org",
        "X-Forwarded-For": "203.0.113.5",
    }
    assert server.post(CHANGE, json=NEW, headers=headers).status_code == 201


def test_a_key_is_revoked_over_http_at_once(server: TestClient, key_of: KeyOf) -> None:
    admin, key = {"X-API-Key": key_of("admin")}, key_of("read")
    assert server.get(ASK, headers={"X-API-Key": key}).status_code == 200
    revoked = server.delete(f"/api/v1/keys/{key.split('_')[1]}", headers=admin)
    assert revoked.json()["data"]["valid"] is False
    assert server.get(ASK, headers={"X-API-Key": key}).status_code == 401
    assert server.delete("/api/v1/keys/00000000", headers=admin).status_code == 404


def test_a_key_is_shown_once(server: TestClient) -> None:
    key = server.post(CHANGE, json={"name": "me", "scopes": ["admin"]}).json()["key"]
    listed = server.get(CHANGE, headers={"X-API-Key": key})
    assert listed.json()["data"][0]["prefix"] == key.split("_")[1]
    assert key.split("_")[2] not in listed.text


def test_who_asks_too_much_is_told_when_to_come_back(server_of: ServerOf, key_of: KeyOf) -> None:
    server = server_of(AGENTGAUGE_READS_PER_MINUTE="2", AGENTGAUGE_INGESTS_PER_MINUTE="1")
    headers = {"X-API-Key": key_of("read", "ingest")}
    said = [server.get("/api/v1/metrics/summary", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in said] == [200, 200, 429]
    assert 1 <= int(said[2].headers["Retry-After"]) <= 60
    assert said[2].headers["RateLimit-Policy"] == '"reads";q=2;w=60'
    assert said[2].headers["RateLimit"].startswith('"reads";r=0;t=')
    assert said[2].json()["error"]["code"] == "too_many_requests"
    assert server.post("/api/v1/events", json=[], headers=headers).status_code != 429, "a budget of its own"


def test_wrong_keys_close_an_address_and_no_key_that_is_in_use(server: TestClient, key_of: KeyOf) -> None:
    good = {"X-API-Key": key_of("read")}
    assert server.get(ASK, headers=good).status_code == 200
    wrong = {"X-API-Key": "agk_00000000_" + "0" * 48}
    statuses = [server.get(ASK, headers=wrong).status_code for _ in range(32)]
    assert statuses == [401] * 30 + [429] * 2
    assert server.get(ASK, headers=good).status_code == 200


def test_a_trusted_proxy_says_who_asks(server_of: ServerOf) -> None:
    server = server_of(AGENTGAUGE_TRUSTED_PROXIES="10.0.0.2")
    wrong = {"X-API-Key": "agk_00000000_" + "0" * 48}
    proxy, other = TestClient(server.app, client=("10.0.0.2", 1)), TestClient(server.app, client=("10.9.9.9", 1))
    for _ in range(30):
        proxy.get(ASK, headers={**wrong, "X-Forwarded-For": "203.0.113.1"})
    assert proxy.get(ASK, headers={**wrong, "X-Forwarded-For": "203.0.113.1"}).status_code == 429
    assert proxy.get(ASK, headers={**wrong, "X-Forwarded-For": "203.0.113.2"}).status_code == 401
    assert other.get(ASK, headers={**wrong, "X-Forwarded-For": "203.0.113.1"}).status_code == 401
    assert "Strict-Transport-Security" in proxy.get(ASK, headers={"X-Forwarded-Proto": "https"}).headers
    assert "Strict-Transport-Security" not in other.get(ASK, headers={"X-Forwarded-Proto": "https"}).headers


def test_acts_of_administrators_are_kept_with_who_and_when(server: TestClient, key_of: KeyOf) -> None:
    admin = key_of("admin")
    headers = {"X-API-Key": admin, "X-Request-ID": "of-the-caller"}
    key = server.post(CHANGE, json=NEW, headers=headers).json()["data"]
    server.delete(f"/api/v1/keys/{key['prefix']}", headers=headers)
    page = server.get("/api/v1/audit", params={"limit": 1}, headers=headers).json()
    rest = server.get("/api/v1/audit", params={"cursor": page["meta"]["next_cursor"]}, headers=headers).json()
    acts = [*page["data"], *rest["data"]]
    assert [act["act"] for act in acts] == ["key.revoked", "key.created", "key.created"]
    assert {act["actor"] for act in acts[:2]} == {f"key {admin.split('_')[1]}"}
    assert acts[0]["subject"] == f"key {key['id']}"
    assert admin.split("_")[2] not in str(acts)
    assert server.get("/api/v1/audit", headers={"X-API-Key": key_of("read")}).status_code == 403


def test_wrong_keys_do_not_lock_out_those_that_were_right_within_the_hour(server: TestClient, key_of: KeyOf) -> None:
    """One agent with a revoked key would stop all behind the same router."""
    good, revoked = key_of("read"), key_of("read")
    assert {server.get(ASK, headers={"X-API-Key": key}).status_code for key in (good, revoked)} == {200}
    gate = server.app.state.runtime.gate  # type: ignore[attr-defined]
    revoke(gate.keys, revoked, actor="test", now=datetime.now(UTC))
    gate.verifier.forget()
    assert [server.get(ASK, headers={"X-API-Key": revoked}).status_code for _ in range(31)] == [401] * 30 + [429]
    assert server.get(ASK, headers={"X-API-Key": good}).status_code == 200


def test_asking_who_one_is_counts_as_a_question(server_of: ServerOf, key_of: KeyOf) -> None:
    server, headers = server_of(AGENTGAUGE_READS_PER_MINUTE="2"), {"X-API-Key": key_of("ingest")}
    assert [server.get(ASK, headers=headers).status_code for _ in range(3)] == [200, 200, 429]


def test_a_key_is_sent_nowhere_else(server: TestClient) -> None:
    """A redirect to the address without the slash would go to the name in the Host header, and from TLS to none."""
    said = server.get(f"{ASK}/", headers={"Host": "evil.example.org"}, follow_redirects=False)
    assert (said.status_code, said.headers.get("location")) == (404, None)


def test_the_description_says_who_may_ask_what(server: TestClient) -> None:
    described = server.get("/openapi.json").json()
    assert set(described["components"]["securitySchemes"]) == {"bearer", "key"}
    needed = {path: {method: one.get("security") for method, one in operations.items()}
              for path, operations in described["paths"].items()}  # fmt: skip
    assert needed["/api/v1/metrics/summary"]["get"] == [{"bearer": ["read"]}, {"key": ["read"]}]
    assert needed["/v1/traces"]["post"] == [{"bearer": ["ingest"]}, {"key": ["ingest"]}]
    assert needed["/api/v1/keys"]["post"] == [{"bearer": ["admin"]}, {"key": ["admin"]}]
    assert needed["/api/v1/me"]["get"] == [{"bearer": []}, {"key": []}]
    assert needed["/healthz"]["get"] is None
