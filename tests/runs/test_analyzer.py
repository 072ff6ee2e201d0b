"""The analyzer reads all runs once, wherever they are, and pools what they came to."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import QueryError
from agentgauge.recorder import Gauge
from agentgauge.runs import MetricsAnalyzer, MetricsCollector, MetricsStorage
from agentgauge.runs.analysis.trends import run_trends
from agentgauge.runs.analysis.units import level, success
from agentgauge.runs.models import LLMConfig, Status, SystemConfig
from tests.runs.analyzing import START, config, record_run, run_of, save_run


@pytest.fixture
def gauge(tmp_path: Path) -> Iterator[Gauge]:
    with agentgauge.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def analyzer(logs: Path, gauge: Gauge, **window: object) -> MetricsAnalyzer:
    return MetricsAnalyzer(logs, gauge=gauge, **window)  # type: ignore[arg-type]


# Figures


def test_success_is_pooled_over_issues_and_cost_is_the_mean_of_runs(logs: Path, gauge: Gauge) -> None:
    record_run(gauge, "r-1", {1: True}, cost="0.10")
    record_run(gauge, "r-2", {2: True, 3: False, 4: False}, cost="0.10")
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert (found["total_runs"], found["total_issues_processed"], found["total_issues_resolved"]) == (2, 4, 2)
    assert found["avg_success_rate"] == 50.0  # the mean of the runs' rates would be 66.7
    assert found["avg_cost"] == pytest.approx(0.20)
    assert found["total_cost"] == pytest.approx(0.40)
    assert found["cost_per_resolved_issue"] == pytest.approx(0.20)
    assert found["seconds_per_resolved_issue"] == pytest.approx(120.0)


def test_the_interval_of_a_success_rate_is_that_of_wilson(logs: Path, gauge: Gauge) -> None:
    # 8 of 10, 95 %: 0.4902 to 0.9433 (Brown, Cai and DasGupta, 2001, formula 4)
    record_run(gauge, "r-1", {i: i < 8 for i in range(10)})
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert found["avg_success_rate_low"] == pytest.approx(49.02, abs=0.005)
    assert found["avg_success_rate_high"] == pytest.approx(94.33, abs=0.005)
    assert not found["few_issues"]


def test_issues_without_an_outcome_are_counted_apart(logs: Path, gauge: Gauge) -> None:
    collector = record_run(gauge, "r-1", {1: True})
    collector.start_issue(2)
    collector.finalize_issue(2, Status.SKIPPED)
    collector.start_issue(3)
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert (found["total_issues_processed"], found["issues_without_outcome"]) == (1, 2)
    assert found["avg_success_rate"] == 100.0
    assert found["few_issues"]


def test_an_issue_that_was_taken_up_again_counts_as_it_ended_last(logs: Path, gauge: Gauge) -> None:
    collector = record_run(gauge, "r-1", {1: False})
    collector.start_issue(1)
    collector.finalize_issue(1, Status.COMPLETED)
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert (found["total_issues_processed"], found["avg_success_rate"]) == (1, 100.0)


def test_a_cost_that_is_not_known_is_not_free(logs: Path, gauge: Gauge) -> None:
    record_run(gauge, "r-1", {1: True}, cost="0.30")
    record_run(gauge, "r-2", {2: True}, cost=None)
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert found["avg_cost"] == pytest.approx(0.30)  # of the one that is known
    assert (found["runs_without_known_cost"], found["unpriced_calls"]) == (1, 1)
    assert math.isnan(found["cost_per_resolved_issue"])  # 0.15 would be too cheap
    assert found["total_cost"] == pytest.approx(0.30)


def test_a_run_that_solved_something_without_a_call_on_record_has_no_known_cost(logs: Path, gauge: Gauge) -> None:
    collector = MetricsCollector("r-1", config=config(), gauge=gauge)
    collector.start_issue(1)
    collector.finalize_issue(1)
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert math.isnan(found["avg_cost"])
    assert found["runs_without_known_cost"] == 1


def test_money_that_was_spent_on_no_issue_is_part_of_what_a_resolved_one_costs(logs: Path, gauge: Gauge) -> None:
    collector = record_run(gauge, "r-1", {1: True}, cost="0.10")
    collector.record_token_usage(10, 10, model="nobody-prices-this", cost_usd=0.40)
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert found["cost_per_resolved_issue"] == pytest.approx(0.50)


def test_quality_pipelines_and_cycles_are_those_of_the_whole_run(logs: Path, gauge: Gauge) -> None:
    collector = record_run(gauge, "r-1", {1: True, 2: True}, quality=80.0, green=[True, False, True])
    with_cycle = collector.start_debugging_cycle(["E1"])
    collector.end_debugging_cycle(with_cycle, resolved=True)
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert found["avg_quality"] == pytest.approx(80.0)
    assert (found["total_pipelines"], found["green_pipelines"], found["total_debugging_cycles"]) == (3, 2, 1)
    assert found["cost_per_green_pipeline"] == pytest.approx(0.10)
    assert found["total_tokens"] == 2200


# Groups


def test_runs_are_compared_by_temperature_and_by_configuration(logs: Path, gauge: Gauge) -> None:
    record_run(gauge, "r-1", {1: True}, made_with=config(temperature=0.2, max_retries=3))
    record_run(gauge, "r-2", {1: False}, made_with=config(temperature=1.0, max_retries=3))
    record_run(gauge, "r-3", {1: False}, made_with=config(temperature=1, max_retries=5))
    record_run(gauge, "r-4", {1: False}, made_with=SystemConfig(llm=LLMConfig(model="model-b")))
    asked = analyzer(logs, gauge)
    temperatures = asked.compare_temperatures()
    assert {value: found["total_runs"] for value, found in temperatures.items()} == {0.2: 1, 1: 2, "unknown": 1}
    configurations = asked.compare_configurations()
    assert len(configurations) == 4
    whole = "model-a, provider somebody, temperature 0.2, max retries 3"
    assert configurations[whole]["config"]["max_retries"] == 3
    by_retries = asked.compare_configurations("max_retries")
    assert {name: found["total_runs"] for name, found in by_retries.items()} == {
        "max retries 3": 2,
        "max retries 5": 1,
        "unknown": 1,
    }


def test_a_setting_that_no_run_has_is_refused_with_the_nearest(logs: Path, gauge: Gauge) -> None:
    record_run(gauge, "r-1", {1: True})
    with pytest.raises(QueryError, match="did you mean max_retries"):
        analyzer(logs, gauge).compare_configurations(["max_retry"])


def test_a_setting_of_the_users_own_tells_configurations_apart(logs: Path, gauge: Gauge) -> None:
    for name in ("short", "long"):
        record_run(gauge, name, {1: True}, made_with=config(extra={"prompt": name}))
    assert set(analyzer(logs, gauge).compare_configurations(["prompt"])) == {"prompt short", "prompt long"}


def test_the_model_of_a_run_that_states_none_is_that_of_its_calls(logs: Path, gauge: Gauge) -> None:
    collector = record_run(gauge, "r-1", {1: True}, made_with=SystemConfig())
    collector.record_token_usage(1, 1, model="another-model")
    assert set(analyzer(logs, gauge).compare_llm_models()) == {"another-model + nobody-prices-this"}


def test_two_models_on_the_same_issues_are_tested_issue_by_issue(logs: Path, gauge: Gauge) -> None:
    for model, solves in (("model-a", 19), ("model-b", 9)):
        record_run(gauge, model, {i: i < solves for i in range(20)}, made_with=config(model))
    found = analyzer(logs, gauge).compare_llm_models().compare_on("success")
    assert found.paired
    # a alone solves 10, b alone none: the exact McNemar p is 2 / 2^10
    assert found.pairs[0].p_value == pytest.approx(2 / 1024)
    assert found.winner == "model-a"


def test_two_models_on_different_issues_are_not_paired(logs: Path, gauge: Gauge) -> None:
    for model, first in (("model-a", 0), ("model-b", 100)):
        record_run(gauge, model, {first + i: i < 5 for i in range(10)}, made_with=config(model))
    assert not analyzer(logs, gauge).compare_llm_models().compare_on("success").paired


def test_a_model_without_a_price_is_left_out_of_a_test_of_costs(logs: Path, gauge: Gauge) -> None:
    for model, cost in (("model-a", "0.10"), ("model-b", "0.50"), ("unpriced", None)):
        record_run(gauge, model, dict.fromkeys(range(12), True), made_with=config(model), cost=cost)
    models = analyzer(logs, gauge).compare_llm_models()
    found = models.compare_on("cost")
    assert [(arm.name, arm.n) for arm in found.arms] == [("model-a", 12), ("model-b", 12)]
    assert found.winner == "model-a"
    with pytest.raises(QueryError, match="there are success, cost, time, quality"):
        models.compare_on("beauty")


def test_several_attempts_at_an_issue_are_one_unit(logs: Path, gauge: Gauge) -> None:
    for n in range(4):
        record_run(gauge, f"r-{n}", {i: i < 5 for i in range(10)})
    found = analyzer(logs, gauge).compare_llm_models()
    assert found["model-a"]["total_issues_processed"] == 40
    assert found.compare_on("success").arms[0].n == 10


def test_limits_of_repeated_attempts_are_those_that_a_share_can_have(logs: Path, gauge: Gauge) -> None:
    for n in range(3):
        record_run(gauge, f"r-{n}", {i: i > 0 for i in range(12)}, quality=99.0 if n else 70.0)
        record_run(gauge, f"all-{n}", dict.fromkeys(range(12), True), made_with=config("model-b"))
    models = analyzer(logs, gauge).compare_llm_models()
    often, always = models["model-a"], models["model-b"]
    assert 0 < often["avg_success_rate_low"] < often["avg_success_rate"] < often["avg_success_rate_high"] < 100
    assert always["avg_success_rate_high"] == 100
    # as of 12 issues, of which all were solved: Wilson gives 75.7, and Student's quantile for 12 less
    assert 65 < always["avg_success_rate_low"] < 75.7
    assert all(0 <= arm.ci_low <= arm.ci_high <= 1 for arm in models.compare_on("success").arms)


def test_money_has_limits_from_ten_units_on(logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    for n in range(9):
        save_run(storage, f"r-{n}", {n: True}, cost=0.1 * 2**n)
    asked = analyzer(logs, gauge)
    found = asked.compare_llm_models()
    assert math.isnan(found["model-a"]["avg_cost_low"])
    assert math.isnan(found["model-a"]["cost_per_resolved_issue_high"])
    assert found["model-a"]["avg_success_rate_low"] > 0
    save_run(storage, "r-9", {9: True}, cost=0.1 * 2**9)
    asked.refresh()
    found = asked.compare_llm_models()
    assert 0 <= found["model-a"]["avg_cost_low"] < found["model-a"]["avg_cost"] < found["model-a"]["avg_cost_high"]


@pytest.mark.parametrize(("issues", "ability"), [(6, 0.6), (20, 0.8), (20, 0.95)])
def test_limits_of_repeated_attempts_hold_the_true_rate_in_95_of_100_cases(issues: int, ability: float) -> None:
    """Issues differ in how often they are solved; four attempts at each, 600 histories, three binomial errors."""
    dice = random.Random(20261121)
    histories, held = 600, 0
    for _ in range(histories):
        rates = [dice.betavariate(2 * ability, 2 * (1 - ability)) for _ in range(issues)]
        runs = [run_of({i: dice.random() < rate for i, rate in enumerate(rates)}, run_id=str(n)) for n in range(4)]
        arm = level(success(), runs, 0.95)
        held += arm.ci_low <= ability <= arm.ci_high
    assert held / histories >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / histories)


# Where runs are


def test_a_run_in_the_stream_and_in_files_counts_once(logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    record_run(gauge, "r-1", {1: True}, storage=storage)
    save_run(storage, "r-2", {1: False})
    found = analyzer(logs, gauge)
    assert found.run_count == 2
    assert found.compare_llm_models()["model-a"]["avg_success_rate"] == 50.0


def test_a_bare_tree_gives_the_figures_of_the_stream_that_wrote_it(logs: Path, gauge: Gauge, tmp_path: Path) -> None:
    storage = MetricsStorage(logs)
    record_run(gauge, "r-1", {i: i % 3 > 0 for i in range(12)}, quality=70.0, green=[True, False], storage=storage)
    record_run(gauge, "r-2", {1: True}, made_with=config("model-b"), cost=None, storage=storage)
    with agentgauge.open(tmp_path / "another-home") as empty:
        from_files = analyzer(logs, empty).compare_llm_models()
    from_stream = analyzer(tmp_path / "none", gauge).compare_llm_models()
    assert set(from_files) == set(from_stream) == {"model-a", "model-b"}
    for model, found in from_files.items():
        assert found == pytest.approx(from_stream[model], nan_ok=True)


def test_a_run_whose_start_has_expired_is_read_from_its_files(logs: Path, gauge: Gauge) -> None:
    """The stream keeps events for some months; what it still has of such a run is not the whole."""
    save_run(MetricsStorage(logs), "r-1", {1: True, 2: False})
    with gauge.scope(run="r-1", project="shop"):
        gauge.mark("issue_end", 60_000, success=True, issue="1")
        gauge.mark("run_end", 3_600_000, success=True)
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert (found["total_runs"], found["total_issues_processed"]) == (1, 2)
    without_files = analyzer(logs / "none", gauge).compare_llm_models()["unknown"]
    assert (without_files["total_runs"], without_files["total_issues_processed"]) == (1, 1)


def test_runs_are_of_a_window_and_a_project(logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    for day in range(4):
        save_run(storage, f"r-{day}", {1: True}, day=day)
    inside = analyzer(logs, gauge, since=START + timedelta(days=1), until=START + timedelta(days=3))
    assert inside.run_count == 2
    naive = datetime(2026, 10, 4)  # noqa: DTZ001 - a time without a zone means UTC here
    assert analyzer(logs, gauge, since=naive).run_count == 1
    assert analyzer(logs, gauge, project="shop").run_count == 4
    assert analyzer(logs, gauge, project="another").run_count == 0


def test_a_window_that_is_none_is_refused(logs: Path, gauge: Gauge) -> None:
    with pytest.raises(QueryError, match="the window is empty"):
        analyzer(logs, gauge, since=START, until=START)
    with pytest.raises(QueryError, match="since is a datetime, got str '2026-10-01'"):
        analyzer(logs, gauge, since="2026-10-01")


def test_runs_are_read_once_until_asked_to_read_again(logs: Path, gauge: Gauge) -> None:
    record_run(gauge, "r-1", {1: True})
    asked = analyzer(logs, gauge)
    assert asked.run_count == 1
    record_run(gauge, "r-2", {1: True})
    assert asked.run_count == 1
    asked.refresh()
    assert asked.run_count == 2


def test_one_id_in_two_projects_is_two_runs(logs: Path, gauge: Gauge, tmp_path: Path) -> None:
    storage = MetricsStorage(logs)
    save_run(storage, "r-1", {1: True, 2: True})  # of the project shop
    for project, solved in (("cellar", False), ("attic", True)):
        collector = MetricsCollector("r-1", project, config(), gauge=gauge)
        collector.start_issue(1)
        collector.finalize_issue(1, Status.COMPLETED if solved else Status.FAILED)
        collector.finalize_run()
    asked = analyzer(logs, gauge)
    assert asked.run_count == 3
    assert asked.compare_llm_models()["model-a"]["total_issues_processed"] == 4
    assert analyzer(logs, gauge, project="cellar").compare_llm_models()["model-a"]["avg_success_rate"] == 0
    assert analyzer(tmp_path / "none", gauge).run_count == 2


def test_events_of_a_run_that_name_no_project_belong_to_it(logs: Path, gauge: Gauge) -> None:
    collector = record_run(gauge, "r-1", {1: True})
    with gauge.scope(run="r-1", issue="1"):
        gauge.llm_call("gpt-4o", "openai", input_tokens=1, output_tokens=1, cost_usd="0.40")
    assert collector is not None
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert (found["total_runs"], found["total_cost"]) == (1, pytest.approx(0.50))


def test_a_run_that_only_other_events_name_is_no_run_here(logs: Path, gauge: Gauge) -> None:
    with gauge.scope(run="r-1", issue="1"):
        gauge.llm_call("gpt-4o", "openai", input_tokens=1, output_tokens=1)
    assert analyzer(logs, gauge).run_count == 0


def test_runs_in_memory_are_compared_too(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "false")
    with agentgauge.open() as memory:
        record_run(memory, "r-1", {1: True})
        assert analyzer(logs, memory).run_count == 1
    assert not logs.exists()


# Money and trends


def test_cost_efficiency_ranks_the_cheapest_first_and_the_unknown_apart(logs: Path, gauge: Gauge) -> None:
    record_run(gauge, "dear", {1: True, 2: False}, made_with=config("dear"), cost="1.00", green=[True, False])
    record_run(gauge, "cheap", {1: True, 2: True}, made_with=config("cheap"), cost="0.10", green=[False])
    record_run(gauge, "useless", {1: False}, made_with=config("useless"), cost="0.01")
    record_run(gauge, "unpriced", {1: True}, made_with=config("unpriced"), cost=None)
    found = analyzer(logs, gauge).analyze_cost_efficiency()
    assert [(name, row["rank"]) for name, row in found.items()] == [
        ("cheap", 1),
        ("dear", 2),
        ("useless", None),
        ("unpriced", None),
    ]
    assert found["dear"]["cost_per_resolved_issue"] == pytest.approx(2.0)  # the failed issue included
    assert found["dear"]["cost_per_green_pipeline"] == pytest.approx(2.0)
    assert found["cheap"]["cost_per_green_pipeline"] == math.inf  # none was green
    assert found["useless"]["cost_per_resolved_issue"] == math.inf
    assert math.isnan(found["unpriced"]["cost_per_resolved_issue"])
    assert found["unpriced"]["unpriced_calls"] == 1
    assert set(analyzer(logs, gauge).analyze_cost_efficiency("llm_temperature")) == {"0.7"}


def test_trends_say_whether_runs_get_better(logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    for day in range(10):
        save_run(storage, f"r-{day}", {i: i <= day for i in range(12)}, day=day, cost=0.5 + 0.1 * day)
    trends = analyzer(logs, gauge).analyze_performance_trends()
    assert trends["success_rate"]["trend"] == "improving"
    assert trends["success_rate"]["slope_per_day"] == pytest.approx(100 / 12)
    assert trends["cost"]["trend"] == "degrading"
    assert trends["cost"]["slope_per_day"] == pytest.approx(1.2)
    assert trends["duration"]["trend"] == "stable"
    assert (trends["quality"]["trend"], trends["quality"]["runs"]) == ("insufficient_data", 0)
    assert trends["total_runs"] == 10


def test_fewer_than_seven_runs_are_no_trend(logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    for day in range(6):
        save_run(storage, f"r-{day}", {1: True}, day=day, cost=1.0 + day)
    asked = analyzer(logs, gauge)
    found = asked.analyze_performance_trends()["cost"]
    assert (found["trend"], found["runs"]) == ("insufficient_data", 6)
    assert math.isnan(found["slope_per_day"])
    for day in range(6, 9):
        save_run(storage, f"r-{day}", {1: True}, day=day, cost=1.0 + day)
    asked.refresh()
    assert asked.analyze_performance_trends()["cost"]["trend"] == "degrading"


def test_one_run_that_is_far_out_is_no_trend_and_a_second_says_nothing_of_a_day(logs: Path, gauge: Gauge) -> None:
    """The first run was slow to start; all eight were within a second."""
    runs = [
        run_of({1: True}, started=START + timedelta(milliseconds=100 * n), seconds=seconds)
        for n, seconds in enumerate((0.25, 0.011, 0.012, 0.010, 0.013, 0.011, 0.012, 0.011))
    ]
    duration = {trend.name: trend for trend in run_trends(runs)}["duration"]
    assert duration.trend == "stable"
    assert math.isnan(duration.slope_per_day)
    assert abs(duration.slope_per_run) < 0.001


def test_more_runs_than_are_ranked_are_taken_together() -> None:
    runs = [run_of({1: True}, started=START + timedelta(hours=n), seconds=float(n)) for n in range(2500)]
    duration = {trend.name: trend for trend in run_trends(runs)}["duration"]
    assert (duration.trend, duration.line.n) == ("degrading", 2500)
    assert duration.slope_per_run == pytest.approx(1.0)
    assert duration.slope_per_day == pytest.approx(24.0)


def test_where_there_are_no_runs_the_log_says_where_they_were_looked_for(
    logs: Path, gauge: Gauge, caplog: pytest.LogCaptureFixture
) -> None:
    asked = MetricsAnalyzer(logs / "nosuchdir", gauge=gauge, project="nope")
    assert asked.compare_llm_models() == {}
    assert asked.compare_temperatures() == {}
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("agentgauge", "WARNING")
    assert str(logs / "nosuchdir" / "runs") in record.getMessage()
    assert "runs of project 'nope'" in record.getMessage()


def test_runs_that_do_not_change_have_a_trend_in_five_of_a_hundred_cases() -> None:
    """Success and duration vary by chance; of 400 histories, three binomial errors are allowed."""
    dice = random.Random(20261121)
    histories = 400
    shown = 0
    for _ in range(histories):
        runs = [
            run_of(
                {i: dice.random() < 0.5 for i in range(10)},
                started=START + timedelta(days=day),
                seconds=dice.gauss(600, 60),
            )
            for day in range(12)
        ]
        shown += any(trend.trend in ("improving", "degrading") for trend in run_trends(runs))
    assert shown / histories <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / histories)
