"""`/system` in one process: whether data is fresh and whole, how the server does, and what is for administrators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.audit import AuditLog
from agentgauge.state.job_runs import JobRuns
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
from agentgauge.state.report_mails import ReportMails
from agentgauge.state.store import Store
from tests.dashboard.sample_pages import serving

OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@contextmanager
def served(home: Path) -> Iterator[TestClient]:
    with serving(get_server_settings(home, {})) as client:
        client.headers.update(OWN)
        yield client


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with served(home) as client:
        yield client


def state(home: Path) -> Store:
    return shared_state(get_server_settings(home, {}))


def key(home: Path, *scopes: str, projects: list[str] | None = None) -> dict[str, str]:
    issued = issue(KeyBook(state(home)), "test", scopes, actor="test", now=datetime.now(UTC), projects=projects)
    return {"Authorization": f"Bearer {issued.token.text}"}


def text(page: httpx2.Response) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


def cards(page: httpx2.Response) -> list[str]:
    return re.findall(r'<section class="card[^"]*" id="([^"]+)"', page.text)


def test_a_home_in_which_everything_is_there_says_that_nothing_was_lost(home: Path) -> None:
    with agentgauge.open(home) as gauge:
        gauge.task("work", 10)
    with served(home) as client:
        page = client.get("/system")
    assert "Nothing was lost." in page.text
    assert "Nothing needs attention." in page.text
    assert "Journal, database and lake are in order." in page.text
    assert "Every call has a price." in page.text


def test_what_was_lost_leads_the_page_with_why_and_what_to_do(home: Path) -> None:
    with agentgauge.open(home) as gauge:
        gauge.task("work", -5)
        gauge.task("work", -7)
        gauge.tool_call("bash", colour="blue")
    with served(home) as client:
        page = client.get("/system")
    assert cards(page)[0] == "lost"
    assert "3 events were lost." in page.text
    said = text(page)
    assert "Negative duration lost 2" in said
    assert "Mend the call that records it" in said
    assert "Unknown scope lost 1" in said
    assert "Name a scope that there is" in said
    assert "duration_ms of task is -7" in said


def test_how_fresh_events_are_and_how_long_they_took_to_come(home: Path) -> None:
    with agentgauge.open(home) as gauge:
        gauge.task("work", 10)
    with served(home) as client:
        said = text(client.get("/system"))
    assert re.search(r"Newest event \S+ m?s ago; the last came in", said)
    assert "Ingest lag 0 ms median of the newest 1; 0 ms at most" in said
    assert "Events in 24 hours 1 1 in the last hour" in said
    assert "In the journal 1 not in the lake yet" in said


@pytest.mark.parametrize("path", ["/system", "/alerts"])
def test_a_weekly_report_that_could_not_be_sent_needs_attention(home: Path, path: str) -> None:
    (home / "alerts.toml").parent.mkdir()
    (home / "alerts.toml").write_text(
        '[[channel]]\nname = "team"\nurl = "mailto://mail.example.org?from=a@example.org&to=b@example.org"\n'
    )
    with served(home) as client:
        mails, week = ReportMails(state(home)), datetime(2026, 11, 15, tzinfo=UTC)
        mails.add(week, {"team": "{}"}, week)
        taken = mails.take("team", week, lambda attempt: timedelta(minutes=1))
        assert taken is not None
        mails.failed(taken, "the server refused the connection", week)
        said = text(client.get(path))
        assert "in trouble" in client.get("/alerts?csv=channels").text
    assert "does not have the report of the week until 2026-11-15 after 1 attempt" in said
    assert "the server refused the connection; see 'agentgauge alerts test-notification team'" in said


def test_a_home_without_events_says_how_there_would_be_some(client: TestClient) -> None:
    page = client.get("/system")
    assert "agentgauge import claude-code" in page.text
    assert "Nothing was lost." in page.text


def test_calls_without_a_price_lead_to_their_rows(home: Path) -> None:
    with agentgauge.open(home, project="shop") as gauge:
        gauge.llm_call("house-model", input_tokens=10, output_tokens=1)
    with served(home) as client:
        page = client.get("/system")
        link = unescape(re.findall(r'href="(/runs\?[^"]*priced=no[^"]*)"', page.text)[0])
        assert "model=house-model" in link
        assert "house-model" in client.get(link).text


def test_a_reader_sees_the_server_and_neither_keys_nor_who_did_what_nor_paths(client: TestClient, home: Path) -> None:
    page = client.get("/system", headers=key(home, "read"))
    assert cards(page) == ["lost", "fresh", "unpriced", "server", "storage", "cache", "jobs"]
    assert str(home) not in page.text
    assert "Run now" not in page.text
    for card in ("keys", "audit", "attention"):
        assert client.get(f"/system?csv={card}", headers=key(home, "read")).status_code == 404


def test_who_sees_one_project_learns_nothing_of_another_nor_of_the_server(home: Path) -> None:
    with agentgauge.open(home, project="shop") as gauge:
        gauge.llm_call("secret-model", input_tokens=10, output_tokens=1)
        gauge.task("work", -5)
    with agentgauge.open(home, project="billing") as gauge:
        gauge.llm_call("house-model", input_tokens=10, output_tokens=1)
    with served(home) as client:
        own = key(home, "read", projects=["billing"])
        page = client.get("/system", headers=own)
        assert cards(page) == ["lost", "fresh", "unpriced"]
        assert "house-model" in page.text
        assert "secret-model" not in page.text
        assert "negative duration" not in page.text.lower()
        assert "Events in 24 hours 1" in text(page)
        for card in ("jobs", "storage"):
            assert client.get(f"/system?csv={card}", headers=own).status_code == 404


def test_a_key_that_is_made_is_shown_once_and_works(client: TestClient, home: Path) -> None:
    sent = {"name": "ci", "scopes": "ingest", "projects": "shop, billing", "expires": "90d", "then": "/system"}
    made = client.post("/system/keys", data=sent)
    token = re.findall(r"agk_[0-9a-f]{8}_\w+", made.text)[0]
    assert made.headers["cache-control"] == "no-store"
    assert "set-cookie" not in made.headers
    as_admin = key(home, "admin")
    page = client.get("/system", headers=as_admin)
    assert token not in page.text
    assert token[:12] in page.text
    assert "billing, shop" in page.text
    me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).json()
    assert (me["scopes"], me["projects"]) == (["ingest"], ["billing", "shop"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"scopes": ""}, "a key has scopes of"),
        ({"name": ""}, "name"),
        ({"expires": "2001-01-01"}, "cannot have expired"),
    ],
    ids=["no scope", "no name", "over already"],
)
def test_a_key_that_cannot_be_is_refused_in_words(changed: dict[str, str], said: str, client: TestClient) -> None:
    refused = client.post("/system/keys", data={"name": "ci", "scopes": "read"} | changed)
    assert refused.status_code == 422
    assert said in text(refused).lower() or said in text(refused)


def test_a_key_is_revoked_after_a_question(client: TestClient, home: Path) -> None:
    mine, other = key(home, "admin"), key(home, "read")
    prefix = other["Authorization"].split("_")[1]
    asked = client.post(f"/system/keys/{prefix}/revoke", data={"then": "/system"}, headers=mine)
    assert "Revoke this key?" in asked.text
    assert client.get("/api/v1/me", headers=other).status_code == 200
    sent = {"then": "/system", "confirmed": "yes"}
    assert (
        f"Key {prefix} of test is revoked" in client.post(f"/system/keys/{prefix}/revoke", data=sent, headers=mine).text
    )
    assert client.get("/api/v1/me", headers=other).status_code == 401


def test_a_job_is_run_now_and_its_run_and_who_asked_are_kept(client: TestClient, home: Path) -> None:
    said = client.post("/system/jobs/budgets/run", data={"then": "/system"})
    assert re.search(r"budgets (succeeded|runs)", text(said))
    assert JobRuns(state(home)).last("budgets") is not None
    assert [act.act for act in AuditLog(state(home)).acts()] == ["job.run"]
    mistyped = client.post("/system/jobs/budget/run", data={"then": "/system"})
    assert mistyped.status_code == 422
    assert "did you mean budgets?" in text(mistyped)


def test_what_jobs_did_and_missed_is_in_their_table(client: TestClient, home: Path) -> None:
    runs, due = JobRuns(state(home)), datetime(2026, 11, 1, tzinfo=UTC)
    runs.failed(runs.start("weekly-report", due, "host-1-a", due), due, "the disk is full")
    rows = {row.split(",")[0]: row for row in client.get("/system?csv=jobs").text.splitlines()}
    assert "failed,the disk is full" in rows["weekly-report"]
    assert int(rows["weekly-report"].rsplit(",", 1)[1]) >= 1
    assert "never ran" in rows["clean-up"]
    assert rows["clean-up"].endswith(",0")


@pytest.mark.parametrize(
    "path", ["/system/keys", "/system/keys/00000000/revoke", "/system/jobs/budgets/run", "/system/cache/empty"]
)
@pytest.mark.parametrize("projects", [None, ["shop"]], ids=["reader", "reader of a project"])
def test_who_is_no_administrator_changes_nothing(
    path: str, projects: list[str] | None, client: TestClient, home: Path
) -> None:
    own = key(home, "read", projects=projects)
    assert client.post(path, data={"confirmed": "yes"}, headers=own).status_code == 403


def test_kept_answers_are_dropped_after_a_question(client: TestClient) -> None:
    client.get("/alerts")
    assert "Drop all answers" in client.post("/system/cache/empty", data={"then": "/system"}).text
    assert re.search(
        r"[1-9]\d* answers are dropped",
        client.post("/system/cache/empty", data={"confirmed": "yes", "then": "/system"}).text,
    )


def test_the_audit_is_read_page_by_page(client: TestClient, home: Path) -> None:
    log = AuditLog(state(home))
    for number in range(1, 31):
        log.add(
            datetime(2026, 11, 1, tzinfo=UTC), "ada", "budget.created", f"budget {number}", total_usd="10", note=None
        )
    page = client.get("/system").text
    assert "budget 30" in page
    assert "budget 5<" not in page
    assert "note: null" not in page
    older = unescape(re.findall(r'href="([^"]+before=[^"]+)"', page)[0])
    assert "budget 5<" in client.get(older).text
