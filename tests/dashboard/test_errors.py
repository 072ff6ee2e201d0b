"""Errors: as pages for people, as JSON for programs; and a card that fails, which is an error in its own place."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Sentence
from agentgauge.dashboard.filters import PageFilters
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.errors import AgentGaugeError, Conflict, LakeError, NotFound, QueryError, ServerBusy
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.keys import KeyBook
from tests.dashboard.browsing import patient
from tests.dashboard.sample_pages import SAMPLE, listening, serving

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}
ERRORS: dict[str, Exception] = {
    "question": QueryError("there is no column shoe: did you mean show?", field="agent", allowed=("show", "shop")),
    "missing": NotFound("no agent 'coder<b>' is known", field="agent"),
    "conflict": Conflict("alert 3 is resolved already"),
    "busy": ServerBusy("the disk is full", retry_after_s=7),
    "lake": LakeError("secret path /home/x is damaged"),
    "fault": RuntimeError("secret"),
}


class _Named(PageFilters):
    error: str = ""


def _check(asked: PageAsked) -> None:
    name = getattr(asked.filters, "error", "")
    if name:
        raise ERRORS[name]


class Failing:
    """A card that fails while it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.text = "the first figures"

    def build(self, asked: PageAsked) -> Content:
        if self.error is not None:
            raise self.error
        return Sentence(text=self.text)


def _beside(asked: PageAsked) -> Content:
    return Sentence(text="what is beside it")


@pytest.fixture
def failing() -> Failing:
    return Failing()


@pytest.fixture
def client(tmp_path: Path, failing: Failing) -> Iterator[TestClient]:
    raising = Page(path="/raising", title="Raising", cards=(), check=_check, parameters=_Named)
    cards = (Card(id="moody", title="Moody", build=failing.build), Card(id="beside", title="Beside", build=_beside))
    broken = Page(path="/broken", title="Broken", cards=cards, topics=("budgets",))
    with serving(get_server_settings(tmp_path / "home", {}), SAMPLE, raising, broken) as client:
        client.headers.update(BROWSER)
        yield client


@pytest.mark.parametrize(
    ("name", "status", "words", "way"),
    [
        ("question", 422, "There is no column shoe: did you mean show?", "Without"),
        ("missing", 404, "No agent &#39;coder&lt;b&gt;&#39; is known", "Overview"),
        ("conflict", 409, "Alert 3 is resolved already.", "Overview"),
        ("busy", 503, "The disk is full.", "Try again"),
        ("lake", 503, "What this needs cannot be used now: try again", "Try again"),
        ("fault", 500, "A fault of the server: its log says more, at", "Try again"),
    ],
    ids=list(ERRORS),
)
def test_an_error_is_a_page_that_says_what_is_wrong_and_what_to_do(
    name: str, status: int, words: str, way: str, client: TestClient
) -> None:
    said = client.get(f"/raising?error={name}&agent=shoe")
    assert said.status_code == status
    assert said.headers["content-type"] == "text/html; charset=utf-8"
    assert said.headers["cache-control"] == "no-store"
    assert f'data-failure="{status}"' in said.text
    assert words.lower() in said.text.lower()
    assert way in said.text
    assert "secret" not in said.text


def test_what_a_parameter_may_be_is_listed_and_the_page_without_it_is_a_link(client: TestClient) -> None:
    said = client.get("/sample?range=9d&agent=coder")
    assert said.status_code == 422
    for value in ("1h", "24h", "7d", "30d", "90d", "all"):
        assert f'<a class="chip" href="/sample?range={value}&amp;agent=coder">{value}</a>' in said.text
    assert '<a class="button main" href="/sample?agent=coder">Without range</a>' in said.text


def test_an_unknown_parameter_is_named_with_what_is_meant(client: TestClient) -> None:
    said = client.get("/sample?agnt=coder").text
    assert "agnt" in said
    assert "did you mean agent?" in said
    assert '<a class="button main" href="/sample">Without agnt</a>' in said


def test_an_address_that_nothing_is_at_is_a_page(client: TestClient) -> None:
    said = client.get("/nothing/<here>")
    assert said.status_code == 404
    assert "There is no page at /nothing/&lt;here&gt;." in said.text
    assert 'href="/">Overview</a>' in said.text


def test_a_link_to_try_again_never_leads_elsewhere(client: TestClient) -> None:
    said = client.get("//evil.example/raising?error=busy")
    assert 'href="//' not in said.text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/metrics/summary?start=x", "/v1/nothing"])
def test_the_api_keeps_its_json_whoever_asks(path: str, client: TestClient) -> None:
    said = client.get(path)
    assert said.status_code in (404, 422)
    assert said.json()["success"] is False


def test_programs_are_told_in_json(client: TestClient) -> None:
    said = client.get("/raising?error=question", headers={"Accept": "*/*"})
    assert said.json()["error"]["allowed"] == ["show", "shop"]


def menu(text: str) -> list[str]:
    return re.findall(r'<li><a href="([^"]+)">', text)


def test_who_is_known_has_the_menu_beside_an_error(client: TestClient) -> None:
    for path in ("/raising?error=missing", "/nothing/here", "/sample?range=9d"):
        assert menu(client.get(path).text)[:2] == ["/", "/agents"]


def test_the_menu_of_an_error_is_that_of_who_asks_and_they_may_sign_out(tmp_path: Path) -> None:
    settings = get_server_settings(tmp_path / "home", {"AGENTGAUGE_REQUIRE_KEYS": "true"})
    admins = Page(path="/admins", title="For administrators", cards=(), needs_admin=True)
    with serving(settings, SAMPLE, admins) as client:
        book = KeyBook(client.app.state.runtime.state)  # type: ignore[attr-defined]

        def asks(path: str, *scopes: str) -> str:
            token = issue(book, "test", scopes, actor="test", now=datetime.now(UTC)).token.text
            headers = {**BROWSER, "Cookie": f"agentgauge_key={token}"}
            client.get("/sample", headers=headers)
            return client.get(path, headers=headers, follow_redirects=False).text

        for path in ("/admins", "/nothing"):
            said = asks(path, "read")
            assert "/runs" in menu(said)
            assert "Signed in as key" in said
            assert 'action="/sign-out"' in said
        assert menu(asks("/sample", "ingest")) == []
        assert menu(client.get("/nothing", headers=BROWSER).text) == []


def test_an_error_asks_nothing_to_show_the_menu(tmp_path: Path) -> None:
    settings = get_server_settings(tmp_path / "home", {"AGENTGAUGE_REQUIRE_KEYS": "true"})
    with serving(settings, SAMPLE) as client:
        book = KeyBook(client.app.state.runtime.state)  # type: ignore[attr-defined]
        token = issue(book, "test", ["read"], actor="test", now=datetime.now(UTC)).token.text
        assert menu(client.get("/nothing", headers={**BROWSER, "Cookie": f"agentgauge_key={token}"}).text) == []


def test_an_error_of_a_form_leads_back_to_its_page(client: TestClient) -> None:
    headers = {"Referer": "http://localhost/sample?range=7d"}
    said = client.post("/sample/budgets/9/delete", data={"confirmed": "yes"}, headers=headers)
    assert said.status_code == 404
    assert 'href="/sample?range=7d">Back to the page</a>' in said.text
    elsewhere = client.post("/sample/budgets/9/delete", data={}, headers={"Referer": "https://evil.example/x"})
    assert "evil" not in elsewhere.text


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    settings = get_server_settings(tmp_path / "limited", {"AGENTGAUGE_READS_PER_MINUTE": "2"})
    with serving(settings, SAMPLE) as client:
        token = client.post("/api/v1/keys", json={"name": "reader", "scopes": ["read"]}).json()["key"]
        client.headers.update({**BROWSER, "Authorization": f"Bearer {token}"})
        said = [client.get("/sample") for _ in range(3)][-1]
    assert said.status_code == 429
    assert int(said.headers["retry-after"]) > 0
    assert "try again in" in said.text.lower()


def test_a_card_that_fails_leaves_the_others_and_is_not_kept(client: TestClient, failing: Failing) -> None:
    failing.error = RuntimeError("secret")
    page = client.get("/broken")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "This could not be shown." in page.text
    assert "what is beside it" in page.text
    assert "secret" not in page.text
    failing.error = None
    assert "the first figures" in client.get("/broken").text


def test_a_card_that_fails_shows_what_it_last_showed_and_from_when(client: TestClient, failing: Failing) -> None:
    client.get("/broken")
    failing.error = AgentGaugeError("the lake is on a disk that is away")
    client.post("/sample/budgets", data={"name": "coder", "total_usd": "1"})  # so that the page is made anew
    page = client.get("/broken").text
    assert "the lake is on a disk that is away" in page
    assert "the first figures" in page
    assert "Below is how it was at <time" in page


def test_retry_is_a_link_to_the_page_with_the_filters(client: TestClient, failing: Failing) -> None:
    """With no place in it: a browser would go there, and ask nothing again."""
    failing.error = RuntimeError("x")
    page = client.get("/broken?range=7d&agent=coder").text
    assert 'href="/broken?range=7d&amp;agent=coder" data-retry>Retry</a>' in page


def test_what_a_card_last_showed_is_not_shown_once_answers_were_dropped(client: TestClient, failing: Failing) -> None:
    """As they are when a person is forgotten."""
    client.get("/broken")
    client.app.state.runtime.cache.invalidate("*")  # type: ignore[attr-defined]
    failing.error = AgentGaugeError("the lake is on a disk that is away")
    page = client.get("/broken").text
    assert "the lake is on a disk that is away" in page
    assert "the first figures" not in page


@pytest.mark.parametrize("parameter", ["csv", "svg"])
def test_a_table_or_a_picture_of_a_card_that_fails_is_its_error(
    parameter: str, client: TestClient, failing: Failing
) -> None:
    for error, status in ((LakeError("x"), 503), (NotFound("no agent 'x' is known"), 404), (RuntimeError("x"), 500)):
        failing.error = error
        assert client.get(f"/broken?{parameter}=moody").status_code == status
    said = client.get(f"/broken?{parameter}=nothing", headers={"Accept": "*/*"})
    assert (said.status_code, said.json()["error"]["field"]) == (404, parameter)


def test_what_cards_share_is_found_once_though_they_are_made_at_once(tmp_path: Path) -> None:
    found, together = [], threading.Barrier(2)

    def build(asked: PageAsked) -> Content:
        together.wait(60)
        return Sentence(text=asked.once("shared", lambda: found.append(1) or "what both show"))

    cards = tuple(Card(id=id_, title=id_, build=build) for id_ in ("one", "other"))
    with serving(get_server_settings(tmp_path / "home", {}), Page(path="/shared", title="S", cards=cards)) as client:
        assert client.get("/shared").text.count("what both show") == 2
    assert found == [1]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_retry_shows_the_card_again_once_it_can_be(
    script: bool, tmp_path: Path, failing: Failing, chromium: Browser
) -> None:
    broken = Page(path="/broken", title="Broken", cards=(Card(id="moody", title="Moody", build=failing.build),))
    failing.error = AgentGaugeError("the disk is away")
    with listening(get_server_settings(tmp_path / "home", {}), broken) as url:
        context = patient(chromium, base_url=url, java_script_enabled=script)
        page = context.new_page()
        page.goto("/broken")
        if script:
            page.evaluate("() => { window.mark = 1 }")
        page.get_by_role("link", name="Retry").click()
        expect(page.locator("#moody")).to_contain_text("the disk is away")
        if script:
            expect(page.get_by_role("status").first).to_have_text("It still cannot be shown.")
        failing.error = None
        page.get_by_role("link", name="Retry").click()
        expect(page.locator("#moody")).to_contain_text("the first figures")
        expect(page.locator("#moody .error")).to_have_count(0)
        if script:
            assert page.evaluate("() => window.mark") == 1, "the page was loaded again"
        context.close()


def test_an_act_that_fails_says_so_and_keeps_what_was_written(
    tmp_path: Path, failing: Failing, chromium: Browser
) -> None:
    with listening(get_server_settings(tmp_path / "home", {}), SAMPLE) as url:
        context = patient(chromium, base_url=url)
        page = context.new_page()
        page.goto("/sample")
        page.evaluate("""() => {
          const form = document.createElement("form");
          form.method = "post";
          form.action = "/sample/budgets";
          form.dataset.act = "";
          form.innerHTML = `<input name="name" value="coder"><input name="total_usd" value="many">
            <input type="hidden" name="then" value="/sample"><button>Make</button>`;
          document.body.append(form);
        }""")
        page.get_by_role("button", name="Make").click()
        expect(page.get_by_role("status").first).to_contain_text("Nothing was done. total_usd:")
        assert page.locator("input[name=total_usd]").input_value() == "many"
        page.locator("input[name=total_usd]").fill("30")
        page.get_by_role("button", name="Make").click()
        expect(page.get_by_role("status").first).to_contain_text("Budget of coder is made")
        expect(page.locator("#budgets")).to_contain_text("coder 30 v1")
        context.close()
