"""What the documented endpoints take: defaults, times, agents by id and name, projects, and what they refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import agentgauge
from tests.api.documented import BASE, asking, get

NOW = datetime(2025, 11, 17, 14, 35, tzinfo=UTC)
_PATHS = (
    "aggregate/timeseries",
    "aggregate/by-agent/coder",
    "aggregate/by-role/developer",
    "trends/execution_time",
    "percentiles/execution_time",
    "outliers/execution_time",
    "recommendations/cost",
    "insights/performance",
    "alerts",
    "summary",
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with agentgauge.open(tmp_path) as gauge:
        at = NOW - timedelta(days=1)
        gauge.task("work", duration_ms=1, agent="coder", role="developer", at=at, project="web")
        gauge.task("work", duration_ms=2, agent="coder", role="developer", at=at, project="billing")
        gauge.task("work", duration_ms=3, agent="org/tester", role="q/a", at=at)
    return tmp_path


def refused(client: TestClient, path: str, status: int = 422) -> Any:
    answer = client.get(f"{BASE}/{path}")
    assert answer.status_code == status, answer.text
    assert answer.json()["success"] is False
    return answer.json()["error"]


class TestAgents:
    def test_a_name_of_one_project_is_enough_and_may_hold_a_slash(self, home: Path) -> None:
        with asking(home, NOW) as client:
            assert get(client, "aggregate/by-agent/org/tester")["data"]["tasks"]["total"] == 1
            assert get(client, "aggregate/by-agent/org%2Ftester")["data"]["agent_name"] == "org/tester"
            assert get(client, "aggregate/by-role/q/a")["data"]["summary"]["total_tasks"] == 1

    def test_digits_are_an_id_first_but_no_id_begins_with_a_zero(self, home: Path) -> None:
        with agentgauge.open(home) as gauge:
            for name in ("01", "77"):
                gauge.task("work", duration_ms=1, agent=name, at=NOW - timedelta(days=1))
        with asking(home, NOW) as client:
            first = get(client, "aggregate/by-agent/org/tester")["data"]["agent_id"]
            assert first == 1
            assert get(client, "aggregate/by-agent/1")["data"]["agent_name"] == "org/tester"
            assert get(client, "aggregate/by-agent/01")["data"]["agent_name"] == "01"
            assert get(client, "aggregate/by-agent/77")["data"]["agent_name"] == "77"

    def test_a_name_of_two_projects_is_a_conflict_that_names_both_ids(self, home: Path) -> None:
        with asking(home, NOW) as client:
            error = refused(client, "aggregate/by-agent/coder", 409)
            assert error["code"] == "ambiguous"
            assert error["field"] == "agent_id"
            assert "project billing" in error["message"]
            assert "project web" in error["message"]
            found = [get(client, f"aggregate/by-agent/{id_}") for id_ in error["allowed"]]
            times = [one["data"]["performance"]["avg_execution_time_ms"] for one in found]
            assert times == [2.0, 1.0]  # of billing and of web

    def test_a_project_chooses_between_agents_of_one_name(self, home: Path) -> None:
        with asking(home, NOW) as client:
            given = get(client, "aggregate/by-agent/coder", project="web")
            by_id = get(client, "percentiles/execution_time", agent_id=given["data"]["agent_id"])
        assert given["meta"]["project"] == "web"
        assert given["data"]["performance"]["avg_execution_time_ms"] == 1.0
        assert by_id["data"]["count"] == 1

    def test_an_id_of_another_project_than_the_one_named_is_a_404(self, home: Path) -> None:
        with asking(home, NOW) as client:
            id_ = get(client, "aggregate/by-agent/coder", project="web")["data"]["agent_id"]
            error = refused(client, f"aggregate/by-agent/{id_}?project=billing", 404)
        assert "project web" in error["message"]

    @pytest.mark.parametrize(
        "path",
        [
            "aggregate/by-agent/codr",
            "trends/cost?agent_id=codr",
            "percentiles/cost?agent_id=codr",
            "outliers/cost?agent_id=codr",
        ],
    )
    def test_an_unknown_agent_is_a_404_with_near_names(self, home: Path, path: str) -> None:
        with asking(home, NOW) as client:
            error = refused(client, path, 404)
        assert (error["code"], error["field"], error["allowed"]) == ("not_found", "agent_id", ["coder"])
        assert "did you mean coder?" in error["message"]

    @pytest.mark.parametrize("id_", ["0", "77", "9" * 30, "9" * 500, "-1", "1.0"])
    def test_an_unknown_id_is_a_404(self, home: Path, id_: str) -> None:
        with asking(home, NOW) as client:
            assert refused(client, f"aggregate/by-agent/{id_}", 404)["code"] == "not_found"

    def test_an_unknown_role_is_a_404_with_near_names(self, home: Path) -> None:
        with asking(home, NOW) as client:
            error = refused(client, "aggregate/by-role/develper", 404)
        assert (error["field"], error["allowed"]) == ("role", ["developer"])


class TestProjects:
    def test_a_project_narrows_every_answer(self, home: Path) -> None:
        with asking(home, NOW) as client:
            assert get(client, "aggregate/by-role/developer")["data"]["summary"]["total_tasks"] == 2
            assert get(client, "aggregate/by-role/developer", project="web")["data"]["summary"]["total_tasks"] == 1
            assert get(client, "summary", project="web")["data"]["last_30d_summary"]["total_operations"] == 1
            assert list(get(client, "insights/performance", project="web")["data"]["fastest_agents_by_operation"]) == [
                "work"
            ]
            assert get(client, "percentiles/execution_time", project="web")["data"]["count"] == 1

    @pytest.mark.parametrize("path", _PATHS)
    def test_an_unknown_project_is_no_zero(self, home: Path, path: str) -> None:
        with asking(home, NOW) as client:
            error = refused(client, f"{path}?project=wbe")
        assert error["field"] == "project"
        assert "did you mean web?" in error["message"]


class TestTimes:
    def asked(self, home: Path, query: str) -> Any:
        with asking(home, NOW) as client:
            answer = client.get(f"{BASE}/aggregate/timeseries?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["period"]

    @pytest.mark.parametrize(
        ("query", "start", "end"),
        [
            ("", "2025-10-18T14:35:00Z", "2025-11-17T14:35:00Z"),
            ("start_date=2025-11-10T00:00:00Z", "2025-11-10T00:00:00Z", "2025-11-17T14:35:00Z"),
            ("end_date=2025-11-10T00:00:00Z", "2025-10-11T00:00:00Z", "2025-11-10T00:00:00Z"),
            ("start_date=2025-11-10T00:00:00", "2025-11-10T00:00:00Z", "2025-11-17T14:35:00Z"),
            ("start_date=2025-11-10T02:00:00%2B02:00", "2025-11-10T00:00:00Z", "2025-11-17T14:35:00Z"),
            ("start_date=2025-11-10T02:00:00+02:00", "2025-11-10T00:00:00Z", "2025-11-17T14:35:00Z"),
            ("start_date=2025-11-10&end_date=2025-11-12", "2025-11-10T00:00:00Z", "2025-11-12T23:59:59Z"),
            ("start_date=2025-11-10T00:00:00.123Z", "2025-11-10T00:00:00.123000Z", "2025-11-17T14:35:00Z"),
        ],
    )
    def test_a_time_is_utc_and_what_is_missing_is_thirty_days(
        self, home: Path, query: str, start: str, end: str
    ) -> None:
        assert self.asked(home, query) == {"start": start, "end": end, "granularity": "day"}

    @pytest.mark.parametrize(
        ("query", "field", "said"),
        [
            ("start_date=2025-11-10&end_date=2025-11-01", "end_date", "before it starts"),
            ("start_date=2025-11-10T00:00:00Z&end_date=2025-11-10T00:00:00Z", "end_date", "before it starts"),
            ("start_date=2030-01-01", "start_date", "before it starts"),
            ("start_date=yesterday", "start_date", "write 2025-11-01T00:00:00Z, or 2025-11-01"),
            ("start_date=2025-13-01", "start_date", "is no time"),
            ("start_date=1762300800", "start_date", "is no time"),
            ("start_date=0001-01-01T00:00:00%2B14:00", "start_date", "outside the years"),
            ("start_date=1066-10-14", "start_date", "years 1970 to 2199"),
            ("end_date=9999-12-31", "end_date", "years 1970 to 2199"),
            ("granularity=dya", "granularity", "did you mean day?"),
            ("granulrity=day", "granulrity", "did you mean granularity?"),
            ("project=", "project", "at least 1 character"),
        ],
    )
    def test_what_cannot_be_asked_is_refused_with_advice(self, home: Path, query: str, field: str, said: str) -> None:
        with asking(home, NOW) as client:
            error = refused(client, f"aggregate/timeseries?{query}")
        assert error["field"] == field
        assert said in error["message"]

    def test_more_rows_than_anyone_reads_are_refused_naming_what_would_do(self, home: Path) -> None:
        with asking(home, NOW) as client:
            error = refused(client, "aggregate/timeseries?granularity=hour&start_date=2024-01-01")
            assert (error["field"], error["allowed"]) == ("granularity", ["day", "week", "month"])
            assert "take day" in error["message"]
            assert get(client, "aggregate/timeseries", granularity="day", start_date="2024-01-01")["count"] == 687


@pytest.mark.parametrize(
    ("path", "field", "allowed"),
    [
        ("percentiles/execution_tme", "metric_name", ["execution_time", "cost", "quality_score", "tokens"]),
        ("outliers/success_rate", "metric_name", ["execution_time", "cost", "quality_score", "tokens"]),
        ("outliers/cost?z_threshold=0", "z_threshold", ["> 0"]),
        ("outliers/cost?z_threshold=inf", "z_threshold", []),
        ("outliers/cost?limit=0", "limit", [">= 1"]),
        ("outliers/cost?limit=1001", "limit", ["<= 1000"]),
        ("outliers/cost?cursor=abc", "cursor", []),
        ("trends/cost?lookback_days=0", "lookback_days", [">= 1"]),
        ("trends/cost?lookback_days=30.5", "lookback_days", []),
        ("alerts?status=open", "status", ["active", "acknowledged", "resolved"]),
        ("alerts?severity=bad", "severity", ["critical", "error", "warning", "info"]),
        ("summary?since=7d", "since", ["project"]),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_can_be(home: Path, path: str, field: str, allowed: list[str]) -> None:
    with asking(home, NOW) as client:
        error = refused(client, path)
    assert error["field"] == field
    assert error.get("allowed", []) == allowed


def test_a_metric_that_nothing_recorded_has_is_named_with_near_ones(home: Path) -> None:
    with asking(home, NOW) as client:
        error = refused(client, "trends/execution_tme")
    assert error["field"] == "metric_name"
    assert "did you mean execution_time?" in error["message"]
    assert "success_rate" in error["allowed"]


def test_a_cursor_is_of_its_question_alone(home: Path) -> None:
    with asking(home, NOW) as client:
        cursor = get(client, "outliers/execution_time", limit=1, z_threshold=0.1)["meta"]["next_cursor"]
        assert cursor is not None
        error = refused(client, f"outliers/execution_time?z_threshold=0.2&cursor={cursor}")
    assert error["field"] == "cursor"
    assert "another question" in error["message"]


def test_a_home_in_which_nothing_was_recorded_answers(tmp_path: Path) -> None:
    with asking(tmp_path, NOW) as client:
        for path in _PATHS:
            expected = 404 if "by-" in path else 200
            assert client.get(f"{BASE}/{path}").status_code == expected, path


def test_an_answer_that_still_holds_is_not_sent_again(home: Path) -> None:
    with asking(home, NOW) as client:
        for path in _PATHS[:1] + _PATHS[2:]:
            first = client.get(f"{BASE}/{path}")
            again = client.get(f"{BASE}/{path}", headers={"If-None-Match": first.headers["etag"]})
            assert again.status_code == 304, path
            assert again.content == b"", path


def test_a_long_answer_is_sent_packed_where_the_caller_takes_it(home: Path) -> None:
    with asking(home, NOW) as client:
        packed = client.get(f"{BASE}/aggregate/timeseries", headers={"Accept-Encoding": "gzip"})
        plain = client.get(f"{BASE}/aggregate/timeseries", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
