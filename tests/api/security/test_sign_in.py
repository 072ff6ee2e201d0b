"""Signing in at a provider: the whole way, and everything on it that could be forged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey

from agentgauge.errors import SettingsError
from agentgauge.settings.server import get_server_settings
from tests.api.security.conftest import ServerOf
from tests.api.security.provider import CLIENT, SECRET, FakeProvider, provider

PAGE = "/api/v1/metrics/summary"


@pytest.fixture
def accounts() -> Iterator[FakeProvider]:
    with provider() as running:
        yield running


@pytest.fixture
def server(server_of: ServerOf, accounts: FakeProvider) -> TestClient:
    return server_of(**variables(accounts))


def variables(accounts: FakeProvider, **more: str) -> dict[str, str]:
    return {
        "AGENTGAUGE_OIDC_ISSUER": accounts.issuer,
        "AGENTGAUGE_OIDC_CLIENT_ID": CLIENT,
        "AGENTGAUGE_OIDC_CLIENT_SECRET": SECRET,
        "AGENTGAUGE_PUBLIC_URL": "http://localhost",
        "AGENTGAUGE_OIDC_READERS": "@example.org",
        "AGENTGAUGE_OIDC_ADMINS": "root@example.org, group:operators",
    } | more


def at_provider(server: TestClient, then: str = "/") -> str:
    """Begin to sign in, and be sent back by the provider: the address that the browser is sent to."""
    begun = server.get("/sign-in", params={"then": then}, follow_redirects=False)
    assert begun.status_code == 302, begun.text
    return str(httpx2.get(begun.headers["location"], follow_redirects=False).headers["location"])


def signed_in(server: TestClient, then: str = "/") -> httpx2.Response:
    return server.get(at_provider(server, then), follow_redirects=False)


def test_somebody_signs_in_asks_and_signs_out(server: TestClient) -> None:
    assert server.get(PAGE).status_code == 401
    back = signed_in(server, "/dashboard?tab=cost")
    assert (back.status_code, back.headers["location"]) == (303, "/dashboard?tab=cost")
    cookie = next(text for text in back.headers.get_list("set-cookie") if text.startswith("agentgauge_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert server.get("/api/v1/me").json() == {"name": "ada@example.org", "scopes": ["read"], "projects": None}
    assert server.get(PAGE).status_code == 200
    assert server.get("/api/v1/keys").status_code == 403
    assert server.post("/sign-out", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 204
    assert server.get(PAGE).status_code == 401


@pytest.mark.parametrize(
    ("person", "scopes"),
    [
        ({"email": "root@example.org"}, ["admin", "read"]),
        ({"email": "guest@elsewhere.net", "groups": ["operators"]}, ["admin", "read"]),
        ({"email": "ada@example.org", "groups": "operators"}, ["admin", "read"]),
    ],
)
def test_the_settings_decide_what_somebody_may_do(
    person: dict[str, Any], scopes: list[str], server: TestClient, accounts: FakeProvider
) -> None:
    accounts.person |= person
    assert signed_in(server).status_code == 303
    assert server.get("/api/v1/me").json()["scopes"] == scopes


@pytest.mark.parametrize(
    "person",
    [
        {"email": "ada@elsewhere.net"},
        {"email": "ada@example.org.elsewhere.net"},
        {"email": "ada@example.org", "email_verified": False},
        {"email": "ada@example.org", "email_verified": "true"},
        {"email": None},
    ],
)
def test_others_are_sent_away(person: dict[str, Any], server: TestClient, accounts: FakeProvider) -> None:
    accounts.person |= person
    assert signed_in(server).status_code == 403
    assert server.get(PAGE).status_code == 401


@pytest.mark.parametrize(
    "says",
    [
        {"nonce": "another sign-in's"},
        {"aud": "another client"},
        {"aud": ["another client", "a third"], "azp": CLIENT},
        {"iss": "https://accounts.example.org"},
        {"exp": 1_000_000},
    ],
    ids=str,
)
def test_a_token_for_another_purpose_signs_nobody_in(
    says: dict[str, Any], server: TestClient, accounts: FakeProvider
) -> None:
    accounts.says = says
    assert signed_in(server).status_code == 401
    assert server.get(PAGE).status_code == 401


def test_a_token_that_another_key_signed_signs_nobody_in(server: TestClient, accounts: FakeProvider) -> None:
    accounts.signs_with = RSAKey.generate_key(2048, {"kid": "first"})
    assert signed_in(server).status_code == 401


def test_a_sign_in_is_the_browsers_that_began_it(
    server: TestClient, server_of: ServerOf, accounts: FakeProvider
) -> None:
    """State: a link that signs its reader in as somebody else does not work."""
    link = at_provider(server)
    other = server_of(**variables(accounts))
    assert other.get(link, follow_redirects=False).status_code == 401
    at_provider(other)
    assert other.get(link, follow_redirects=False).status_code == 401
    assert server.get(link, follow_redirects=False).status_code == 303
    assert server.get(link, follow_redirects=False).status_code == 401, "a code is used once"


def test_the_code_is_of_no_use_without_the_verifier(server: TestClient, accounts: FakeProvider) -> None:
    asked = server.get("/sign-in", follow_redirects=False).headers["location"]
    query = parse_qs(urlsplit(asked).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert query["redirect_uri"] == ["http://localhost/sign-in/callback"]
    assert set(query["scope"][0].split()) == {"openid", "email", "profile"}


@pytest.mark.parametrize(
    "then", ["https://evil.example.org", "//evil.example.org", "/\\evil.example.org", "javascript:1"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(then: str, server: TestClient) -> None:
    assert signed_in(server, then).headers["location"] == "/"


def test_a_session_that_was_changed_or_made_elsewhere_is_none(
    server: TestClient, server_of: ServerOf, accounts: FakeProvider
) -> None:
    signed_in(server)
    cookie = server.cookies["agentgauge_session"]
    header, claims, signature = cookie.split(".")
    elsewhere = server_of(**variables(accounts, AGENTGAUGE_OIDC_CLIENT_SECRET="another secret of a client"))
    begun = server.get("/sign-in", follow_redirects=False).cookies["agentgauge_signing_in"]
    unsigned = f"eyJhbGciOiJub25lIn0.{claims}."
    for forged in (f"{header}.{claims}.{signature[:-2]}xx", unsigned, begun, "", "a.b.c"):
        said = httpx2.Response(401)
        server.cookies.clear()
        said = server.get(PAGE, headers={"Cookie": f"agentgauge_session={forged}"})
        assert said.status_code == 401, forged
    assert elsewhere.get(PAGE, headers={"Cookie": f"agentgauge_session={cookie}"}).status_code == 401
    assert server.get(PAGE, headers={"Cookie": f"agentgauge_session={cookie}"}).status_code == 200


def test_who_is_named_no_more_may_do_nothing_any_more(
    server: TestClient, server_of: ServerOf, accounts: FakeProvider
) -> None:
    signed_in(server)
    cookie = {"Cookie": f"agentgauge_session={server.cookies['agentgauge_session']}"}
    later = server_of(**variables(accounts, AGENTGAUGE_OIDC_READERS="@elsewhere.net"))
    assert later.get(PAGE, headers=cookie).status_code == 401


def test_a_cookie_changes_nothing_from_a_page_of_another_origin(server: TestClient, accounts: FakeProvider) -> None:
    accounts.person |= {"email": "root@example.org"}
    signed_in(server)
    new = {"name": "another", "scopes": ["read"]}
    for headers in ({"Origin": "https://evil.example.org"}, {"Sec-Fetch-Site": "cross-site"}):
        assert server.post("/api/v1/keys", json=new, headers=headers).status_code == 403
        assert server.post("/sign-out", headers=headers).status_code == 403
    assert server.post("/api/v1/keys", json=new, headers={"Origin": "http://localhost"}).status_code == 201


def test_a_page_that_may_ask_with_a_key_may_not_with_a_cookie(server_of: ServerOf, accounts: FakeProvider) -> None:
    page = "https://dashboards.example.org"
    server = server_of(**variables(accounts, AGENTGAUGE_CORS_ORIGINS=page))
    signed_in(server)
    assert server.get("/api/v1/me").status_code == 200
    assert server.post("/sign-out", headers={"Origin": page}).status_code == 403


def test_over_tls_the_session_is_of_this_host_alone(server_of: ServerOf, accounts: FakeProvider) -> None:
    server = server_of(
        "https://gauge.example.org", **variables(accounts, AGENTGAUGE_PUBLIC_URL="https://gauge.example.org")
    )
    cookies = signed_in(server).headers.get_list("set-cookie")
    cookie = next(text for text in cookies if text.startswith("__Host-agentgauge_session="))
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert server.get(PAGE).status_code == 200
    begun = next(text for text in cookies if text.startswith("agentgauge_signing_in="))
    assert {"Max-Age=0", "Secure", "HttpOnly", "SameSite=lax"} <= set(begun.split("; "))


def test_a_server_with_sign_in_is_not_open_to_its_own_machine(server: TestClient) -> None:
    assert server.get("/api/v1/me").status_code == 401


def test_a_provider_that_is_away_is_said_to_be(server_of: ServerOf) -> None:
    away = FakeProvider(1)
    said = server_of(**variables(away)).get("/sign-in", follow_redirects=False)
    assert (said.status_code, "Retry-After" in said.headers) == (503, True)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AGENTGAUGE_OIDC_CLIENT_SECRET", "", "AGENTGAUGE_OIDC_CLIENT_SECRET must be too"),
        ("AGENTGAUGE_OIDC_CLIENT_SECRET", "short", "shorter than 16"),
        ("AGENTGAUGE_OIDC_ISSUER", "http://accounts.example.org", "use https://"),
        ("AGENTGAUGE_PUBLIC_URL", "gauge.example.org", "use https://"),
        ("AGENTGAUGE_OIDC_READERS", "everyone", "no e-mail"),
    ],
)
def test_settings_that_would_let_anyone_in_are_refused(variable: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        get_server_settings("home", variables(FakeProvider(1), **{variable: value}))
    assert SECRET not in str(raised.value)
