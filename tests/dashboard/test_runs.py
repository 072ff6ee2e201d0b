"""The pages of runs, sessions, tickets, tasks and events: what they list, where they lead, and what they show."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

import agentgauge
from agentgauge.dashboard.app import create_app
from agentgauge.dashboard.pages.runs_filters import RunsFilters
from agentgauge.engines import Filter
from agentgauge.integrations.agent_logs import read
from agentgauge.meter import Meter
from agentgauge.service.importing import import_logs
from agentgauge.settings import get_settings
from agentgauge.settings.server import get_server_settings
from tests.dashboard.work.runs import ISSUE, LONG, ODD, RICH, UNDER_WAY, begin_run, record_runs
from tests.service.recorded_work import record

_LOGS = Path(__file__).parents[1] / "data" / "agent_logs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("home")
    record(home)
    with agentgauge.open(home, project="shop") as gauge:
        record_runs(gauge, datetime.now(UTC))
    with TestClient(create_app(get_server_settings(home, {})), base_url="http://localhost") as client:
        yield client


def _page(server: TestClient, path: str, status: int = 200) -> str:
    answer = server.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text[:2000]
    assert "This could not be shown" not in answer.text
    return answer.text


def _rows(server: TestClient, path: str, card: str = "work") -> list[dict[str, str]]:
    answer = server.get(f"{path}{'&' if '?' in path else '?'}csv={card}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def _data(server: TestClient, path: str) -> list[dict[str, object]]:
    answer = server.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["data"]
    return found


def _dollars(text: object) -> Decimal | None:
    return Decimal(str(text)) if text else None


def _next(page: str) -> str | None:
    found = re.search(r'<a href="([^"]+)">Next</a>', page)
    return None if found is None else unescape(found[1])


@pytest.mark.parametrize("view", ["runs", "sessions", "tickets"])
def test_a_list_has_the_rows_that_the_api_answers(server: TestClient, view: str) -> None:
    rows, answered = _rows(server, f"/runs?range=all&view={view}"), _data(server, f"{view}?limit=1000")
    assert [row["name"] for row in rows] == [one["name"] for one in answered]
    assert [_dollars(row["cost_usd"]) for row in rows] == [_dollars(one["cost_usd"]) for one in answered]
    assert [int(row["tokens"]) for row in rows] == [one["tokens"] for one in answered]


def test_tasks_and_events_are_those_that_the_api_answers(server: TestClient) -> None:
    tasks = _data(server, "operations?limit=1000")
    assert [row["name"] for row in _rows(server, "/runs?range=all&view=tasks")] == [one["name"] for one in tasks]
    events = _data(server, "events?limit=1000&columns=kind")
    assert len(_rows(server, "/runs?range=all&view=calls")) == len(events)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("tool=bash", ["kind=tool_call", "name=bash"]),
        ("tool=bash&outcome=failed", ["kind=tool_call", "name=bash", "outcome!=success"]),
        ("error_type=TimeoutError", ["error_type=TimeoutError"]),
        ("priced=no", ["kind=llm_call", "cost_usd="]),
        ("view=calls&min_ms=60000", ["duration_ms>=60000"]),
        ("kind=pipeline&kind=debugging_cycle", ["kind=pipeline", "kind=debugging_cycle"]),
        ("view=calls&user=ada&agent=coding", ["user=ada", "agent=coding"]),
        ("view=calls&feature=search", ["feature=search"]),
        ("view=calls&operation=ask_question", ["operation=ask_question"]),
        ("view=calls&ticket=201&model=gpt-5-mini", ["work_item=201", "model=gpt-5-mini"]),
        ("view=calls&project=billing&role=interview", ["project=billing", "role=interview"]),
        ("view=calls&without=model", ["model="]),
        ("view=calls&without=user&without=ticket&having=outcome", ["user=", "work_item=", "outcome!="]),
        ("severity=warning", ["severity=warning"]),
        ("kind=error&without=error_category", ["kind=error", "error_category="]),
        ("view=calls&above_ms=20&up_to_ms=60000", ["duration_ms>20", "duration_ms<=60000"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_link_with_filters_leads_to_the_rows_that_meet_them(server: TestClient, query: str, where: list[str]) -> None:
    conditions = "&".join(f"where={quote(one, safe='')}" for one in where)
    answered = _data(server, f"events?limit=1000&columns=kind&{conditions}")
    assert answered
    assert len(_rows(server, f"/runs?range=all&{query}")) == len(answered)


def test_filters_of_the_list_are_shown_and_can_be_taken_away(server: TestClient) -> None:
    page = _page(server, "/runs?range=all&tool=bash&outcome=failed")
    assert 'aria-label="Without tool bash"' in page
    assert re.search(r'href="/runs\?range=all&amp;outcome=failed" aria-label="Without tool bash"', page)


def test_what_is_asked_to_be_absent_is_said_and_can_be_taken_away(server: TestClient) -> None:
    page = _page(server, "/runs?range=all&view=calls&without=model&without=error_category&having=outcome")
    for name, link in (
        ("no model", "having=outcome&amp;without=error_category"),
        ("no error category", "having=outcome&amp;without=model"),
        ("with outcome", "without=model&amp;without=error_category"),
    ):
        chip = re.search(rf'<a class="chip" href="([^"]*)" aria-label="Take away: {name}">', page)
        assert chip is not None
        assert sorted(re.split("[?]|&amp;", chip[1])[1:]) == sorted(["range=all", "view=calls", *link.split("&amp;")])


def test_absence_is_carried_to_the_next_page_the_other_lists_and_the_form(server: TestClient) -> None:
    page = _page(server, f"/runs?range=all&session={LONG}&view=calls&without=team&without=feature")
    others = [link for link in re.findall(r'href="(/runs\?[^"]*)"', page) if "view=tasks" in link or "after=" in link]
    assert len(others) >= 2
    assert all("without=team&amp;without=feature" in link for link in others)
    assert '<input type="hidden" name="without" value="team">' in page


def test_only_what_events_can_name_may_be_asked_to_be_absent(server: TestClient) -> None:
    answer = server.get("/runs?without=nothing", headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert all(name in answer.text for name in ("project", "model", "ticket", "severity"))


def test_a_call_of_no_tool_is_a_call_of_a_tool_that_has_no_name() -> None:
    assert RunsFilters(without=("tool",)).conditions() == (Filter("kind", "=", "tool_call"), Filter("name", "is null"))


def test_limits_of_money_and_tokens_are_those_of_the_values_beside_them() -> None:
    limits = RunsFilters(above_usd=0.1 + 0.2, up_to_tokens=18.7).conditions()
    assert limits == (Filter("cost_usd", ">", Decimal("0.300000000000")), Filter("tokens", "<=", 18))


@pytest.mark.parametrize("limit", ["min_ms", "above_ms", "above_usd", "up_to_tokens"])
def test_a_limit_of_zero_asks_for_tasks_as_any_other_does(server: TestClient, limit: str) -> None:
    for value in ("0", "0.5"):
        asked = f"/runs?range=all&{limit}={value}"
        listed = _page(server, asked).partition('<nav class="tabs" aria-label="Lists">')[2]
        current = re.search(r'<a href="[^"]*" aria-current="page">(\w+)', listed)
        assert current is not None
        assert current[1] == "Tasks"


@pytest.mark.parametrize("query", ["view=calls", "view=calls&order=dearest", "view=calls&order=slowest", "view=tasks"])
def test_paging_reaches_every_row_once(server: TestClient, query: str) -> None:
    path, seen = f"/runs?range=all&session={LONG}&{query}", []
    whole = _rows(server, path)
    following: str | None = path
    while following is not None:
        page = _page(server, following)
        seen += re.findall(r'<th scope="row">.*?href="/((?:events|operations)/[^"?]+)', page, re.DOTALL)
        following = _next(page)
    assert len(seen) == len(set(seen)) == len(whole) >= 50


def test_a_changed_filter_begins_with_the_first_page(server: TestClient) -> None:
    following = _next(_page(server, "/runs?range=all&view=calls"))
    assert following is not None
    later = _page(server, following)
    links = [unescape(link) for link in re.findall(r'href="(/runs\?[^"]+)"', later)]
    assert all("after=" not in link or "csv=" in link or link == _next(later) for link in links)
    assert 'name="after"' not in later


def test_a_page_of_another_list_is_refused_in_its_card(server: TestClient) -> None:
    following = _next(_page(server, "/runs?range=all&view=calls"))
    assert following is not None
    answer = server.get(following.replace("view=calls", "view=tasks"))
    assert "the cursor is of another question" in answer.text


def test_the_page_of_a_run_shows_what_the_api_answers(server: TestClient) -> None:
    page = _page(server, f"/runs/{RICH}?of=shop")
    answered = server.get(f"/api/v1/runs/{RICH}?project=shop").json()
    assert f"${Decimal(answered['cost_usd']):.4f}" in page
    assert "2 of 13 calls unpriced" in page
    assert ">failed</span>" in page
    rows = _rows(server, f"/runs/{RICH}?of=shop", "waterfall")
    steps = _data(server, f"runs/{RICH}/steps?project=shop&limit=1000")
    starts = {"run_start", "issue_start", "debugging_start"}
    assert len(rows) == len([step for step in steps if step["name"] not in starts])
    assert [row["kind"] for row in rows][:3] == ["run", "issue", "task"]


def test_the_waterfall_of_a_long_session_shows_a_hundred_rows_and_leads_on(server: TestClient) -> None:
    path: str | None = f"/sessions/{LONG}?of=shop"
    seen: list[str] = []
    while path is not None:
        page = _page(server, path)
        rows = re.findall(r'data-panel="event"', page)
        assert len(rows) <= 110
        own = re.sub(r'<div class="wf-row continued">.*?</div>', "", page, flags=re.DOTALL)
        seen += re.findall(r'event=([^"&#]+)#event" data-panel', own)
        found = re.search(r'<a href="([^"]+)">Next \d+ rows</a>', page)
        path = None if found is None else unescape(found[1])
    assert len(seen) == len(set(seen)) == 1000


def test_a_name_with_slashes_percent_signs_and_spaces_has_an_address(server: TestClient) -> None:
    listed = _page(server, "/runs?range=all&view=runs")
    address = next(unescape(link) for link in re.findall(r'href="(/runs/[^"]+)"', listed) if "%2F" in link)
    assert address == f"/runs/{quote(ODD, safe='')}?range=all&of=shop"
    page = _page(server, address)
    assert ODD in unescape(page)
    own = {unescape(link) for link in re.findall(r'href="(/runs/[^"]+)"', page)}
    assert own
    for link in own:
        assert server.get(link).status_code == 200, link


def test_one_name_in_two_projects_is_asked_about(server: TestClient) -> None:
    page = _page(server, "/runs/r-1")
    choices = [unescape(link) for link in re.findall(r'href="(/runs/r-1[^"]*)"', page)]
    assert sorted(choices) == ["/runs/r-1?of=billing", "/runs/r-1?of=shop"]
    assert "AssertionError" in _page(server, "/runs/r-1?of=shop")
    assert "AssertionError" not in _page(server, "/runs/r-1?of=billing")


@pytest.mark.parametrize(
    "path", ["/runs/none", "/sessions/none", "/tickets/none", "/operations/none", "/events/1-1-no"]
)
def test_what_there_is_not_is_said_so(server: TestClient, path: str) -> None:
    assert server.get(path, headers={"Accept": "text/html"}).status_code == 404


def test_an_address_with_a_made_up_place_is_refused(server: TestClient) -> None:
    assert server.get(f"/runs/{RICH}?after=nowhere").status_code == 422


def test_the_page_of_an_issue_tells_its_whole_story(server: TestClient) -> None:
    page = _page(server, f"/tickets/{ISSUE}")
    assert "over 2 runs" in page
    assert "5 files changed, +151 and -21 lines; 24 of 24 tests passed, 87.0 % covered." in unescape(page)
    for card in ("waterfall", "failures", "agents", "models", "tools", "code", "pipelines", "cycles", "parts", "days"):
        assert f'<section class="card {"full" if card in _FULL else "half"}" id="{card}"' in page, card
    assert "drawn short" in page


_FULL = {"waterfall", "failures", "parts", "days"}


def test_an_open_event_shows_all_its_fields_and_attributes(server: TestClient) -> None:
    page = _page(server, f"/runs/{RICH}?of=shop")
    link = next(
        unescape(link) for link, name in re.findall(r'href="([^"]+)" data-panel="event">([^<]+)</a>', page)
        if name == "check-4711"
    )  # fmt: skip
    opened = _page(server, link)
    assert "5f2c9e1" in opened
    assert "JobFailed" in opened
    assert 'class="wf-row chosen"' in opened


def test_a_task_by_itself_has_an_axis_of_its_own(server: TestClient) -> None:
    page = _page(server, "/operations/aa00000000000004")
    assert "find and mend" not in page
    rows = _rows(server, "/operations/aa00000000000004", "waterfall")
    assert [row["kind"] for row in rows] == ["task", "llm_call", "tool_call", "tool_call", "llm_call"]


def test_kinds_can_be_chosen_in_the_waterfall(server: TestClient) -> None:
    rows = _rows(server, f"/runs/{RICH}?of=shop&kind=pipeline&kind=error", "waterfall")
    assert sorted(row["kind"] for row in rows) == ["error", "pipeline", "pipeline"]


def test_there_is_no_style_and_no_script_in_what_is_shown(server: TestClient) -> None:
    for path in ("/runs?range=all", f"/runs/{RICH}?of=shop", f"/tickets/{ISSUE}", "/operations/aa00000000000004"):
        page = _page(server, path)
        assert " style=" not in page
        assert "onclick" not in page


def test_a_run_under_way_is_running_and_grows(tmp_path: Path) -> None:
    with (
        agentgauge.open(tmp_path, project="shop") as gauge,
        TestClient(create_app(get_server_settings(tmp_path, {})), base_url="http://localhost") as client,
    ):
        begin_run(gauge, datetime.now(UTC))
        gauge.flush()
        fresh = {"Cache-Control": "no-cache"}
        first = client.get(f"/runs/{UNDER_WAY}", headers=fresh).text
        assert ">running</span>" in first
        with gauge.scope(run=UNDER_WAY, issue="300", agent="coding"):
            gauge.tool_call("a-new-tool", 20.0, True, parent_id="cc00000000000001")
        gauge.flush()
        assert "a-new-tool" not in first
        assert "a-new-tool" in client.get(f"/runs/{UNDER_WAY}", headers=fresh).text


@pytest.mark.parametrize("name", ["ccusage_claude_alpha.jsonl", "daaain_representative_messages.jsonl"])
def test_sessions_of_imported_logs_are_shown(tmp_path: Path, name: str) -> None:
    now = datetime.now(UTC)
    log = _LOGS / name
    assert tuple(read("claude-code", log, now=now).events)
    import_logs(Meter(get_settings(tmp_path, environ={})), "claude-code", [log], now=now)
    with TestClient(create_app(get_server_settings(tmp_path, {})), base_url="http://localhost") as client:
        listed = _page(client, "/runs?range=all&view=sessions")
        sessions = {unescape(link) for link in re.findall(r'href="(/sessions/[^"]+)"', listed)}
        assert sessions
        for address in sessions:
            assert 'class="wf-rows"' in _page(client, address)


def test_a_run_is_opened_folded_shared_and_left_by_keyboard(page: Page) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/runs?view=runs")
    page.get_by_role("link", name=RICH).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Run {RICH}")
    call = page.locator(".wf-rows a", has_text="read_file")
    expect(call).to_be_visible()
    page.locator("summary", has_text="Inside planning").first.focus()
    page.keyboard.press("Enter")
    expect(call).to_be_hidden()
    page.keyboard.press("Enter")
    expect(call).to_be_visible()
    page.get_by_role("link", name="check-4711").first.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Event")
    expect(panel).to_contain_text("5f2c9e1")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("complementary", name="Event")).to_contain_text("5f2c9e1")
    page.go_back()
    expect(panel).to_be_hidden(timeout=20_000)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    assert errors == []


@pytest.mark.parametrize("view", ["runs", "sessions", "tickets"])
def test_the_dearest_come_first_where_they_are_asked_for(server: TestClient, view: str) -> None:
    path = f"/runs?view={view}&order=dearest&range=all"
    rows = _rows(server, path)
    costs = [row["cost_usd"] for row in rows]
    known = [_dollars(cost) for cost in costs if cost]
    assert known == sorted(known, reverse=True)
    assert not any(costs[len(known) :]), "what is not known comes last"
    assert "the dearest first" in _page(server, path)
    listed = _data(server, f"{view}?order=dearest&limit=500")
    assert [work["name"] for work in listed] == [row["name"] for row in rows]
