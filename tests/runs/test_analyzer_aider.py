"""A published benchmark, recorded as runs, gives the cost-efficiency table that its own figures say.

Of each of its 69 runs it is known how many of 225 exercises were solved, how long one took and what all of it cost; a
cost of 0.0000 says that nobody knows. See tests/data/aider.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.recorder import Gauge
from agentgauge.runs import MetricsAnalyzer, MetricsCollector
from agentgauge.runs.models import LLMConfig, Status, SystemConfig

DATA = Path(__file__).parents[1] / "data" / "aider" / "polyglot_leaderboard.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]


def stated_cost(row: dict[str, Any]) -> Decimal | None:
    return Decimal(row["total_cost"]) or None if row["total_cost"] is not None else None


def record(gauge: Gauge, row: dict[str, Any]) -> None:
    """A run of the benchmark: its exercises are issues, and its cost is that of one call; unknown, there is none."""
    collector = MetricsCollector(row["run"], config=SystemConfig(llm=LLMConfig(model=row["model"])), gauge=gauge)
    start = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
    end = start + timedelta(seconds=row["seconds_per_case"])
    for case in range(row["cases"]):
        collector.start_issue(case, at=start)
        collector.finalize_issue(case, Status.COMPLETED if case < row["passed"] else Status.FAILED, at=end)
    cost = stated_cost(row)
    if cost is not None:
        collector.start_agent("benchmark", at=start)
        collector.record_token_usage(0, 0, cost_usd=cost, at=end)
        collector.finalize_agent(at=end)
    collector.finalize_run()


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetricsAnalyzer]:
    folder = tmp_path_factory.mktemp("aider")
    with agentgauge.open(folder / "home") as gauge:
        for row in ROWS:
            record(gauge, row)
        yield MetricsAnalyzer(folder / "logs", gauge=gauge)


def test_the_excerpt_has_the_runs_of_the_leaderboard() -> None:
    assert len(ROWS) == 69
    assert sum(stated_cost(row) is None for row in ROWS) == 18


def test_success_rates_are_those_of_the_leaderboard(analyzer: MetricsAnalyzer) -> None:
    models = analyzer.compare_llm_models()
    assert len(models) == len({row["model"] for row in ROWS}) == 68
    assert models["claude-3-5-sonnet-20241022"]["avg_success_rate"] == pytest.approx(51.6, abs=0.05)  # its pass_rate_2
    both = models["Qwen2.5-Coder-32B-Instruct"]  # tried twice: 18 and 37 of 225
    assert both["avg_success_rate"] == pytest.approx(100 * 55 / 450)
    assert models["gpt-4o-mini-2024-07-18"]["seconds_per_resolved_issue"] == pytest.approx(225 * 17.3 / 8)


def test_a_solved_case_costs_what_the_leaderboards_figures_say(analyzer: MetricsAnalyzer) -> None:
    efficiency = analyzer.analyze_cost_efficiency()
    assert efficiency["gpt-4o-mini-2024-07-18"]["cost_per_resolved_issue"] == pytest.approx(0.3236 / 8)
    assert efficiency["claude-3-5-sonnet-20241022"]["cost_per_resolved_issue"] == pytest.approx(14.4063 / 116)
    known = {row["model"]: float(row["total_cost"]) / row["passed"] for row in ROWS if stated_cost(row) is not None}
    found = {name: figures["cost_per_resolved_issue"] for name, figures in efficiency.items() if figures["rank"]}
    assert found == pytest.approx(known)


def test_the_cheapest_per_solved_case_is_first_and_the_dearest_is_last_of_the_known(analyzer: MetricsAnalyzer) -> None:
    ranked = [name for name, figures in analyzer.analyze_cost_efficiency().items() if figures["rank"]]
    assert ranked[:2] == ["DeepSeek Chat V3 (prev)", "DeepSeek-V3.2-Exp (Chat)"]  # $0.3369 / 109, $0.8756 / 158
    assert ranked[-2:] == ["o1-2024-12-17 (high)", "gpt-4.5-preview"]  # $186.4958 / 139, $183.1802 / 101


def test_a_cost_of_zero_is_unknown_and_ranked_apart(analyzer: MetricsAnalyzer) -> None:
    efficiency = analyzer.analyze_cost_efficiency()
    unknown = {row["model"] for row in ROWS if stated_cost(row) is None}
    last = list(efficiency)[-len(unknown) :]
    assert set(last) == unknown
    for name in last:
        assert efficiency[name]["rank"] is None
        assert math.isnan(efficiency[name]["cost_per_resolved_issue"])
        assert efficiency[name]["runs_without_known_cost"] == efficiency[name]["total_runs"]


def test_the_best_configuration_is_scored_without_the_costs_that_are_unknown(analyzer: MetricsAnalyzer) -> None:
    found = analyzer.find_best_configuration({"success": 0.8, "cost": 0.2})
    assert set(found["weights"]) == {"success"}
    assert len(found["left_out"]["cost"]) == 17  # one of the 18 runs is the second of its model
    best = max(ROWS, key=lambda row: row["passed"] / row["cases"])
    assert found["best_run"]["run_id"] == best["run"]
    assert "Not shown better" in found["warning"]
