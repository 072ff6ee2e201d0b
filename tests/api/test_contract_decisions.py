"""The documented recommendations and alerts, and what is decided about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.api.metrics import recommendations
from agentgauge.settings import resolve_home
from agentgauge.state import state_of
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.job_runs import JobRuns
from tests.api.documented import BASE, asking, assert_form, documented, get, without_meta

NOW = datetime(2025, 11, 17, 14, 35, tzinfo=UTC)
START = NOW - timedelta(days=29)
AGENTS = (  # agent, tasks, quality, cost, budget: the document's
    ("reviewer", 8, None, "3.69", "30"),
    ("tester", 3, None, "1.50", "25"),
    ("coder", 60, 89.2, "2.40", "30"),
    ("bugfix", 20, 58.3, "14.50", "20"),
)


def put(client: TestClient, path: str, status: int = 200) -> Any:
    answer = client.put(f"{BASE}/{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    book = BudgetBook(state_of(resolve_home(tmp_path)))
    with agentgauge.open(tmp_path) as gauge:
        for agent, tasks, quality, cost, budget in AGENTS:
            with gauge.scope(agent=agent, role="reviewer" if agent == "reviewer" else None):
                for number in range(tasks):
                    gauge.task("work", quality_score=quality, duration_ms=5, at=START + timedelta(hours=number))
                gauge.llm_call("m", input_tokens=1, output_tokens=0, cost_usd=Decimal(cost), at=START)
            book.create(Terms(scope="agent", name=agent, total_usd=Decimal(budget), start=START), "test", START)
    return tmp_path


class TestRecommendations:
    def test_the_documented_situation_has_the_documented_answer(self, home: Path) -> None:
        wanted = documented("recommendations")
        with asking(home, NOW) as client:
            given = get(client, "recommendations/cost")
        for row in wanted["data"]:
            row.setdefault("agent_role", None)
        rows = {row["agent"]: row for row in without_meta(given)["data"]}
        assert rows == {row["agent"]: row for row in wanted["data"]}
        assert given["count"] == wanted["count"]
        assert given["total_potential_savings"] == 38.5  # the sum of the rows, which the document's 45.50 is not

    def test_rows_have_the_documented_form_and_the_most_pressing_comes_first(self, home: Path) -> None:
        with asking(home, NOW) as client:
            given = get(client, "recommendations/cost")
        assert_form(given, documented("recommendations"), nullable=True)
        assert [row["priority"] for row in given["data"]] == ["high", "medium", "medium", "low"]

    def test_what_is_decided_is_not_listed_again_and_is_seen_at_once(self, home: Path) -> None:
        with asking(home, NOW) as client:
            before = get(client, "recommendations/cost")
            assert get(client, "summary")["data"]["pending_recommendations"] == 4
            first, second = (row["meta"]["id"] for row in before["data"][:2])
            accepted = put(client, f"recommendations/{first}/accept")
            dismissed = put(client, f"recommendations/{second}/dismiss")
            after = get(client, "recommendations/cost")
            assert get(client, "summary")["data"]["pending_recommendations"] == 2
        assert accepted["data"]["meta"]["status"] == "accepted"
        assert dismissed["data"]["meta"]["status"] == "dismissed"
        assert without_meta(accepted["data"]) == without_meta(before["data"][0])
        assert after["data"] == before["data"][2:]
        assert (after["meta"]["accepted"], after["meta"]["dismissed"]) == (1, 1)

    def test_the_summary_of_a_small_home_counts_what_is_found_now(self, home: Path) -> None:
        with asking(home, NOW) as client:
            found = get(client, "summary")
        assert found["data"]["pending_recommendations"] == 4
        assert found["meta"]["recommendations_as_of"] == "2025-11-17T14:35:00Z"

    def test_the_summary_of_a_large_home_waits_for_no_finding(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recommendations, "FOUND_MEANWHILE", 10)
        with asking(home, NOW) as client:
            unknown = get(client, "summary")
            get(client, "recommendations/cost")
            put(client, "recommendations/2/dismiss")
        assert (unknown["data"]["pending_recommendations"], unknown["meta"]["recommendations_as_of"]) == (None, None)
        with asking(home, NOW + timedelta(hours=20)) as client:
            listed = get(client, "summary")
        assert listed["data"]["pending_recommendations"] == 3
        assert listed["meta"]["recommendations_as_of"] == "2025-11-17T14:35:00Z"

    def test_a_daily_job_that_found_nothing_leaves_nothing_to_count(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recommendations, "FOUND_MEANWHILE", 10)
        with asking(home, NOW) as client:
            get(client, "recommendations/cost")
        runs, midnight = JobRuns(state_of(resolve_home(home))), datetime(2025, 11, 18, tzinfo=UTC)
        runs.succeeded(runs.start("recommendations", midnight, "test", midnight), midnight, "0 recommended")
        with asking(home, NOW + timedelta(hours=20)) as client:
            listed = get(client, "summary")
        assert listed["data"]["pending_recommendations"] == 0
        assert listed["meta"]["recommendations_as_of"] == "2025-11-18T00:00:00Z"

    def test_a_recommendation_that_there_is_not_is_a_404(self, home: Path) -> None:
        with asking(home, NOW) as client:
            get(client, "recommendations/cost")
            error = put(client, "recommendations/77/accept", 404)["error"]
        assert error["code"] == "not_found"
        assert "1 to 4" in error["message"]

    def test_pages_are_those_of_one_list(self, home: Path) -> None:
        with asking(home, NOW) as client:
            whole = get(client, "recommendations/cost")
            first = client.get(f"{BASE}/recommendations/cost?limit=3")
            second = client.get(first.links["next"]["url"])
        assert first.json()["data"] + second.json()["data"] == whole["data"]
        assert first.json()["total_potential_savings"] == whole["total_potential_savings"]
        assert "next" not in second.links

    def test_listing_again_changes_no_id(self, home: Path) -> None:
        with asking(home, NOW) as client:
            before = get(client, "recommendations/cost")
        with asking(home, NOW + timedelta(minutes=1)) as client:
            after = get(client, "recommendations/cost")
        assert [row["meta"]["id"] for row in before["data"]] == [row["meta"]["id"] for row in after["data"]]

    def test_each_project_has_its_own(self, home: Path) -> None:
        with agentgauge.open(home, project="web") as gauge:
            gauge.llm_call("nobody-knows-1", input_tokens=100, output_tokens=1, agent="coder", at=START)
        with asking(home, NOW) as client:
            of_all, of_web = get(client, "recommendations/cost"), get(client, "recommendations/cost", project="web")
            decided = put(client, f"recommendations/{of_web['data'][0]['meta']['id']}/dismiss")
        assert decided["data"]["meta"]["project"] == "web"
        assert [row["type"] for row in of_web["data"]] == ["unpriced_models"]
        assert {row["meta"]["id"] for row in of_web["data"]}.isdisjoint(row["meta"]["id"] for row in of_all["data"])


def detected(**more: Any) -> Detected:
    """The document's alert."""
    figures: dict[str, Any] = {
        "condition": "budget 1 warning",
        "type": "budget_overrun",
        "severity": "warning",
        "metric": "budget_utilization",
        "agent_name": "coder",
        "current_value": 24.5,
        "expected_value": 30.0,
        "threshold_value": 24.0,
        "deviation_percent": (24.5 - 30) / 30 * 100,
        "message": "Budget alert: coder at 81.7% utilization ($24.50/$30.00)",
    }
    return Detected(**{**figures, **more})


class TestAlerts:
    AT = datetime(2025, 11, 17, 12, tzinfo=UTC)

    @pytest.fixture
    def book(self, tmp_path: Path) -> AlertBook:
        return AlertBook(state_of(resolve_home(tmp_path)))

    def test_the_documented_alert_is_answered_as_documented(self, tmp_path: Path, book: AlertBook) -> None:
        book.detect(detected(), self.AT)
        with asking(tmp_path, NOW) as client:
            given = get(client, "alerts", status="active", severity="warning", limit=50)
        wanted = documented("alerts")
        assert_form(given, wanted)
        assert without_meta(given) == {**wanted, "count": 1}

    def test_acknowledging_and_resolving_are_seen_at_once(self, tmp_path: Path, book: AlertBook) -> None:
        book.detect(detected(), self.AT)
        with asking(tmp_path, NOW) as client:
            assert get(client, "alerts", status="active")["count"] == 1
            acknowledged = put(client, "alerts/1/acknowledge")
            assert get(client, "alerts", status="active")["count"] == 0
            assert get(client, "alerts", status="acknowledged")["data"] == [acknowledged["data"]]
            assert get(client, "summary")["data"]["active_alerts"] == 0
            resolved = put(client, "alerts/1/resolve")
            put(client, "alerts/1/acknowledge", 409)
        assert_form(acknowledged["data"], documented("alerts")["data"][0])
        assert acknowledged["data"]["acknowledged_at"] == "2025-11-17T14:35:00Z"
        assert acknowledged["data"]["meta"]["acknowledged_by"] == "local"
        assert resolved["data"]["status"] == "resolved"
        assert resolved["data"]["resolved_at"] == "2025-11-17T14:35:00Z"

    def test_acknowledging_twice_changes_nothing(self, tmp_path: Path, book: AlertBook) -> None:
        book.detect(detected(), self.AT)
        with asking(tmp_path, NOW) as client:
            assert put(client, "alerts/1/acknowledge") == put(client, "alerts/1/acknowledge")

    def test_an_alert_that_there_is_not_is_a_404(self, tmp_path: Path) -> None:
        with asking(tmp_path, NOW) as client:
            error = put(client, "alerts/9/resolve", 404)["error"]
        assert (error["code"], error["field"]) == ("not_found", "alert_id")

    def test_pages_count_all_and_lead_on(self, tmp_path: Path, book: AlertBook) -> None:
        for number in range(5):
            book.detect(detected(condition=f"c{number}"), self.AT + timedelta(minutes=number))
        book.detect(detected(condition="other", severity="critical"), self.AT)
        with asking(tmp_path, NOW) as client:
            first = client.get(f"{BASE}/alerts?severity=warning&limit=3")
            second = client.get(first.links["next"]["url"])
        assert [row["id"] for row in first.json()["data"]] == [5, 4, 3]
        assert [row["id"] for row in second.json()["data"]] == [2, 1]
        assert first.json()["count"] == second.json()["count"] == 5
        assert "next" not in second.links

    def test_what_is_not_known_of_an_alert_is_null(self, tmp_path: Path, book: AlertBook) -> None:
        book.detect(Detected(condition="c", type="anomaly", severity="error", metric="cost", message="odd"), self.AT)
        with asking(tmp_path, NOW) as client:
            given = get(client, "alerts")
        assert_form(given, documented("alerts"), nullable=True)
        assert given["data"][0]["agent_name"] is None
        assert given["data"][0]["deviation_percent"] is None
