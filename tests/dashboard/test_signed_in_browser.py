"""A person in a browser at a server with keys: signing in and out, a link from elsewhere, a key that is revoked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
from tests.dashboard.browsing import patient
from tests.servers.serving import Served, served


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keyed") / "home"


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Served]:
    key_of(home)
    with served(home, "--no-jobs") as server:
        yield server


@pytest.fixture
def context(server: Served, chromium: Browser) -> Iterator[BrowserContext]:
    context = patient(chromium, base_url=server.url.replace("127.0.0.1", "localhost"))
    yield context
    context.close()


def key_of(home: Path, *scopes: str) -> str:
    book = KeyBook(shared_state(get_server_settings(home, {})))
    return issue(book, "test", scopes or ("read",), actor="test", now=datetime.now(UTC)).token.text


def signed_in(page: Page, key: str, address: str = "/?range=7d") -> Page:
    page.goto(address)
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    return page


def test_somebody_signs_in_comes_back_to_the_page_and_signs_out(context: BrowserContext, home: Path) -> None:
    page = context.new_page()
    page.goto("/?range=7d")
    page.get_by_label("API key").fill("agk_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This key is unknown, revoked or has expired.")
    key = key_of(home)
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    assert page.url.endswith("/?range=7d")
    assert page.evaluate("() => document.cookie") == ""
    expect(page.locator("footer")).to_contain_text(f"Signed in as key {key[4:12]}")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    page.goto("/")
    expect(page.get_by_label("API key")).to_be_visible()


def test_a_link_on_another_site_opens_the_page_for_who_is_signed_in(context: BrowserContext, home: Path) -> None:
    page = signed_in(context.new_page(), key_of(home))
    there = page.url

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<a href="{there}">the costs of the week</a>'.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{other.server_port}/")
        page.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        assert page.url == there
        other.shutdown()


def test_a_page_whose_key_is_revoked_stays_as_it_is_and_says_so(
    context: BrowserContext, home: Path, server: Served
) -> None:
    key = key_of(home)
    page = signed_in(context.new_page(), key)
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    admin = {"Authorization": f"Bearer {key_of(home, 'admin')}"}
    httpx.delete(f"{server.url}/api/v1/keys/{key[4:12]}", headers=admin, timeout=30).raise_for_status()
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide'))")
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    said = page.get_by_role("status").first
    expect(said).to_contain_text("This page was not brought up to date. This key is unknown, revoked or has expired.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    said.get_by_role("link", name="Sign in").click()
    expect(page.get_by_label("API key")).to_be_visible()
