"""A page keeps itself up to date while somebody looks at it, and disturbs nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.dashboard.browsing import complete, patient
from tests.dashboard.recorded_home import recorded_home
from tests.servers.ports import free_port
from tests.servers.serving import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("live-page")
    home = recorded_home(folder / "home", days=12, per_day=12)
    with (folder / "log").open("w") as log, served(home, "--no-jobs", errors=log) as server:
        yield server


@pytest.fixture
def page(server: Served, chromium: Browser) -> Iterator[Page]:
    context = patient(chromium, base_url=server.url, viewport={"width": 1440, "height": 700}, timezone_id="UTC")
    yield context.new_page()
    context.close()


def record(server: Served, **names: object) -> None:
    event = {
        "kind": "task", "name": "work", "outcome": "success", "duration_ms": 1000.0,
        "time": datetime.now(UTC).isoformat(), **names,
    }  # fmt: skip
    httpx.post(f"{server.url}/api/v1/events", json=[event], timeout=30).raise_for_status()


def opened(page: Page, path: str = "/?range=all") -> Page:
    """A page that listens, and is as new as what it heard first."""
    with page.expect_response(lambda answer: _is_refresh(answer)):
        page.goto(path)
    complete(page)
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    return page


def _is_refresh(answer: Response) -> bool:
    return "agentgauge-refresh" in answer.request.headers


def tasks(page: Page) -> int:
    text = page.locator(".tile", has=page.get_by_role("heading", name="Tasks")).locator(".value").inner_text()
    return int(text.replace(",", ""))


def test_what_is_recorded_is_on_the_page_without_a_reload(server: Served, page: Page) -> None:
    opened(page)
    before = tasks(page)
    page.evaluate("() => { window.mark = 1 }")
    record(server, agent="coder")
    expect(page.locator(".tile .value", has_text=f"{before + 1:,}")).to_be_visible()
    assert page.evaluate("() => window.mark") == 1


def test_focus_selection_scroll_and_what_is_open_stay(server: Served, page: Page) -> None:
    opened(page)
    before = tasks(page)
    page.evaluate("""() => {
      const details = document.querySelector("figure[data-chart] details");
      details.open = true;
      const heading = document.querySelector(".card h2:not(.hidden)");
      getSelection().selectAllChildren(heading);
      document.querySelector(".ranges a").focus();
      scrollTo(0, 120);
      window.was = { details, heading: heading.textContent, focus: document.activeElement,
        canvas: document.querySelector(".canvas svg") };
    }""")
    record(server, agent="coder")
    expect(page.locator(".tile .value", has_text=f"{before + 1:,}")).to_be_visible()
    kept = page.evaluate("""() => ({
      open: was.details.isConnected && was.details.open,
      selected: getSelection().toString() === was.heading,
      focused: document.activeElement === was.focus,
      scrolled: scrollY,
      drawing: was.canvas.isConnected,
    })""")
    assert kept == {"open": True, "selected": True, "focused": True, "scrolled": 120, "drawing": True}


def test_a_page_that_did_not_change_costs_a_304(page: Page, server: Served) -> None:
    opened(page)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    received: list[dict[str, object]] = []
    session.on("Network.responseReceivedExtraInfo", lambda event: received.append(event))
    node = page.locator("main .tile").first.element_handle()
    with page.expect_response(_is_refresh):
        page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide'))")
        page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.wait_for_function("() => document.querySelector('[data-live-word]').textContent === 'Live'")
    assert 304 in [event["statusCode"] for event in received]
    assert node.evaluate("node => node.isConnected")


def test_somebody_pauses_it_and_goes_on(server: Served, page: Page) -> None:
    opened(page)
    before = tasks(page)
    page.get_by_role("button", name="Live").click()
    expect(page.locator("[data-live-word]")).to_have_text("Paused")
    page.reload()
    complete(page)
    expect(page.locator("[data-live-word]")).to_have_text("Paused")  # it is remembered
    before = tasks(page)
    record(server, agent="coder")
    with httpx.stream("GET", f"{server.url}/live", timeout=30) as answer:  # another is told of the change
        next(answer.iter_lines())
    assert tasks(page) == before
    page.get_by_role("button", name="Paused").click()
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    expect(page.locator(".tile .value", has_text=f"{before + 1:,}")).to_be_visible()


def test_a_tab_that_nobody_sees_holds_no_connection(page: Page) -> None:
    opened(page)
    page.evaluate("""() => {
      window.closings = 0;
      const close = EventSource.prototype.close;
      EventSource.prototype.close = function () { window.closings += 1; return close.call(this); };
      Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    assert page.evaluate("() => window.closings") == 1
    with page.expect_request("**/live"):
        page.evaluate("""() => {
          delete document.hidden;
          document.dispatchEvent(new Event("visibilitychange"));
        }""")


def test_times_are_by_the_readers_clock_after_a_change_too(server: Served, chromium: Browser) -> None:
    context = patient(chromium, base_url=server.url, timezone_id="Asia/Tokyo", locale="en-GB")
    page = opened(context.new_page())
    before = page.locator("footer time").inner_text()
    assert "GMT+9" in before
    record(server, agent="coder")
    expect(page.locator("footer time")).not_to_have_text(before)
    assert re.search(r"GMT\+9", page.locator("footer time").inner_text())
    context.close()


def test_a_page_whose_server_is_away_says_from_when_it_is_and_comes_back(tmp_path: Path, chromium: Browser) -> None:
    home = recorded_home(tmp_path / "home", days=2, per_day=6)
    address = ("--port", str(free_port()))
    with served(home, "--no-jobs", *address) as first:
        context = patient(chromium, base_url=first.url, timezone_id="UTC")
        page = opened(context.new_page())
        before = tasks(page)
        assert first.stop() == 0
        expect(page.locator("[data-live-word]")).to_contain_text("Reconnecting, data of")
        assert tasks(page) == before
        with served(home, "--no-jobs", *address) as again:
            record(again, agent="coder")
            expect(page.locator("[data-live-word]")).to_have_text("Live")
            expect(page.locator(".tile .value", has_text=f"{before + 1:,}")).to_be_visible()
        context.close()
