"""People sign in with a key, where there is no provider: with a cookie that is as good as the header, and no better."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from agentgauge.api.access import session_cookie_name
from agentgauge.dashboard.page import Page
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
from tests.dashboard.sample_pages import SAMPLE, serving

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


OIDC = {
    "AGENTGAUGE_OIDC_ISSUER": "https://accounts.example.org",
    "AGENTGAUGE_OIDC_CLIENT_ID": "gauge",
    "AGENTGAUGE_OIDC_CLIENT_SECRET": "a secret of the tests, which is long",
    "AGENTGAUGE_PUBLIC_URL": "http://localhost",
    "AGENTGAUGE_OIDC_READERS": "@example.org",
}
ADMINS = Page(path="/admins", title="For administrators", cards=(), needs_admin=True)


@pytest.fixture
def with_provider(home: Path) -> Iterator[TestClient]:
    with serving(get_server_settings(home, OIDC), SAMPLE, ADMINS) as client:
        client.headers.update(BROWSER)
        yield client


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with serving(get_server_settings(home, {"AGENTGAUGE_REQUIRE_KEYS": "true"}), SAMPLE) as client:
        client.headers.update(BROWSER)
        yield client


def book(home: Path) -> KeyBook:
    return KeyBook(shared_state(get_server_settings(home, {})))


def key(home: Path, *scopes: str, projects: list[str] | None = None) -> str:
    return issue(book(home), "test", scopes, actor="test", now=datetime.now(UTC), projects=projects).token.text


def give(client: TestClient, text: str, then: str = "/sample", **headers: str) -> httpx2.Response:
    return client.post("/sign-in/key", data={"key": text, "then": then}, headers=headers, follow_redirects=False)


def test_a_page_leads_to_where_one_signs_in_and_back(client: TestClient, home: Path) -> None:
    sent = client.get("/sample?range=7d&agent=a%26b", follow_redirects=False)
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in/key?then=/sample%3Frange%3D7d%26agent%3Da%2526b"
    page = client.get(sent.headers["location"])
    assert '<input type="hidden" name="then" value="/sample?range=7d&amp;agent=a%26b">' in page.text
    back = give(client, key(home, "read"), "/sample?range=7d&agent=a%26b")
    assert (back.status_code, back.headers["location"]) == (303, "/sample?range=7d&agent=a%26b")
    assert client.get("/sample").status_code == 200


def test_who_came_from_no_page_is_sent_to_the_first_behind_a_proxy_too(client: TestClient, home: Path) -> None:
    with TestClient(client.app, base_url="http://localhost", root_path="/gauge") as behind:
        behind.headers.update(BROWSER)
        assert '<input type="hidden" name="then" value="/gauge/">' in behind.get("/sign-in/key").text
        assert give(behind, key(home, "read"), "").headers["location"] == "/gauge/"


def test_the_page_says_who_is_signed_in_and_lets_them_out(client: TestClient, home: Path) -> None:
    text = key(home, "read")
    give(client, text)
    page = client.get("/sample").text
    assert f"Signed in as key {text[4:12]}" in page
    assert '<form class="who" method="post" action="/sign-out">' in page
    out = client.post("/sign-out", follow_redirects=False)
    assert (out.status_code, out.headers["location"]) == (303, "/signed-out")
    assert "You are signed out" in client.get("/signed-out").text
    assert client.get("/sample", follow_redirects=False).status_code == 303


def sign_in_at_provider(client: TestClient, email: str) -> None:
    """As its answer does."""
    people = client.app.state.runtime.gate.people  # type: ignore[attr-defined]
    cookie = people.session_cookie(people.person({"email": email, "email_verified": True}))
    client.cookies.set(session_cookie_name(people.settings), cookie, domain="localhost.local")


def links(page: httpx2.Response) -> dict[str, str]:
    """Words and addresses of what somebody may do next."""
    return {
        words: unescape(link)
        for link, words in re.findall(r'<a class="button[^"]*" href="([^"]+)">([^<]+)<', page.text)
    }


def test_with_a_provider_a_key_is_the_second_way(with_provider: TestClient, home: Path) -> None:
    sent = with_provider.get("/sample?range=7d", follow_redirects=False)
    assert sent.headers["location"] == "/sign-in?then=/sample%3Frange%3D7d"
    assert links(with_provider.get("/signed-out")) == {"Sign in": "/sign-in", "Sign in with a key": "/sign-in/key"}
    page = with_provider.get("/sign-in/key?then=/sample%3Frange%3D7d")
    assert '<a href="/sign-in?then=/sample%3Frange%3D7d">Sign in without a key</a>' in page.text
    assert give(with_provider, key(home, "read")).status_code == 303
    assert with_provider.get("/sample").status_code == 200


def test_without_a_provider_there_is_one_way(client: TestClient) -> None:
    assert links(client.get("/signed-out")) == {"Sign in": "/sign-in/key"}
    assert "without a key" not in client.get("/sign-in/key").text


def test_a_key_takes_the_place_of_who_was_signed_in_at_the_provider(with_provider: TestClient, home: Path) -> None:
    sign_in_at_provider(with_provider, "ada@example.org")
    assert "Signed in as ada@example.org" in with_provider.get("/sample").text
    refused = with_provider.get("/admins")
    assert refused.status_code == 403
    assert links(refused) == {
        "Sign in as somebody else": "/sign-in?then=/admins", "Sign in with a key": "/sign-in/key?then=/admins",
        "Overview": "/",
    }  # fmt: skip
    give(with_provider, key(home, "admin"))
    assert with_provider.get("/admins").status_code == 200
    assert "ada@example.org" not in with_provider.get("/sample").text


def test_who_comes_back_from_the_provider_in_vain_is_told_and_not_sent_there_again(with_provider: TestClient) -> None:
    said = with_provider.get(
        "/sign-in/callback?code=1&state=2", headers={"Sec-Fetch-Site": "cross-site"}, follow_redirects=False
    )
    assert said.status_code == 401
    assert links(said) == {"Sign in": "/sign-in", "Sign in with a key": "/sign-in/key", "Overview": "/"}


def test_a_form_that_nobody_may_send_any_more_leads_back_to_its_page(with_provider: TestClient) -> None:
    said = with_provider.post("/sample/budgets", data={}, headers={"Referer": "http://localhost/sample?range=7d"})
    assert said.status_code == 401
    assert links(said)["Sign in"] == "/sign-in?then=/sample%3Frange%3D7d"
    assert links(said)["Sign in with a key"] == "/sign-in/key?then=/sample%3Frange%3D7d"


def test_the_cookie_comes_from_this_servers_own_pages_alone_and_no_script_reads_it(
    client: TestClient, home: Path
) -> None:
    cookie = give(client, key(home, "read")).headers["set-cookie"]
    assert cookie.startswith("agentgauge_key=agk_")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_with_tls_the_cookie_is_for_tls_and_for_this_host(home: Path) -> None:
    text = key(home, "read")
    with serving(get_server_settings(home, {}), SAMPLE, url="https://localhost") as client:
        cookie = give(client, text, **BROWSER).headers["set-cookie"]
        assert cookie.startswith("__Host-agentgauge_key=")
        assert "Secure" in cookie
        assert client.get("/sample", headers=BROWSER).status_code == 200


def test_a_key_that_is_revoked_opens_nothing_more(client: TestClient, home: Path) -> None:
    text = key(home, "read")
    give(client, text)
    assert client.get("/sample").status_code == 200
    admin = key(home, "admin")
    row = book(home).by_prefix(text[4:12])
    assert row is not None
    revoked = client.delete(f"/api/v1/keys/{row.prefix}", headers={"Authorization": f"Bearer {admin}"})
    assert revoked.status_code in (200, 204), revoked.text
    sent = client.get("/sample", follow_redirects=False)
    assert sent.headers["location"].startswith("/sign-in/key?then=")
    assert 'agentgauge_key=""; HttpOnly; Max-Age=0' in sent.headers["set-cookie"]


@pytest.mark.parametrize(
    "text", ["", "agk_", "agk_00000000_" + "0" * 48, "<script>"], ids=["none", "half", "unknown", "text"]
)
def test_a_wrong_key_is_told_and_signs_nobody_in(text: str, client: TestClient) -> None:
    said = give(client, text)
    assert said.status_code == 401
    assert "This key is unknown, revoked or has expired." in said.text
    assert "set-cookie" not in said.headers
    assert "<script>" not in said.text


def test_a_key_that_may_only_record_is_told_so(client: TestClient, home: Path) -> None:
    said = give(client, key(home, "ingest"))
    assert said.status_code == 403
    assert "give a key with the scope read" in said.text


def test_wrong_keys_are_counted_as_those_of_programs_are(client: TestClient) -> None:
    statuses = [give(client, f"agk_{number:08x}_{'0' * 48}").status_code for number in range(31)]
    assert statuses == [401] * 30 + [429]
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer agk_00000000_{'0' * 48}"}).status_code == 429


@pytest.mark.parametrize(
    "then", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "evil"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(then: str, client: TestClient, home: Path) -> None:
    assert give(client, key(home, "read"), then).headers["location"] == "/"
    assert '<input type="hidden" name="then" value="/">' in client.get("/sign-in/key", params={"then": then}).text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_origin_signs_nobody_in_or_out(site: str, client: TestClient, home: Path) -> None:
    text = key(home, "read")
    assert give(client, text, **{"Sec-Fetch-Site": site}).status_code == 403
    give(client, text)
    assert client.post("/sign-out", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert client.get("/sample").status_code == 200


def test_a_cookie_changes_nothing_from_a_page_of_another_origin(client: TestClient, home: Path) -> None:
    give(client, key(home, "admin"))
    asked = {"data": {"name": "coder", "total_usd": "30"}, "headers": {"Sec-Fetch-Site": "cross-site"}}
    assert client.post("/sample/budgets", **asked).status_code == 403  # type: ignore[arg-type]
    assert client.post("/api/v1/cache/invalidate", json={"pattern": "*"}, headers=asked["headers"]).status_code == 403
    assert "No budgets." in client.get("/sample").text


def test_a_link_from_another_site_leads_to_the_page_itself_with_the_cookie(client: TestClient) -> None:
    """A strict cookie stays at home then: a page of this server's own brings it."""
    said = client.get("/sample", headers={"Sec-Fetch-Site": "cross-site"})
    assert '<meta http-equiv="refresh" content="0">' in said.text
    assert said.headers["cache-control"] == "no-store"


def test_a_page_that_refreshes_itself_is_told_and_not_sent_elsewhere(client: TestClient) -> None:
    said = client.get("/sample", headers={"Agentgauge-Refresh": "1"}, follow_redirects=False)
    assert said.status_code == 401
    assert "data-message" in said.text


def test_programs_are_told_in_json_as_ever(client: TestClient) -> None:
    said = client.get("/sample", headers={"Accept": "*/*"}, follow_redirects=False)
    assert said.status_code == 401
    assert said.json()["error"]["code"] == "unauthorized"


def test_a_cookie_of_another_server_on_this_machine_locks_nobody_out(home: Path) -> None:
    with serving(get_server_settings(home, {}), SAMPLE) as client:
        client.cookies.set("agentgauge_key", f"agk_00000000_{'0' * 48}")
        assert client.get("/sample", headers=BROWSER).status_code == 200


def test_the_api_takes_the_cookie_as_it_takes_the_key(client: TestClient, home: Path) -> None:
    give(client, key(home, "read", projects=["shop"]))
    said = client.get("/api/v1/me", headers={"Accept": "application/json"}).json()
    assert (said["scopes"], said["projects"]) == (["read"], ["shop"])
