"""What pages tell whom, and who may change something: over every page and every act that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from fastapi.testclient import TestClient

from agentgauge.dashboard.acts import Act
from agentgauge.dashboard.app import create_app
from agentgauge.dashboard.page import Page
from agentgauge.dashboard.pages import PAGES
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import ServerSettings
from tests.api.security.two_projects import OURS, THEIRS, home_with

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
NAMED = {
    "agent": "<>-agent-0", "role": "<>-role", "model": "<>-model", "operation": "<>-operation", "run": "<>-run-0-0",
    "session": "<>-session-0-0", "ticket": "<>-ticket-0-0", "rule": "<>-rule", "prefix": "00000000",
}  # fmt: skip
"""Names in addresses, `<>` for the project; those that are not here are numbers of rows, or are asked of a page."""
FILTERED = {
    OURS: ("", "?range=all&project=<>"),
    THEIRS: ("?project=<>", "?agent=<>-agent-0&role=<>-role&model=<>-model"),
}
_KEY = re.compile(r"[Kk]ey [0-9a-f]{8}")
_WHEN = re.compile(r"<time [^>]*>[^<]*</time>|(\d+-\d+-)?[0-9a-f]{12}-\d{6}")
"""When something was, and the keys of events with the segments that they were written to."""
_IDS = [page.path for page in PAGES]
ACTS = sorted({act.path: act for page in PAGES for act in page.acts}.values(), key=lambda act: act.path)
BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


class _AtOneTime(Runtime):
    """Pages do not differ by when they were asked for."""

    def now(self) -> datetime:
        return NOW


class Asking:
    """A server of a home, and keys of it: of each project, and of the whole."""

    def __init__(self, client: TestClient, keys: dict[str, str]) -> None:
        self.client = client
        self.keys = keys

    def get(self, address: str, key: str = OURS) -> httpx2.Response:
        headers = {**BROWSER, "Authorization": f"Bearer {self.keys[key]}"}
        return self.client.get(address, headers=headers, follow_redirects=False)

    def event(self, project: str) -> str:
        """The key of an event of a project, as addresses have it."""
        page = self.get(f"/runs/{project}-run-0-0", project).text
        found = re.search(r"event=(\d+-\d+-[0-9a-f]+-\d+)", page)
        assert found is not None, page
        return found[1]


def _asking(settings: ServerSettings, *projects: str) -> Iterator[Asking]:
    runtime = _AtOneTime(settings)
    made = {name: ([name], ["read"]) for name in projects} | {"all": (None, ["read"]), "admin": (None, ["admin"])}
    keys = {
        name: issue(runtime.gate.keys, name, scopes, actor="test", now=NOW, projects=seen).token.text
        for name, (seen, scopes) in made.items()
    }
    with TestClient(create_app(settings, runtime), base_url="http://localhost") as client:
        yield Asking(client, keys)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    yield from _asking(home_with(tmp_path_factory.mktemp("both"), OURS, THEIRS), OURS, THEIRS)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    yield from _asking(home_with(tmp_path_factory.mktemp("alone"), OURS), OURS)


def _addresses(path: str, project: str, event: str = "") -> list[str]:
    """Where a page is about a project's things, and about rows of either."""
    names = re.findall(r"{(\w+)(?::path)?}", path)
    if names == ["key"]:
        return [f"/events/{event}"]
    choices = [""] if all(name in NAMED for name in names) else ["1", "2"]
    filled = []
    for choice in choices:
        address = path
        for name in names:
            address = re.sub(rf"{{{name}(?::path)?}}", NAMED.get(name, choice), address)
        filled.append(address)
    return [(address + query).replace("<>", project) for address in filled for query in FILTERED[project]]


def _comparable(said: httpx2.Response) -> str:
    return _KEY.sub("key", _WHEN.sub("", said.text))


@pytest.mark.parametrize("page", PAGES, ids=_IDS)
def test_no_page_differs_by_what_another_project_did(page: Page, both: Asking, alone: Asking) -> None:
    for project in (OURS, THEIRS):
        events = both.event(project), alone.event(OURS) if project == OURS else both.event(project)
        addresses = zip(*(_addresses(page.path, project, event) for event in events), strict=True)
        for address, alike in addresses:
            if address == page.path:
                both.get(address, THEIRS)  # what is kept of the second's page is not the first's
            said, expected = both.get(address), alone.get(alike)
            assert said.status_code == expected.status_code, f"{address}: {said.text}"
            assert _comparable(said) == _comparable(expected), address
            if THEIRS not in address:
                assert THEIRS not in said.text.lower(), f"{address} tells of the other project"


def test_a_key_of_the_other_project_does_see_it(both: Asking) -> None:
    """Else nothing above would show anything."""
    assert "zulu-agent-0" in both.get("/agents", THEIRS).text
    assert both.get("/agents/zulu-agent-0", THEIRS).status_code == 200


@pytest.mark.parametrize("page", PAGES, ids=_IDS)
def test_every_page_asks_who_it_is(page: Page, both: Asking) -> None:
    address = _addresses(page.path, OURS, "1")[0]
    sent = both.client.get(address, headers=BROWSER, follow_redirects=False)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/sign-in/key?then=/")
    assert both.client.get(address, headers={"Accept": "application/json"}).status_code == 401


@pytest.mark.parametrize("page", [page for page in PAGES if page.needs_admin], ids=lambda page: page.path)
def test_pages_of_administrators_are_for_them_and_in_nobody_elses_menu(page: Page, both: Asking) -> None:
    for key in (OURS, "all"):
        assert both.get(page.path, key).status_code == 403
        assert f'href="{page.path}' not in both.get("/", key).text
    assert both.get(page.path, "admin").status_code == 200


@pytest.mark.parametrize("page", PAGES, ids=_IDS)
def test_what_one_may_not_do_is_not_offered(page: Page, both: Asking) -> None:
    address = _addresses(page.path, OURS, both.event(OURS))[0]
    for key in (OURS, "all"):
        said = both.get(address, key)
        assert "data-act" not in said.text
        assert said.text.count('method="post"') == said.text.count('action="/sign-out"')


def _post(asking: Asking, act: Act, headers: dict[str, str]) -> httpx2.Response:
    address = re.sub(r"{\w+(?::path)?}", "1", act.path)
    return asking.client.post(address, data={"confirmed": "yes"}, headers=headers, follow_redirects=False)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.path)
def test_every_act_needs_somebody_who_may_do_it(act: Act, both: Asking) -> None:
    assert _post(both, act, BROWSER).status_code == 401
    for key in (OURS, "all"):
        assert _post(both, act, {**BROWSER, "Authorization": f"Bearer {both.keys[key]}"}).status_code == 403


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.path)
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
    ids=["another site", "another host", "another origin"],
)
def test_no_page_of_another_origin_does_an_act(headers: dict[str, str], act: Act, both: Asking) -> None:
    """By a cookie, which browsers bring whichever page makes them ask, and by a key."""
    key = both.keys["admin"]
    assert _post(both, act, {**headers, "Cookie": f"agentgauge_key={key}"}).status_code == 403
    assert _post(both, act, {**headers, "Authorization": f"Bearer {key}"}).status_code == 403
