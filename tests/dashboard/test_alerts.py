"""`/alerts` in one process: what is shown of which alerts to whom, and what is done about them and their rules."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.alert_evidence import Evidence, Range, Span
from agentgauge.state.alerts import Alert, AlertBook, Detected, Severity, Terms
from agentgauge.state.job_runs import JobRuns
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
from agentgauge.state.store import Store
from tests.dashboard.sample_pages import serving

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with serving(get_server_settings(home, {})) as client:
        client.headers.update(OWN)
        yield client


def state(home: Path) -> Store:
    return shared_state(get_server_settings(home, {}))


def found(
    home: Path, number: int = 1, *, project: str = "shop", severity: Severity = "warning", at: datetime = NOW
) -> Alert:
    detected = Detected(
        condition=f"c{project}{number}", type="error_rate", severity=severity, metric="error_rate", project=project,
        agent_name=f"agent-{number}", rule="error_rate", message=f"33.3 % of operations of agent-{number} failed",
        current_value=33.3, expected_value=20.0, threshold_value=20.0, deviation_percent=66.5,
        evidence=Evidence(
            window=Span(start=NOW - timedelta(hours=1), end=NOW), value=33.3, unit="percent", samples=24,
            expected=Range(high=20.0), filters={"project": project, "agent": f"agent-{number}"},
        ),
    )  # fmt: skip
    return AlertBook(state(home)).detect(detected, at, Terms(remind_after=timedelta(hours=1)))[0]


def key(home: Path, *scopes: str, projects: list[str] | None = None) -> dict[str, str]:
    issued = issue(KeyBook(state(home)), "test", scopes, actor="test", now=datetime.now(UTC), projects=projects)
    return {"Authorization": f"Bearer {issued.token.text}"}


def text(page: httpx2.Response) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


def act(client: TestClient, alert: int, what: str, version: int | None = None, **more: str) -> httpx2.Response:
    sent = {"then": "/alerts", **({} if version is None else {"version": str(version)}), **more}
    return client.post(f"/alerts/{alert}/{what}", data=sent)


def test_a_row_says_how_bad_what_against_what_of_whom_and_how_often_it_was_told(client: TestClient, home: Path) -> None:
    found(home, severity="critical")
    found(home, severity="critical", at=NOW + timedelta(hours=2))
    page = text(client.get("/alerts"))
    assert "Critical 33.3 % of operations failed" in page
    assert "33.3 % against up to 20.0 % allowed, 24 samples" in page
    assert "agent-1 · project shop · since 18 Nov 12:00 UTC · told 2 times" in page


def test_alerts_are_had_by_status_and_severity_page_by_page(client: TestClient, home: Path) -> None:
    for number in range(1, 31):
        found(home, number, severity="error" if number == 7 else "warning")
    AlertBook(state(home)).resolve(30, "ada", NOW)
    first = client.get("/alerts").text
    assert re.findall(r'href="/alerts/(\d+)"', first) == [str(id_) for id_ in range(29, 4, -1)]
    older = unescape(re.findall(r'href="([^"]+)">Older', first)[0])
    assert re.findall(r'href="/alerts/(\d+)"', client.get(older).text) == ["4", "3", "2", "1"]
    assert re.findall(r'href="/alerts/(\d+)"', client.get("/alerts?status=resolved").text) == ["30"]
    assert re.findall(r'href="/alerts/(\d+)"', client.get("/alerts?severity=error").text) == ["7"]


def test_the_table_of_the_queue_is_had_as_csv(client: TestClient, home: Path) -> None:
    found(home)
    rows = client.get("/alerts?csv=queue").text.splitlines()
    assert rows[0].startswith("id,severity,status,what,against")
    assert rows[1].startswith('1,warning,active,33.3 % of operations failed,"33.3 % against up to 20.0 % allowed')


def test_who_sees_one_project_learns_of_no_alert_of_another(client: TestClient, home: Path) -> None:
    found(home, project="billing")
    found(home, project="shop", severity="critical")
    own = key(home, "read", projects=["billing"])
    page = client.get("/alerts", headers=own)
    assert "project billing" in text(page)
    assert "shop" not in text(page)
    assert re.findall(r'<p class="value">(\d+)', page.text) == ["1", "0", "0", "0"]
    assert client.get("/alerts/2", headers=own).status_code == 404
    assert client.get("/alerts/1", headers=own).status_code == 200
    assert "Channels" not in text(page)


@pytest.mark.parametrize("id_", ["9", "0", "x", "1e3", "9" * 30])
def test_an_alert_that_there_is_not_is_a_page_that_says_so(id_: str, client: TestClient, home: Path) -> None:
    found(home)
    page = client.get(f"/alerts/{id_}")
    assert page.status_code == 404
    assert f"no alert {id_}" in text(page).lower()


def test_an_alert_is_acknowledged_resolved_and_each_is_taken_back(client: TestClient, home: Path) -> None:
    version = found(home).version
    said = act(client, 1, "acknowledge", version)
    assert "Alert 1 is acknowledged." in said.text
    assert "acknowledged by local" in said.text
    assert "Alert 1 is resolved" in act(client, 1, "resolve", version + 1).text
    assert "No open alerts" in client.get("/alerts").text
    assert "Taken back: alert 1 is acknowledged." in act(client, 1, "undo", version + 2).text
    assert "Taken back: alert 1 is active." in act(client, 1, "undo", version + 3).text
    steps = [step.kind for step in AlertBook(state(home)).history(1)]
    assert steps == ["opened", "acknowledged", "resolved", "undone", "undone"]


def test_undo_is_offered_beside_what_was_done_though_the_alert_left_the_page(client: TestClient, home: Path) -> None:
    version = found(home).version
    said = act(client, 1, "resolve", version).text
    form = re.search(r'<form class="act" method="post" action="(/alerts/1/undo)".*?</form>', said)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    assert fields == {"version": str(version + 1), "then": "/alerts"}
    assert "Taken back: alert 1 is active." in client.post(form[1], data=fields).text


def test_an_act_on_what_has_changed_meanwhile_is_refused_in_words(client: TestClient, home: Path) -> None:
    version = found(home).version
    AlertBook(state(home)).acknowledge(1, "ada", NOW)
    refused = act(client, 1, "resolve", version)
    assert refused.status_code == 412
    assert "alert 1 is of version 2 by now, not 1" in text(refused).lower()
    assert AlertBook(state(home)).get(1).status == "acknowledged"


def test_what_makes_no_sense_is_refused_in_words(client: TestClient, home: Path) -> None:
    found(home)
    refused = act(client, 1, "undo")
    assert refused.status_code == 409
    assert "alert 1 has no act of a person that can be taken back" in text(refused).lower()


@pytest.mark.parametrize(
    ("scopes", "projects"), [(("read",), None), (("read",), ["shop"]), (("ingest",), None)],
    ids=["reader", "reader of a project", "sender"],
)  # fmt: skip
def test_who_may_not_act_is_offered_nothing_and_refused(
    scopes: tuple[str, ...], projects: list[str] | None, client: TestClient, home: Path
) -> None:
    found(home)
    own = key(home, *scopes, projects=projects)
    if "read" in scopes:
        for path in ("/", "/alerts", "/alerts/1", "/alert-rules/error_rate"):
            assert 'class="act' not in client.get(path, headers=own).text
    for path in ("/alerts/1/acknowledge", "/alerts/1/resolve", "/alerts/1/undo", "/alert-rules/error_rate"):
        assert client.post(path, data={"version": "0"}, headers=own).status_code == 403
    assert AlertBook(state(home)).get(1).status == "active"


def test_one_alert_shows_its_evidence_and_leads_to_the_rows_behind_it(client: TestClient, home: Path) -> None:
    found(home)
    page = client.get("/alerts/1")
    assert "2026-11-18 11:00 to 2026-11-18 12:00" in page.text
    link = unescape(re.findall(r'href="(/runs[^"]+)"', page.text)[0])
    assert link == (
        "/runs?project=shop&agent=agent-1&view=tasks&start=2026-11-18T11%3A00%3A00Z&end=2026-11-18T12%3A00%3A00Z"
    ) or set(link.partition("?")[2].split("&")) == {
        "project=shop", "agent=agent-1", "view=tasks", "start=2026-11-18T11%3A00%3A00Z",
        "end=2026-11-18T12%3A00%3A00Z",
    }  # fmt: skip
    assert client.get(link).status_code == 200


def test_a_rule_is_switched_off_and_on(client: TestClient, home: Path) -> None:
    off = client.post("/alert-rules/outlier/switch", data={"version": "0", "enabled": "no", "then": "/alerts"})
    assert "Rule outlier is off" in off.text
    rule = client.get("/api/v1/alert-rules/outlier").json()
    assert rule["enabled"] is False
    version = str(rule["version"])
    on = client.post("/alert-rules/outlier/switch", data={"version": version, "enabled": "yes", "then": "/alerts"})
    assert "Rule outlier is on" in on.text


def test_a_rule_is_changed_by_its_form_and_taken_back(client: TestClient, home: Path) -> None:
    form = re.findall(r'<form class="act fields".*?</form>', client.get("/alert-rules/error_rate").text, re.DOTALL)[0]
    fields = dict(re.findall(r'<input type="\w+" name="(\w+)" value="([^"]*)"', form))
    fields |= {"threshold": "35", "clear_threshold": "", "severity": "critical", "then": "/alert-rules/error_rate"}
    assert "Rule error_rate is changed" in client.post("/alert-rules/error_rate", data=fields).text
    rule = client.get("/api/v1/alert-rules/error_rate").json()
    assert (rule["threshold"], rule["clear_threshold"], rule["severity"]) == (35, None, "critical")
    assert (rule["window_hours"], rule["min_samples"], rule["by"]) == (1, 20, "agent")
    stale = client.post("/alert-rules/error_rate", data=fields)
    assert stale.status_code == 412
    sent = {"version": str(rule["version"]), "confirmed": "yes", "then": "/alerts"}
    assert "taken back" in client.post("/alert-rules/error_rate/reset", data=sent).text
    assert client.get("/api/v1/alert-rules/error_rate").json()["threshold"] == 20


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"threshold": "101"}, "threshold"), ({"window_hours": "0"}, "window_hours"), ({"threshold": ""}, "threshold")],
    ids=["too high", "no window", "left empty"],
)
def test_what_a_rule_cannot_be_is_refused_with_the_field(
    changed: dict[str, str], said: str, client: TestClient
) -> None:
    fields = {
        "version": "0", "threshold": "20", "window_hours": "1", "min_samples": "20", "clear_after": "2",
        "remind_after_hours": "24",
    }  # fmt: skip
    refused = client.post("/alert-rules/error_rate", data=fields | changed)
    assert refused.status_code == 422
    assert said in refused.text


def test_a_rule_of_the_file_is_changed_in_the_file(home: Path, client: TestClient) -> None:
    (home / "alerts.toml").write_text('[[rule]]\nname = "error_rate"\nthreshold = 30\n')
    assert "change it there" in client.get("/alert-rules/error_rate").text
    refused = client.post("/alert-rules/error_rate/switch", data={"version": "0", "enabled": "no"})
    assert refused.status_code == 409


def test_a_home_without_alerts_says_how_rules_are_evaluated(client: TestClient) -> None:
    page = client.get("/alerts").text
    assert "No open alerts" in page
    assert "agentgauge jobs run alert-rules" in page


def test_a_rule_is_called_evaluated_only_by_a_run_that_began_after_it_was_changed(
    client: TestClient, home: Path
) -> None:
    runs = JobRuns(state(home))
    runs.succeeded(runs.start("alert-rules", NOW, "host-1-a", NOW), NOW, "nothing")

    def evaluated() -> dict[str, str]:
        rows = csv.DictReader(io.StringIO(client.get("/alerts?csv=rules").text))
        return {row["rule"]: row["evaluated"] for row in rows}

    assert evaluated()["outlier"] == evaluated()["error_rate"] == "2026-11-18T12:00:00Z"
    for enabled in ("no", "yes"):
        version = client.get("/api/v1/alert-rules/outlier").json()["version"]
        client.post("/alert-rules/outlier/switch", data={"version": version, "enabled": enabled, "then": "/alerts"})
        assert (evaluated()["outlier"], evaluated()["error_rate"]) == ("", "2026-11-18T12:00:00Z")
    later = datetime.now(UTC) + timedelta(hours=1)
    runs.succeeded(runs.start("alert-rules", later, "host-1-a", later), later, "nothing")
    assert evaluated()["outlier"] != ""
