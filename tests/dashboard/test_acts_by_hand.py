"""What somebody does in a browser: an alert acknowledged, resolved and taken back, a key made and kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from agentgauge.settings.server import get_server_settings
from agentgauge.state.alerts import AlertBook
from agentgauge.state.opening import shared_state
from tests.dashboard.browsing import patient
from tests.dashboard.test_alerts import found
from tests.dashboard.watching import watch
from tests.servers.serving import Served, served


@pytest.fixture
def home(tmp_path: Path) -> Path:
    found(tmp_path / "home", at=datetime.now(UTC))
    return tmp_path / "home"


@pytest.fixture
def server(home: Path) -> Iterator[Served]:
    """Of its own: what is done there is seen on no other test's page."""
    with served(home, "--no-jobs") as server:
        yield server


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_an_alert_is_acknowledged_resolved_and_taken_back(
    script: bool, chromium: Browser, server: Served, home: Path
) -> None:
    context = patient(chromium, base_url=server.url, java_script_enabled=script)
    page = context.new_page()
    if script:
        watched = watch(page, server.url)
    page.goto("/alerts")
    page.get_by_role("button", name="Acknowledge alert 1").click()
    expect(page.get_by_role("status").first).to_contain_text("Alert 1 is acknowledged.")
    expect(page.locator("#queue")).to_contain_text("acknowledged by local")
    page.get_by_role("button", name="Resolve alert 1").click()
    expect(page.get_by_role("status").first).to_contain_text("Alert 1 is resolved")
    expect(page.locator("#queue")).to_contain_text("No open alerts")
    page.get_by_role("status").first.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").first).to_contain_text("Taken back: alert 1 is acknowledged.")
    expect(page.locator("#queue .entry")).to_have_count(1)
    assert re.search(r"/alerts$", page.url)
    assert AlertBook(shared_state(get_server_settings(home, {}))).get(1).status == "acknowledged"
    if script:
        assert (watched.said, watched.elsewhere, watched.policy_violations()) == ([], [], [])
    context.close()


def test_a_key_that_is_made_is_shown_until_the_person_goes_on(chromium: Browser, server: Served) -> None:
    context = patient(chromium, base_url=server.url)
    page = context.new_page()
    page.goto("/system")
    page.get_by_text("Make a key").click()
    page.get_by_label("Whose it is").fill("ci")
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("pre.secret")).to_contain_text(re.compile(r"^agk_[0-9a-f]{8}_\w+$"))
    context.close()


def test_what_the_page_was_before_an_act_comes_too_late(chromium: Browser, server: Served) -> None:
    """A page that asked for itself before an act is answered after it, that it is not there any more."""
    context = patient(chromium, base_url=server.url)
    page = context.new_page()
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if "agentgauge-refresh" in route.request.headers and not held:
            held.append(route)
        else:
            route.fallback()

    page.route("**/alerts", hold_the_first)
    with page.expect_request(lambda request: "agentgauge-refresh" in request.headers):
        page.goto("/alerts")
    while not held:
        page.title()  # lets Playwright hand it over
    page.get_by_role("button", name="Acknowledge alert 1").click()
    expect(page.get_by_role("status").first).to_contain_text("Alert 1 is acknowledged.")
    with page.expect_response(lambda answer: "agentgauge-refresh" in answer.request.headers and answer.ok):
        held[0].fulfill(status=404, body="<p data-message>There is no such alert.</p>", content_type="text/html")
    expect(page.get_by_role("status").first).to_contain_text("Alert 1 is acknowledged.")
    expect(page.locator("#queue")).to_contain_text("acknowledged by local")
    context.close()
