"""The documented analyses: trends, percentiles, outliers and insights, with figures computed here by other means."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import linregress

import agentgauge
from tests.api.documented import BASE, asking, assert_form, documented, get

NOW = datetime(2025, 11, 17, 14, 35, tzinfo=UTC)
TODAY = datetime(2025, 11, 17, tzinfo=UTC)


def record_days(home: Path, values: list[float], *, agent: str = "coder", name: str = "work") -> None:
    """One task a day, the last one yesterday."""
    with agentgauge.open(home, agent=agent, role="developer") as gauge:
        for back, ms in enumerate(reversed(values), start=1):
            gauge.task(
                name, duration_ms=ms, quality_score=80.0, success=True, at=TODAY - timedelta(days=back, hours=-9)
            )


class TestTrends:
    VALUES = tuple(400 - 2.34 * day + 9 * ((day * 7) % 5 - 2) for day in range(28))

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        record_days(tmp_path, list(self.VALUES))
        return tmp_path

    def test_the_documented_question_has_the_documented_form(self, home: Path) -> None:
        wanted = documented("trends")
        with asking(home, NOW) as client:
            get(client, "aggregate/by-agent/coder")  # which gives it the id 1
            given = get(client, "trends/execution_time", agent_id=1, lookback_days=30)
        assert_form(given, wanted)
        line = linregress(range(28), self.VALUES)
        assert given["data"] == {
            "metric": "execution_time",
            "trend": "improving",
            "slope": round(line.slope, 2),
            "r_squared": round(line.rvalue**2, 6),
            "p_value": round(line.pvalue, 6),
            "data_points": 28,
            "period": wanted["data"]["period"],
        }
        assert given["meta"]["empty_days"] == 2
        assert given["meta"]["agent_id"] == 1

    def test_of_too_few_days_nothing_is_said(self, home: Path) -> None:
        with asking(home, NOW) as client:
            given = get(client, "trends/execution_time", lookback_days=6)
        assert_form(given, documented("trends"), nullable=True)
        assert given["data"]["trend"] == "insufficient_data"
        assert given["data"]["slope"] is None
        assert given["data"]["data_points"] == 6

    def test_rates_rise_in_percent_a_day(self, tmp_path: Path) -> None:
        with agentgauge.open(tmp_path, agent="coder") as gauge:
            for back in range(1, 21):
                for number in range(20):  # from 5 % to 100 % in steps of 5
                    succeeds = number < 21 - back
                    gauge.task("work", success=succeeds, at=TODAY - timedelta(days=back, minutes=-number))
        with asking(tmp_path, NOW) as client:
            given = get(client, "trends/success_rate")
        assert given["data"]["trend"] == "improving"
        assert given["data"]["slope"] == 5.0
        assert given["meta"]["slope_unit"] == "percent"

    @pytest.mark.parametrize(
        "metric", ["cost", "quality_score", "satisfaction", "error_rate", "tokens", "latency", "tool_failures"]
    )
    def test_all_metrics_have_trends(self, home: Path, metric: str) -> None:
        with asking(home, NOW) as client:
            given = get(client, f"trends/{metric}")
        assert_form(given, documented("trends"), nullable=True)
        assert given["data"]["metric"] == metric

    def test_a_measurement_has_a_trend_by_its_name(self, home: Path) -> None:
        with agentgauge.open(home) as gauge:
            for back in range(1, 15):
                gauge.measurement("rag/recall", back / 20, at=TODAY - timedelta(days=back))
        with asking(home, NOW) as client:
            given = get(client, "trends/rag/recall")
        assert given["data"]["trend"] == "degrading"
        assert given["data"]["slope"] == -0.05

    def test_only_what_is_a_ratio_is_in_percent_and_the_asker_may_say_what_is_better(self, tmp_path: Path) -> None:
        with agentgauge.open(tmp_path) as gauge:
            for back in range(1, 15):
                gauge.measurement("queue_depth", 20 - back, "1", at=TODAY - timedelta(days=back))
        with asking(tmp_path, NOW) as client:
            given = get(client, "trends/queue_depth")
            otherwise = get(client, "trends/queue_depth", better="lower")
        assert (given["data"]["slope"], given["meta"]["slope_unit"]) == (1.0, "1")
        assert (given["data"]["trend"], given["meta"]["lower_is_better"]) == ("improving", False)
        assert (otherwise["data"]["trend"], otherwise["meta"]["lower_is_better"]) == ("degrading", True)


def _of_85() -> list[float]:
    """Values whose percentiles are the document's: p75 is the 64th of 85, p90 between the 76th and the 77th, ..."""
    values = [200.0] * 42 + [298.5] + [350.0] * 20 + [412.3] + [450.0] * 11 + [556.7] * 2 + [600.0] * 2
    return values + [678.9] * 2 + [700.0] * 2 + [823.4] * 2


class TestPercentiles:
    def test_the_documented_question_has_the_documented_form(self, tmp_path: Path) -> None:
        values = _of_85()
        with agentgauge.open(tmp_path, agent="coder") as gauge:
            for number, ms in enumerate(values):
                gauge.task("work", duration_ms=ms, at=TODAY - timedelta(hours=number))
        wanted = documented("percentiles")
        with asking(tmp_path, NOW) as client:
            get(client, "percentiles/execution_time", agent_id="coder")
            given = get(client, "percentiles/execution_time", agent_id=1)
        assert_form(given, wanted)
        assert given["agent_id"] == 1
        assert given["data"] == {
            **wanted["data"],
            "mean": round(statistics.fmean(values), 2),
            "std_dev": round(statistics.stdev(values), 2),
        }

    def test_of_all_agents_no_id_is_said(self, tmp_path: Path) -> None:
        record_days(tmp_path, [1, 2, 3])
        with asking(tmp_path, NOW) as client:
            given = get(client, "percentiles/execution_time")
        assert given["agent_id"] is None
        assert given["data"]["median"] == 2.0
        assert given["meta"]["few"] is True

    def test_of_nothing_all_but_the_count_is_null(self, tmp_path: Path) -> None:
        record_days(tmp_path, [1])
        with asking(tmp_path, NOW) as client:
            given = get(client, "percentiles/tokens")
        assert given["data"].pop("count") == 0
        assert set(given["data"].values()) == {None}

    def test_calls_outside_any_operation_are_hinted_at_and_can_be_asked_about(self, tmp_path: Path) -> None:
        with agentgauge.open(tmp_path) as gauge:
            gauge.llm_call("m", input_tokens=2, output_tokens=1, cost_usd=Decimal("0.25"))
        with asking(tmp_path) as client:
            of_operations = get(client, "percentiles/cost")
            of_calls = get(client, "percentiles/cost", per="call")
            far = get(client, "outliers/tokens")
            far_calls = get(client, "outliers/tokens", per="call")
        assert (of_operations["data"]["count"], of_operations["meta"]["few"]) == (0, True)
        said = "belongs to an operation here: per=call asks about calls"
        assert of_operations["meta"]["hint"] == f"no call with a known cost {said}"
        assert (of_calls["data"]["count"], of_calls["data"]["p50"], of_calls["meta"]["hint"]) == (1, 0.25, None)
        assert far["meta"]["hint"] == f"no call with tokens {said}"
        assert (far_calls["meta"]["values"], far_calls["meta"]["hint"]) == (1, None)

    def test_cost_is_of_whole_operations_to_six_decimals(self, tmp_path: Path) -> None:
        with agentgauge.open(tmp_path) as gauge:
            for number in (1, 3):
                with gauge.span("work"):
                    for _ in range(number):
                        gauge.llm_call("m", input_tokens=1, output_tokens=0, cost_usd=Decimal("0.0000015"))
        with asking(tmp_path) as client:
            given = get(client, "percentiles/cost")
        assert given["data"]["count"] == 2
        assert given["data"]["mean"] == 0.000003
        assert given["data"]["p50"] == 0.000003


class TestOutliers:
    VALUES = tuple([300.0 + 5 * (number % 9) for number in range(60)] + [1245.67, 1100.0, 1000.0])

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        with agentgauge.open(tmp_path, agent="coder", role="developer") as gauge:
            for number, ms in enumerate(self.VALUES):
                at = datetime(2025, 11, 17, 14, 30, tzinfo=UTC) - timedelta(hours=len(self.VALUES) - 1 - number)
                gauge.task("work", operation="implementation", duration_ms=ms, at=at)
        return tmp_path

    def test_the_documented_question_has_the_documented_form(self, home: Path) -> None:
        wanted = documented("outliers")
        with asking(home, NOW) as client:
            given = get(client, "outliers/execution_time", z_threshold=3.0)
        for row in given["data"]:
            row["id"] = row["id"] or 1  # which the event has once it has landed
        assert_form(given, wanted)
        mean, spread = statistics.fmean(self.VALUES), statistics.stdev(self.VALUES)
        expected = [value for value in sorted(self.VALUES, reverse=True) if (value - mean) / spread > 3]
        assert given["count"] == len(expected) == 3
        assert [row["value"] for row in given["data"]] == expected
        assert given["data"][0]["z_score"] == round((1245.67 - mean) / spread, 2)
        assert given["data"][0]["deviation_from_mean"] == round(1245.67 - mean, 2)
        assert given["data"][2]["timestamp"] == "2025-11-17T14:30:00Z"
        assert given["data"][0]["operation_type"] == "implementation"

    def test_an_event_that_has_landed_has_its_id(self, home: Path) -> None:
        from agentgauge.meter import Meter
        from agentgauge.settings import get_settings

        Meter(get_settings(home)).lake.compact()
        with asking(home, NOW) as client:
            given = get(client, "outliers/execution_time")
        ids = [row["id"] for row in given["data"]]
        assert all(type(one) is int for one in ids)
        assert len(set(ids)) == 3

    def test_pages_go_through_all_and_their_links_lead_on(self, home: Path) -> None:
        with asking(home, NOW) as client:
            whole = get(client, "outliers/execution_time")["data"]
            answer = client.get(f"{BASE}/outliers/execution_time?limit=2")
            rest = client.get(answer.links["next"]["url"])
        assert answer.json()["data"] + rest.json()["data"] == whole
        assert answer.json()["count"] == rest.json()["count"] == 3
        assert rest.json()["meta"]["next_cursor"] is None
        assert "next" not in rest.links

    def test_a_lower_threshold_finds_more(self, home: Path) -> None:
        with asking(home, NOW) as client:
            assert get(client, "outliers/execution_time", z_threshold=0.1)["count"] > 3
            assert get(client, "outliers/execution_time", z_threshold=10)["count"] == 0


class TestInsights:
    @pytest.fixture
    def given(self, tmp_path: Path) -> Any:
        with agentgauge.open(tmp_path, role="developer") as gauge:
            for number in range(20):
                day = TODAY - timedelta(days=number + 1)
                for agent, operation, ms, hour, quality in (
                    ("coder", "implementation", 245.32, 14, 89.2),
                    ("fixer", "implementation", 400.0, 10, 70.0),
                    ("reviewer", "code_review", 156.78, 10, None),
                    ("tester", "testing", 500 - 5.67 * number, 3, 87.5),
                ):
                    gauge.task("work", operation=operation, agent=agent, duration_ms=ms, quality_score=quality,
                               at=day + timedelta(hours=hour))  # fmt: skip
            for agent, cost in (("reviewer", "0.09"), ("coder", "0.184")):
                gauge.llm_call("m", input_tokens=1, output_tokens=0, cost_usd=Decimal(cost), agent=agent, at=TODAY)
            gauge.llm_call("nobody-knows-1", input_tokens=1, output_tokens=0, agent="tester", at=TODAY)
        with asking(tmp_path, NOW) as client:
            return get(client, "insights/performance")

    def test_it_has_the_documented_form(self, given: Any) -> None:
        assert_form(given, documented("insights"))

    def test_figures_are_the_documented_ones(self, given: Any) -> None:
        wanted = documented("insights")["data"]
        fastest = given["data"]["fastest_agents_by_operation"]
        assert {name: fastest[name] for name in wanted["fastest_agents_by_operation"]} == wanted[
            "fastest_agents_by_operation"
        ]
        assert given["data"]["most_cost_efficient"] == wanted["most_cost_efficient"]
        assert given["data"]["highest_quality"][:2] == wanted["highest_quality"]
        assert given["data"]["degrading_operations"] == [
            {
                "operation_type": "testing",
                "trend": {"metric": "execution_time", "trend": "degrading", "slope": 5.67},
            }
        ]

    def test_hours_are_the_fastest_first(self, given: Any) -> None:
        times = {3: float(np.mean([500 - 5.67 * number for number in range(20)])), 10: (400 + 156.78) / 2, 14: 245.32}
        assert given["data"]["peak_performance_hours"] == [
            {"hour": hour, "avg_time_ms": round(times[hour], 2), "operations": 40 if hour == 10 else 20}
            for hour in (14, 10, 3)
        ]

    def test_an_agent_whose_cost_is_not_known_is_not_among_the_cheap(self, given: Any) -> None:
        assert "tester" not in [row["agent"] for row in given["data"]["most_cost_efficient"]]
        assert given["meta"]["cost_not_known"] == ["fixer", "tester"]  # who made no call, and one without a price
