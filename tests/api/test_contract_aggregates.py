"""The documented aggregates: time series, one agent, one role, the summary. Situations are those of the document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.recorder import Gauge
from agentgauge.settings import resolve_home
from agentgauge.state import state_of
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from tests.api.documented import asking, assert_form, documented, get, without_meta

NOW = datetime(2025, 11, 18, 9, 30, tzinfo=UTC)
FIRST = datetime(2025, 11, 1, tzinfo=UTC)
PERIOD = {"start_date": "2025-11-01T00:00:00Z", "end_date": "2025-11-17T23:59:59Z"}


def record_work(
    gauge: Gauge,
    at: datetime,
    *,
    tasks: int,
    failed: int,
    ms: float,
    tokens: int,
    cost: Decimal,
    quality: float,
    apart: timedelta = timedelta(seconds=1),
) -> None:
    """So many equal tasks, each with a call in it."""
    for number in range(tasks):
        then = at + number * apart
        gauge.task("work", duration_ms=ms, success=number >= failed, quality_score=quality, at=then)
        gauge.llm_call("some-model", input_tokens=tokens // tasks, output_tokens=0, cost_usd=cost / tasks, at=then)


class TestTimeseries:
    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        with agentgauge.open(tmp_path, agent="coder", role="developer") as gauge:
            record_work(
                gauge, FIRST + timedelta(hours=9), tasks=150, failed=8, ms=245.32, tokens=45000,
                cost=Decimal("1.23"), quality=87.5,
            )  # fmt: skip
            gauge.task("late", duration_ms=7, success=True, at=datetime(2025, 11, 17, 23, 59, 59, 600_000, tzinfo=UTC))
            gauge.task("next", duration_ms=7, success=True, at=datetime(2025, 11, 18, tzinfo=UTC))
        return tmp_path

    def test_the_documented_question_has_the_documented_answer(self, home: Path) -> None:
        wanted = documented("timeseries")
        with asking(home, NOW) as client:
            given = get(client, "aggregate/timeseries", start_date="2025-11-01T00:00:00Z",
                        end_date="2025-11-17T23:59:59Z", granularity="day")  # fmt: skip
        assert_form(given, wanted, nullable=True)
        assert given["period"] == wanted["period"]
        assert given["count"] == wanted["count"] == len(given["data"])
        assert given["data"][0] == wanted["data"][0]

    def test_days_without_operations_are_zeros_and_nulls(self, home: Path) -> None:
        with asking(home, NOW) as client:
            given = get(client, "aggregate/timeseries", start_date="2025-11-01", end_date="2025-11-17")
        assert given["data"][1] == {
            "timestamp": "2025-11-02T00:00:00Z",
            "total_operations": 0,
            "successful_operations": 0,
            "failed_operations": 0,
            "success_rate": None,
            "avg_execution_time_ms": None,
            "total_tokens": 0,
            "total_cost_usd": 0.0,
            "avg_quality_score": None,
        }

    def test_an_end_at_the_last_second_of_a_day_is_the_whole_of_it(self, home: Path) -> None:
        with asking(home, NOW) as client:
            for end in ("2025-11-17T23:59:59Z", "2025-11-17T23:59:59.999Z", "2025-11-17", "2025-11-18T00:00:00Z"):
                given = get(client, "aggregate/timeseries", start_date="2025-11-01", end_date=end)
                assert given["data"][-1]["total_operations"] == 1, end
                assert given["count"] == 17, end

    def test_without_parameters_it_is_the_last_thirty_days_by_day(self, home: Path) -> None:
        with asking(home, NOW) as client:
            given = get(client, "aggregate/timeseries")
        assert given["period"] == {
            "start": "2025-10-19T09:30:00Z",
            "end": "2025-11-18T09:30:00Z",
            "granularity": "day",
        }
        assert given["count"] == 31
        assert given["meta"]["incomplete"] == ["2025-10-19T00:00:00Z", "2025-11-18T00:00:00Z"]

    @pytest.mark.parametrize(
        ("granularity", "count", "first"),
        [
            ("hour", 17 * 24, "2025-11-01T00:00:00Z"),
            ("week", 4, "2025-10-27T00:00:00Z"),  # a Monday, as the 17th is
            ("month", 1, "2025-11-01T00:00:00Z"),
        ],
    )
    def test_every_granularity_covers_the_period(self, home: Path, granularity: str, count: int, first: str) -> None:
        with asking(home, NOW) as client:
            given = get(
                client, "aggregate/timeseries", start_date="2025-11-01", end_date="2025-11-17", granularity=granularity
            )
        assert given["count"] == len(given["data"]) == count
        assert given["data"][0]["timestamp"] == first
        assert sum(row["total_operations"] for row in given["data"]) == 151

    def test_a_call_without_a_price_is_in_no_total_and_counted(self, home: Path) -> None:
        with agentgauge.open(home) as gauge:
            gauge.llm_call("nobody-knows-1", input_tokens=10, output_tokens=0, at=FIRST + timedelta(days=1))
        with asking(home, NOW) as client:
            given = get(client, "aggregate/timeseries", start_date="2025-11-01", end_date="2025-11-02")
        assert given["data"][1]["total_cost_usd"] is None
        assert given["data"][0]["total_cost_usd"] == 1.23
        assert given["meta"]["unpriced_calls"] == 1


def record_coder(home: Path) -> None:
    """85 tasks whose mean, median and p95 are the document's: of 85 values these are the 43rd, and between the 80th and
    the 81st.
    """
    times = [250.0] * 42 + [298.12] + [370.26] * 35 + [370.25] + [567.89] * 2 + [600.0] * 4
    scores = [65.0] + [85.0] * 22 + [89.5] + [90.0] * 60 + [98.0]
    with agentgauge.open(home, agent="coder", role="developer") as gauge:
        for number, (ms, score) in enumerate(zip(times, scores, strict=True)):
            at = FIRST + timedelta(hours=number)
            gauge.task("work", duration_ms=ms, success=number >= 5, quality_score=score, at=at)
        gauge.llm_call("some-model", input_tokens=23_000, output_tokens=500, cost_usd=Decimal("0.78"), at=FIRST)
    terms = Terms(scope="agent", name="coder", total_usd=Decimal(30), start=FIRST)
    BudgetBook(state_of(resolve_home(home))).create(terms, "test", FIRST)


class TestOneAgent:
    def test_the_documented_question_has_the_documented_answer(self, tmp_path: Path) -> None:
        record_coder(tmp_path)
        wanted = documented("by_agent")
        with asking(tmp_path, NOW) as client:
            given = get(client, "aggregate/by-agent/coder", **PERIOD)
            assert get(client, "aggregate/by-agent/1", **PERIOD)["data"] == given["data"]
        assert_form(given, wanted)
        wanted["data"]["cost"]["avg_per_task_usd"] = 0.009176  # 0.78 over 85 to the sixth decimal, not to the fourth
        assert without_meta(given) == wanted

    def test_an_agent_without_a_budget_has_nulls_for_one(self, tmp_path: Path) -> None:
        with agentgauge.open(tmp_path) as gauge:
            gauge.task("work", duration_ms=5, agent="loner", at=FIRST)
        with asking(tmp_path, NOW) as client:
            given = get(client, "aggregate/by-agent/loner", **PERIOD)
        assert_form(given, documented("by_agent"), nullable=True)
        assert given["data"]["cost"] == {
            "total_usd": 0.0,
            "avg_per_task_usd": 0.0,
            "budget_allocated_usd": None,
            "budget_remaining_usd": None,
            "budget_utilization_percent": None,
        }
        assert given["data"]["quality"]["avg_score"] is None
        assert given["data"]["agent_role"] is None

    def test_an_agent_that_did_nothing_in_the_period_has_zeros(self, tmp_path: Path) -> None:
        record_coder(tmp_path)
        with asking(tmp_path, NOW) as client:
            given = get(client, "aggregate/by-agent/coder", start_date="2025-06-01", end_date="2025-06-02")
        assert given["data"]["tasks"] == {"total": 0, "successful": 0, "failed": 0, "success_rate": None}


def test_a_role_is_its_agents_together(tmp_path: Path) -> None:
    wanted = documented("by_role")
    now = datetime(2025, 11, 17, tzinfo=UTC)
    with agentgauge.open(tmp_path, role="developer") as gauge:
        at = datetime(2025, 11, 3, tzinfo=UTC)
        for agent, tasks, cost in (("coder", 120, "1.20"), ("fixer", 100, "1.00"), ("helper", 25, "0.25")):
            with gauge.scope(agent=agent):
                record_work(gauge, at, tasks=tasks, failed=tasks // 24, ms=298.5, tokens=tasks,
                            cost=Decimal(cost), quality=89.2)  # fmt: skip
    with asking(tmp_path, now) as client:
        given = get(client, "aggregate/by-role/developer")
    assert_form(given, wanted)
    assert given["data"]["period"] == wanted["data"]["period"]
    assert given["data"]["summary"] == {**wanted["data"]["summary"], "avg_cost_per_agent": 0.816667}
    assert given["data"]["agents"][0] == wanted["data"]["agents"][0]
    assert [row["agent_name"] for row in given["data"]["agents"]] == ["coder", "fixer", "helper"]


def test_the_summary_has_the_last_day_the_month_and_what_waits(tmp_path: Path) -> None:
    wanted = documented("summary")
    with agentgauge.open(tmp_path, agent="coder", role="developer") as gauge:
        record_work(gauge, NOW - timedelta(hours=20), tasks=156, failed=8, ms=287.45, tokens=42120,
                    cost=Decimal("1.45"), quality=88.3)  # fmt: skip
        record_work(gauge, NOW - timedelta(days=20), tasks=344, failed=17, ms=250, tokens=344,
                    cost=Decimal("3.00"), quality=80)  # fmt: skip
        gauge.task("long ago", duration_ms=1, success=False, at=NOW - timedelta(days=31))
    alerts = AlertBook(state_of(resolve_home(tmp_path)))
    for number in range(3):
        found = Detected(
            condition=f"c{number}", type="anomaly", severity="warning", metric="cost", message="more than usual"
        )
        alerts.detect(found, NOW)
    with asking(tmp_path, NOW) as client:
        given = get(client, "summary")
        recommended = get(client, "recommendations/cost")["count"]
    assert_form(given, wanted)
    assert given["data"]["last_24h"] == {**wanted["data"]["last_24h"], "total_tokens": 42120}
    assert given["data"]["last_30d_summary"] == {
        "total_operations": 500,
        "total_cost_usd": 4.45,
        "avg_success_rate": 95.0,  # 475 of 500 together, not the mean of 94.87 and 95.06
    }
    assert given["data"]["active_alerts"] == 3
    assert given["data"]["pending_recommendations"] == recommended
