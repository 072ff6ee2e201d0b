"""The score of configurations is its published formula, and says where it decides nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import QueryError
from agentgauge.recorder import Gauge
from agentgauge.runs import MetricsAnalyzer, MetricsCollector
from agentgauge.runs.analysis.best import find_best
from agentgauge.runs.analysis.figures import UNKNOWN, Figures, Range
from agentgauge.runs.analysis.records import RunRecord
from agentgauge.runs.analysis.score import DEFAULT_WEIGHTS, scores
from tests.runs.analyzing import config, record_run, run_of


def figures(success: float, cost: float = math.nan, time: float = math.nan, quality: float = math.nan) -> Figures:
    return Figures(
        runs=1,
        processed=10,
        resolved=round(10 * success),
        undecided=0,
        success_rate=Range(success),
        priced_usd=Decimal(0),
        unpriced_calls=0,
        runs_without_cost=0,
        cost_per_run=UNKNOWN,
        cost_per_resolved=Range(cost),
        cost_per_green=UNKNOWN,
        seconds_per_run=math.nan,
        seconds_per_resolved=Range(time),
        tokens=0,
        quality=Range(quality),
        pipelines=0,
        green_pipelines=0,
        debugging_cycles=0,
        errors=0,
    )


# The formula


def test_a_score_is_the_weighted_mean_of_its_components() -> None:
    found = scores([figures(0.8, 1.0, 100.0, 90.0), figures(0.6, 3.0, 100.0, 70.0)])
    # medians: $2.00 and 100 s
    first = 0.5 * 0.8 + 0.2 * 2 / 3 + 0.1 * 0.5 + 0.2 * 0.9
    second = 0.5 * 0.6 + 0.2 * 2 / 5 + 0.1 * 0.5 + 0.2 * 0.7
    assert found.scores == pytest.approx((100 * first, 100 * second))
    assert found.references == {"cost": 2.0, "time": 100.0}
    assert found.weights == pytest.approx(dict(DEFAULT_WEIGHTS))


def test_the_default_weights_add_up_to_one() -> None:
    assert math.fsum(DEFAULT_WEIGHTS.values()) == pytest.approx(1.0)


def test_what_is_not_known_of_one_is_left_out_for_all_so_that_nobody_gains_by_it() -> None:
    found = scores([figures(0.8, 1.0, 100.0), figures(0.8, math.nan, 100.0)])
    assert found.scores[0] == found.scores[1] == pytest.approx(100 * (0.5 * 0.8 + 0.1 * 0.5) / 0.6)
    assert found.left_out == {"cost": (1,), "quality": (0, 1)}
    assert math.fsum(found.weights.values()) == pytest.approx(1.0)


def test_nothing_resolved_scores_nothing_on_cost_and_a_free_model_all() -> None:
    found = scores([figures(0.0, math.inf), figures(0.5, 0.0), figures(0.5, 2.0)], {"cost": 1})
    assert found.scores == pytest.approx((0.0, 100.0, 100 * 1 / 3))  # the median of 0 and 2 is 1


def test_references_make_scores_independent_of_what_is_compared() -> None:
    alone = scores([figures(1.0, 1.0, 60.0)], references={"cost": 3.0, "time": 60.0})
    among = scores([figures(1.0, 1.0, 60.0), figures(1.0, 9.0, 5.0)], references={"cost": 3.0, "time": 60.0})
    assert alone.scores[0] == among.scores[0]


def test_weights_decide_what_counts() -> None:
    by_cost = scores([figures(0.9, 3.0), figures(0.5, 1.0)], {"cost": 1})
    by_success = scores([figures(0.9, 3.0), figures(0.5, 1.0)], {"success": 2, "cost": 0})
    assert by_cost.scores[1] > by_cost.scores[0]
    assert by_success.scores == pytest.approx((90.0, 50.0))


@pytest.mark.parametrize(
    ("weights", "advice"),
    [
        ({"succes": 1.0}, "did you mean success"),
        ({"success": -1.0}, "at least 0"),
        ({"success": math.nan}, "at least 0"),
        ({"success": 0.0}, "above 0"),
        ({}, "above 0"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(weights: dict[str, float], advice: str) -> None:
    with pytest.raises(QueryError, match=advice):
        scores([figures(0.5)], weights)


def test_a_reference_of_nothing_is_refused() -> None:
    with pytest.raises(QueryError, match="above 0, got 0"):
        scores([figures(0.5)], references={"cost": 0})


# The best configuration


@pytest.fixture
def gauge(tmp_path: Path) -> Iterator[Gauge]:
    with agentgauge.open(tmp_path / "home") as opened:
        yield opened


def test_the_best_configuration_is_named_with_the_run_that_resolved_most(tmp_path: Path, gauge: Gauge) -> None:
    good, bad = config("model-a"), config("model-b")
    record_run(gauge, "a-1", {i: i < 15 for i in range(20)}, made_with=good)
    record_run(gauge, "a-2", {i: i < 19 for i in range(20)}, made_with=good)
    record_run(gauge, "b-1", {i: i < 3 for i in range(20)}, made_with=bad)
    found = MetricsAnalyzer(tmp_path, gauge=gauge).find_best_configuration()
    best = found["best_run"]
    assert (best["run_id"], best["config"]["llm_model"], best["config"]["llm_temperature"]) == ("a-2", "model-a", 0.7)
    assert [ranked["config"]["llm_model"] for ranked in found["configurations"]] == ["model-a", "model-b"]
    assert best["score"] == found["configurations"][0]["score"] > found["configurations"][1]["score"]
    assert found["contests"]["success"]["verdict"] == "better"
    assert found["warning"] is None
    assert list(found["left_out"]) == ["quality"]


def test_a_best_that_chance_may_have_made_comes_with_a_warning(tmp_path: Path, gauge: Gauge) -> None:
    record_run(gauge, "a", {i: i < 11 for i in range(20)}, made_with=config("model-a"))
    record_run(gauge, "b", {i: i < 10 for i in range(20)}, made_with=config("model-b"))
    found = MetricsAnalyzer(tmp_path, gauge=gauge).find_best_configuration()
    assert found["best_run"]["run_id"] == "a"
    assert "Not shown better than the next configuration (model-b)" in found["warning"]
    assert "more issues" in found["warning"]


def test_a_best_that_the_weights_made_comes_with_a_warning(tmp_path: Path, gauge: Gauge) -> None:
    """One solves more, the other is cheaper per issue solved: both are shown."""
    record_run(gauge, "able", {i: i < 38 for i in range(40)}, made_with=config("able"), cost="5.00")
    for i in range(3):
        record_run(gauge, f"thrifty-{i}", {i: i < 20 for i in range(40)}, made_with=config("thrifty"), cost="0.01")
    asked = MetricsAnalyzer(tmp_path, gauge=gauge)
    for weights, winner, better, worse in (
        ({"success": 0.9, "cost": 0.1}, "able", "success", "cost"),
        ({"success": 0.1, "cost": 0.9}, "thrifty", "cost", "success"),
    ):
        found = asked.find_best_configuration(weights)
        assert found["best_run"]["config"]["llm_model"] == winner
        assert f"in {better}, worse in {worse}" in found["warning"]


def drawn(model: str, dice: random.Random, ability: float) -> RunRecord:
    """A run over 40 issues, of which only it is known which were resolved."""
    return run_of({i: dice.random() < ability for i in range(40)}, run_id=model, made_with=config(model), calls=0)


def share_shown(abilities: Sequence[float], histories: int = 300) -> float:
    """How often the best is said to be shown better than the next."""
    dice = random.Random(20261121)
    found = [
        find_best([drawn(f"model-{n}", dice, ability) for n, ability in enumerate(abilities)]) for _ in range(histories)
    ]
    return sum(best.warning is None for best in found) / histories


@pytest.mark.parametrize("arms", [2, 4])
def test_among_configurations_that_do_not_differ_a_best_is_hardly_ever_shown(arms: int) -> None:
    """At most 5 %, of 300 histories with their binomial error (three standard errors)."""
    assert share_shown([0.6] * arms) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


def test_a_configuration_that_is_much_better_is_shown_to_be() -> None:
    """95 against 55 % of 40 issues: McNemar's test finds it nearly always."""
    assert share_shown([0.95, 0.55], histories=100) >= 0.9


def test_weights_on_what_nobody_knows_give_no_score(tmp_path: Path, gauge: Gauge) -> None:
    for model in ("model-a", "model-b"):
        record_run(gauge, model, {1: True}, made_with=config(model))
    found = MetricsAnalyzer(tmp_path, gauge=gauge).find_best_configuration({"quality": 1})
    assert math.isnan(found["best_run"]["score"])
    assert len(found["left_out"]["quality"]) == 2
    assert "no score to rank them by" in found["warning"]


def test_a_best_that_is_shown_without_the_cost_of_another_comes_with_a_warning(tmp_path: Path, gauge: Gauge) -> None:
    record_run(gauge, "a", {i: i < 38 for i in range(40)}, made_with=config("model-a"))
    record_run(gauge, "b", {i: i < 9 for i in range(40)}, made_with=config("model-b"), cost=None)
    found = MetricsAnalyzer(tmp_path, gauge=gauge).find_best_configuration()
    assert found["contests"]["success"]["verdict"] == "better"
    assert found["warning"] == "Cost does not count: it is not known of 1 configuration (model-b)."


def test_a_single_configuration_is_better_than_nothing_only(tmp_path: Path, gauge: Gauge) -> None:
    record_run(gauge, "a", {1: True})
    found = MetricsAnalyzer(tmp_path, gauge=gauge).find_best_configuration()
    assert found["best_run"]["run_id"] == "a"
    assert found["warning"].startswith("Only one configuration has results")


def test_a_configuration_without_results_is_not_ranked(tmp_path: Path, gauge: Gauge) -> None:
    record_run(gauge, "a", {1: True}, made_with=config("model-a"))
    MetricsCollector("b", config=config("model-b"), gauge=gauge).finalize_run()
    found = MetricsAnalyzer(tmp_path, gauge=gauge).find_best_configuration()
    assert len(found["configurations"]) == 1
    assert [settings["llm_model"] for settings in found["without_results"]] == ["model-b"]


def test_without_runs_there_is_no_best_and_it_says_where_it_looked(tmp_path: Path, gauge: Gauge) -> None:
    found = MetricsAnalyzer(tmp_path / "logs", gauge=gauge).find_best_configuration()
    assert found["best_run"]["run_id"] is None
    assert math.isnan(found["best_run"]["score"])
    for place in (tmp_path / "home", tmp_path / "logs" / "runs"):
        assert str(place) in found["warning"]


def test_runs_without_an_outcome_give_no_best_and_it_says_what_gives_one(tmp_path: Path, gauge: Gauge) -> None:
    collector = MetricsCollector("a", config=config(), gauge=gauge)
    collector.start_issue(1)
    found = MetricsAnalyzer(tmp_path, gauge=gauge).find_best_configuration()
    assert found["best_run"]["run_id"] is None
    assert "No issue of 1 run has an outcome yet: finalize_issue" in found["warning"]
