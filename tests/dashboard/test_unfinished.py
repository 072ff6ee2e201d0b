"""A page that takes long is shown unfinished to who opens it, and whole as soon as it is made."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from fastapi import Response
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from agentgauge.dashboard.card import Card, LastGood, Shown, meanwhile
from agentgauge.dashboard.content import Content, Sentence
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.unfinished import finished, in_time
from agentgauge.errors import AgentGaugeError, NotFound
from agentgauge.settings.server import ServerSettings, get_server_settings
from tests.dashboard.browsing import complete, patient
from tests.dashboard.sample_pages import CREATE, listening, serving
from tests.dashboard.watching import inaccessible, watch
from tests.servers.serving import Served

OPENED = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
_LONG = 60.0


class Slow:
    """A card that is answered when it may be."""

    def __init__(self) -> None:
        self.begun, self.may = threading.Event(), threading.Event()
        self.text = "what took long"
        self.error: Exception | None = None

    def build(self, asked: PageAsked) -> Content:
        self.begun.set()
        assert self.may.wait(_LONG)
        if isinstance(error := self.error, duckdb.IOException):
            self.error = None
        if error is not None:
            raise error
        return Sentence(text=self.text)


def _check(asked: PageAsked) -> None:
    if asked.filters.agent:
        raise NotFound(f"no agent {asked.filters.agent[0]!r} is known", field="agent")


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.may.set()


@pytest.fixture
def page(slow: Slow) -> Page:
    return Page(
        path="/slow",
        title="Slow",
        cards=(Card(id="answer", title="Answer", build=slow.build, note="in its time"),),
        topics=("budgets",),
        acts=(CREATE,),
        check=_check,
    )


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    return get_server_settings(tmp_path / "home", {})


@pytest.fixture
def client(settings: ServerSettings, page: Page) -> Iterator[TestClient]:
    with serving(settings, page) as client:
        yield client


@pytest.mark.parametrize(
    "headers", [OPENED, {"Upgrade-Insecure-Requests": "1"}], ids=["at localhost or by TLS", "by plain HTTP"]
)
def test_who_opens_it_sees_its_title_and_its_cards_before_they_are_answered(
    client: TestClient, slow: Slow, headers: dict[str, str]
) -> None:
    answer = client.get("/slow", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert "<h1>Slow</h1>" in answer.text
    assert "data-unfinished" in answer.text
    assert "Answer</h2>" in answer.text
    assert "what took long" not in answer.text
    assert "Being made." in answer.text
    slow.may.set()
    whole = client.get("/slow")
    assert "what took long" in whole.text
    assert "data-unfinished" not in whole.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Mode": "cors", "Upgrade-Insecure-Requests": "1"},
        {**OPENED, "Referer": "http://localhost/slow"},
        {**OPENED, "Cache-Control": "no-cache"},
        {**OPENED, "Prefer": "wait=60"},
    ],
    ids=["a program", "a script", "comes back", "reloads all of it", "would rather wait"],
)
def test_who_does_not_open_it_or_would_wait_is_answered_with_the_whole(
    client: TestClient, slow: Slow, headers: dict[str, str]
) -> None:
    with ThreadPoolExecutor(1) as another:
        answer = another.submit(client.get, "/slow", headers=headers)
        assert slow.begun.wait(_LONG)
        slow.may.set()
        assert "what took long" in answer.result().text
        assert "data-unfinished" not in answer.result().text


def test_a_page_that_is_asked_again_of_newer_data_is_whole_all_the_same(
    client: TestClient, slow: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    slow.may.set()
    slow.error = duckdb.IOException("a file went away")
    with caplog.at_level("INFO", "agentgauge"):
        answer = client.get("/slow", headers={**OPENED, "Prefer": "wait=60"})
    assert "which is asked again" in caplog.text
    assert "what took long" in answer.text


def test_a_page_at_hand_is_whole_at_once(client: TestClient, slow: Slow) -> None:
    slow.may.set()
    client.get("/slow")
    assert "data-unfinished" not in client.get("/slow", headers={**OPENED, "Prefer": "wait=0"}).text


def test_meanwhile_a_card_holds_what_it_held_and_says_of_when(client: TestClient, slow: Slow) -> None:
    slow.may.set()
    client.get("/slow")
    slow.may.clear()
    slow.text = "what is new"
    client.post("/sample/budgets", data={"name": "coder", "total_usd": "5"}, follow_redirects=False)
    client.cookies.clear()  # what the act says is said on a whole page
    answer = client.get("/slow", headers=OPENED)
    assert "what took long" in answer.text
    assert "Being brought up to date. This is how it was at" in answer.text
    slow.may.set()
    assert "what is new" in client.get("/slow").text


def test_what_an_act_did_is_said_on_a_whole_page(client: TestClient, slow: Slow) -> None:
    slow.may.set()
    client.get("/slow")
    slow.text = "what is new"
    client.post("/sample/budgets", data={"name": "coder", "total_usd": "5"}, follow_redirects=False)
    answer = client.get("/slow", headers={**OPENED, "Prefer": "wait=0"})
    assert "Budget of coder is made" in answer.text
    assert "what is new" in answer.text


def test_five_minutes_later_a_card_is_empty_rather_than_as_it_was() -> None:
    card = Card(id="answer", title="Answer", build=lambda asked: ())
    last, then = LastGood(), datetime(2026, 10, 1, 9, tzinfo=UTC)
    last.keep("page", Shown(card=card, contents=(Sentence(text="$5"),), html="$5", as_of=then))
    assert meanwhile(card, last, "page", then - timedelta(minutes=1)).html == "$5"
    assert meanwhile(card, last, "page", then + timedelta(seconds=1)) == Shown(card=card, contents=())
    assert meanwhile(card, last, "page of another", then) == Shown(card=card, contents=())


def test_a_page_that_there_is_not_is_never_begun(client: TestClient) -> None:
    answer = client.get("/slow?agent=nobody", headers={**OPENED, "Prefer": "wait=0"})
    assert answer.status_code == 404
    assert "nobody" in answer.text


def test_in_a_browser_it_becomes_whole_without_a_reload(
    settings: ServerSettings, page: Page, slow: Slow, chromium: Browser
) -> None:
    with listening(settings, page) as url:
        context = chromium.new_context(base_url=url)
        shown = context.new_page()
        watched = watch(shown, url)
        shown.unroute_all()  # what Playwright passes on has lost what browsers say of how they ask
        shown.goto("/slow")
        expect(shown.locator(".cards")).to_have_attribute("aria-busy", "true")
        expect(shown.locator("[data-live-word]")).to_have_text("Loading")
        assert inaccessible(shown) == []
        shown.evaluate("() => { window.mark = 1 }")
        slow.may.set()
        expect(shown.locator("#answer")).to_contain_text("what took long")
        complete(shown)
        expect(shown.locator(".skeleton")).to_have_count(0)
        expect(shown.locator("[data-live-word]")).to_have_text("Live")
        expect(shown.locator("footer")).to_contain_text("As of")
        assert shown.evaluate("() => [window.mark, document.querySelector('.cards').ariaBusy]") == [1, None]
        assert (watched.said, watched.policy_violations()) == ([], [])
        context.close()


def test_without_script_a_page_that_is_not_kept_is_unfinished_only_once(
    settings: ServerSettings, page: Page, slow: Slow, chromium: Browser
) -> None:
    slow.may.set()
    slow.error = AgentGaugeError("the disk is away")
    with listening(settings, page) as url:
        context = chromium.new_context(base_url=url, java_script_enabled=False, extra_http_headers={"Prefer": "wait=0"})
        shown = context.new_page()
        shown.goto("/slow")
        expect(shown.locator("#answer")).to_contain_text("the disk is away")
        context.close()


def test_without_script_the_browser_comes_again_by_itself(
    settings: ServerSettings, page: Page, slow: Slow, chromium: Browser
) -> None:
    with listening(settings, page) as url:
        context = chromium.new_context(base_url=url, java_script_enabled=False)
        shown = context.new_page()
        shown.goto("/slow")
        expect(shown.locator(".skeleton")).to_be_visible()
        slow.may.set()
        expect(shown.locator("#answer")).to_contain_text("what took long")
        context.close()


def test_a_page_of_events_is_the_same_whether_it_was_unfinished_or_not(dashboard: Served, chromium: Browser) -> None:
    """With charts and figures: over the recorded month, of a range that nobody asked for before."""
    today = datetime.now(UTC).date()
    address = f"/?start={today - timedelta(days=9)}T00:00&end={today - timedelta(days=2)}T00:00&agent=tester"
    words = []
    for context in (
        chromium.new_context(base_url=dashboard.url, extra_http_headers={"Prefer": "wait=0"}, timezone_id="UTC"),
        patient(chromium, base_url=dashboard.url, timezone_id="UTC"),
    ):
        shown = context.new_page()
        with shown.expect_response(lambda answer: answer.request.is_navigation_request()) as first:
            shown.goto(address)
        words.append(("data-unfinished" in first.value.text(), []))
        complete(shown)
        words[-1][1].extend(shown.locator("main").all_inner_texts())
        context.close()
    assert [unfinished for unfinished, _ in words] == [True, False]
    assert words[0][1] == words[1][1]


def test_where_the_server_went_away_the_page_says_so_and_how_to_go_on(
    settings: ServerSettings, page: Page, slow: Slow, chromium: Browser
) -> None:
    with listening(settings, page) as url:
        context = chromium.new_context(base_url=url)
        shown = context.new_page()
        shown.add_init_script("globalThis.fetch = () => Promise.reject(new TypeError('away'))")
        shown.goto("/slow")
        expect(shown.locator("[data-said]")).to_contain_text("the server cannot be reached")
        expect(shown.get_by_role("link", name="Load it again")).to_have_attribute("href", f"{url}/slow")
        slow.may.set()
        context.close()


def test_an_application_ends_after_the_pages_that_it_makes() -> None:
    async def scenario() -> None:
        may, sketch, made = asyncio.Event(), Future[bytes](), []

        async def whole() -> Response:
            await may.wait()
            made.append("the page")
            return Response()

        sketch.set_result(b"its sketch")
        assert (await in_time(whole(), sketch, 0)).body == b"its sketch"
        ending = asyncio.ensure_future(finished())
        await asyncio.sleep(0)
        assert not ending.done()
        may.set()
        await ending
        assert made == ["the page"]

    with ThreadPoolExecutor(1) as another:  # a browser's loop runs in this thread
        another.submit(asyncio.run, scenario()).result()
