"""What a key of some projects is answered at the documented endpoints: as if there were no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.service.security.keys import issue
from agentgauge.settings import resolve_home
from agentgauge.state import state_of
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.keys import KeyBook
from tests.api.documented import BASE, asking

Ask = Callable[..., Any]
NOW = datetime.now(UTC)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Asks with a key of projects; None: of all."""
    for project, model in (
        ("web", "unknown-1"),
        ("billing", "unknown-2"),
        ("secret", "unknown-3"),
        (None, "unknown-4"),
    ):
        with agentgauge.open(tmp_path, project=project, agent="coder", role="developer") as gauge:
            gauge.task("work", duration_ms=5, at=NOW - timedelta(hours=2))
            gauge.llm_call(model, input_tokens=10, output_tokens=1, at=NOW - timedelta(hours=2))
    state = state_of(resolve_home(tmp_path))
    for project in ("web", "secret", None):
        found = Detected(
            condition=f"of {project}", type="anomaly", severity="info", metric="cost", message="odd", project=project
        )
        AlertBook(state).detect(found, NOW)
    book = KeyBook(state)

    def key(*projects: str) -> str:
        scopes = ["read"] if projects else ["admin"]
        return issue(book, "test", scopes, actor="test", now=NOW, projects=projects or None).token.text

    with asking(tmp_path) as client:

        def asked(path: str, *projects: str, status: int = 200, method: str = "GET") -> Any:
            answer = client.request(method, f"{BASE}/{path}", headers={"Authorization": f"Bearer {key(*projects)}"})
            assert answer.status_code == status, answer.text
            return answer.json()

        yield asked


def test_an_agent_of_one_visible_project_is_not_ambiguous(ask: Ask) -> None:
    ask("aggregate/by-agent/coder", status=409)
    assert ask("aggregate/by-agent/coder", "web")["meta"]["project"] == "web"
    error = ask("aggregate/by-agent/coder", "web", "billing", status=409)["error"]
    assert "secret" not in str(error)
    assert len(error["allowed"]) == 2


def test_an_id_of_another_project_is_that_of_nothing(ask: Ask) -> None:
    ids = ask("aggregate/by-agent/coder", status=409)["error"]["allowed"]
    answers = [ask(f"aggregate/by-agent/{id_}")["meta"]["project"] for id_ in ids]
    secret = ids[answers.index("secret")]
    error = ask(f"aggregate/by-agent/{secret}", "web", status=404)["error"]
    nothing = ask("aggregate/by-agent/999", "web", status=404)["error"]
    assert error["message"].replace(secret, "999") == nothing["message"]


def test_recommendations_are_those_of_each_visible_project(ask: Ask) -> None:
    rows = ask("recommendations/cost", "web", "billing")["data"]
    assert sorted((row["meta"]["project"], row["meta"]["model"]) for row in rows) == [
        ("billing", "unknown-2"),
        ("web", "unknown-1"),
    ]
    assert {row["meta"]["project"] for row in ask("recommendations/cost")["data"]} == {None}
    assert ask("summary", "web", "billing")["data"]["pending_recommendations"] == 2


def test_alerts_of_other_projects_and_of_none_are_not_listed_nor_counted(ask: Ask) -> None:
    assert ask("alerts")["count"] == 3
    assert [row["meta"]["project"] for row in ask("alerts", "web")["data"]] == ["web"]
    assert ask("alerts", "web")["count"] == 1
    assert ask("summary", "web")["data"]["active_alerts"] == 1


def test_a_project_that_is_not_visible_is_one_that_nothing_recorded(ask: Ask) -> None:
    hidden = ask("summary?project=secret", "web", status=422)["error"]
    absent = ask("summary?project=sacred", "web", status=422)["error"]
    assert hidden["message"].replace("secret", "sacred") == absent["message"]


def test_what_reads_does_not_decide(ask: Ask) -> None:
    ask("alerts/1/acknowledge", "web", method="PUT", status=403)
    ask("recommendations/1/accept", "web", method="PUT", status=403)
