"""Arms against each other: what is said, to whom it is fair, and that little data says little."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower

from agentgauge.analysis import pairs
from agentgauge.analysis.comparison import Comparison, Pair, compare_arms
from agentgauge.analysis.pairs import Kind, Observation

Figures = Sequence[float]
KINDS: tuple[Kind, ...] = ("binary", "number", "ratio")


def observed(values: Figures, weights: Figures | None = None) -> list[Observation]:
    return [
        Observation(f"u{i}", float(value), 1.0 if weights is None else float(weights[i]))
        for i, value in enumerate(values)
    ]


def shares(**successes: tuple[int, int]) -> dict[str, list[Observation]]:
    return {arm: observed([1] * won + [0] * (n - won)) for arm, (won, n) in successes.items()}


def compared(
    arms: Mapping[str, Sequence[Observation]], kind: Kind = "binary", *, lower: bool = False, paired: bool = False
) -> Comparison:
    return compare_arms(arms, metric="m", unit="issue", kind=kind, lower_is_better=lower, paired=paired)


def only(comparison: Comparison) -> Pair:
    (pair,) = comparison.pairs
    return pair


class TestWhatIsSaid:
    def test_the_document_begins_with_the_documented_keys_in_their_order(self) -> None:
        document = msgspec.to_builtins(compared(shares(a=(31, 50), b=(24, 50))))
        assert list(document)[:5] == ["metric", "unit", "arms", "pairs", "winner"]
        assert list(document["arms"][0]) == ["name", "n", "mean", "ci_low", "ci_high"]
        figures = ["difference", "ci_low", "ci_high", "effect_size", "p_value", "p_adjusted"]
        documented = ["a", "b", *figures, "method", "verdict", "needed_n"]
        assert list(document["pairs"][0])[: len(documented)] == documented

    def test_every_arm_is_there_and_every_pair_once(self) -> None:
        found = compared(shares(a=(1, 5), b=(2, 5), c=(3, 5), d=(4, 5)))
        assert [(arm.name, arm.n, arm.mean) for arm in found.arms] == [
            ("a", 5, 0.2),
            ("b", 5, 0.4),
            ("c", 5, 0.6),
            ("d", 5, 0.8),
        ]
        assert [(pair.a, pair.b) for pair in found.pairs] == [
            ("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d"),
        ]  # fmt: skip

    def test_verdicts_are_of_a_and_follow_what_is_better(self) -> None:
        arms = shares(a=(45, 50), b=(20, 50))
        assert only(compared(arms)).verdict == "better"
        assert only(compared(arms, lower=True)).verdict == "worse"
        assert only(compared(shares(a=(20, 50), b=(45, 50)))).verdict == "worse"

    def test_a_winner_is_shown_better_than_every_other(self) -> None:
        assert compared(shares(a=(20, 50), b=(48, 50), c=(22, 50))).winner == "b"
        assert compared(shares(a=(20, 50), b=(48, 50), c=(46, 50))).winner is None
        assert compared(shares(a=(48, 50))).winner is None
        assert compared(shares(a=(20, 50), b=(48, 50), c=(22, 50)), lower=True).winner is None

    def test_p_values_are_adjusted_for_the_pairs_that_were_tested(self) -> None:
        arms = shares(a=(31, 50), b=(24, 50))
        alone = only(compared(arms))
        assert alone.p_adjusted == alone.p_value
        among = compared(arms | shares(c=(27, 50), d=(0, 0))).pairs
        tested = [pair for pair in among if not math.isnan(pair.p_value)]
        assert len(tested) == 3
        assert min(tested, key=lambda pair: pair.p_value).p_adjusted == pytest.approx(3 * alone.p_value)

    def test_the_effect_of_numbers_is_hedges_g(self) -> None:
        # Two groups of Hedges and Olkin's formula by hand: d = 1 / s_pooled, J(8) = 0.9027.
        a, b = [3.0, 4.0, 5.0, 6.0, 7.0], [2.0, 3.0, 4.0, 5.0, 6.0]
        assert only(compared({"a": observed(a), "b": observed(b)}, "number")).effect_size == pytest.approx(
            0.9027 / math.sqrt(2.5), abs=1e-4
        )

    def test_a_cost_per_success_counts_what_failures_cost(self) -> None:
        arms = {"a": observed([1, 2, 3], [1, 0, 1]), "b": observed([4, 4], [1, 1])}
        found = compared(arms, "ratio", lower=True)
        assert [arm.mean for arm in found.arms] == [3.0, 4.0]
        assert only(found).difference == -1.0

    def test_an_arm_that_never_succeeds_is_worse_though_its_cost_per_success_is_no_number(self) -> None:
        random = np.random.default_rng(1)
        cost = random.lognormal(0, 0.5, 30)
        arms = {"a": observed(cost, [0] * 30), "b": observed(cost[::-1], [1] * 30)}
        found = compared(arms, "ratio", lower=True)
        assert math.isnan(found.arms[0].mean)
        assert math.isnan(only(found).difference)
        assert (only(found).verdict, found.winner) == ("worse", "b")

    @pytest.mark.parametrize("paired", [False, True])
    def test_where_no_arm_succeeds_at_all_there_is_no_cost_per_success_to_compare(self, paired: bool) -> None:
        arms = {"a": observed([1, 2, 3, 4] * 3, [0] * 12), "b": observed([2, 3, 4, 9] * 3, [0] * 12)}
        found = compared(arms, "ratio", lower=True, paired=paired)
        pair = only(found)
        assert (pair.verdict, pair.method, pair.n_a, found.winner) == ("no difference shown", "none", 12, None)
        assert math.isnan(pair.p_value)
        assert pair.needed_n is None

    def test_the_same_arms_give_the_same_answer(self) -> None:
        random = np.random.default_rng(2)
        arms = {name: observed(random.lognormal(0, 1, 30)) for name in "ab"}
        assert compared(arms, "number") == compared(arms, "number")


class TestPairs:
    def test_units_are_paired_by_name_and_the_rest_left_out(self) -> None:
        a = [Observation("x", 1), Observation("y", 5), Observation("only a", 100)]
        b = [Observation("y", 3), Observation("only b", -100), Observation("x", 2)]
        pair = only(compared({"a": a, "b": b}, "number", paired=True))
        assert (pair.n_a, pair.n_b, pair.shared, pair.difference) == (2, 2, 2, 0.5)

    def test_pairing_finds_what_the_spread_between_units_hides(self) -> None:
        random = np.random.default_rng(3)
        unit = random.lognormal(0, 1.5, 40)
        arms = {"a": observed(unit * random.lognormal(-0.3, 0.2, 40)), "b": observed(unit)}
        assert only(compared(arms, "number", lower=True)).verdict == "no difference shown"
        assert only(compared(arms, "number", lower=True, paired=True)).verdict == "better"

    def test_binary_pairs_go_by_the_units_on_which_they_differ(self) -> None:
        a = observed([1] * 30 + [1] * 12 + [0] * 3 + [0] * 15)
        b = observed([1] * 30 + [0] * 12 + [1] * 3 + [0] * 15)
        pair = only(compared({"a": a, "b": b}, paired=True))
        assert pair.p_value == pytest.approx(stats.binomtest(3, 15).pvalue)
        assert pair.difference == pytest.approx(9 / 60)
        assert pair.method == "exact McNemar; Bonett-Price"

    def test_ratios_are_paired_by_unit_too(self) -> None:
        random = np.random.default_rng(4)
        unit, won = random.lognormal(0, 1.5, 40), random.random(40) < 0.7
        arms = {"a": observed(unit * 0.7, won), "b": observed(unit * random.lognormal(0, 0.1, 40), won)}
        apart, together = (only(compared(arms, "ratio", lower=True, paired=paired)) for paired in (False, True))
        assert (apart.verdict, together.verdict) == ("no difference shown", "better")
        assert together.ci_high - together.ci_low < (apart.ci_high - apart.ci_low) / 2
        assert together.ci_low < together.difference < together.ci_high < 0


class TestUnitsNeeded:
    def test_shares_need_what_cohen_says(self) -> None:
        # Cohen, 1988, table 6.4.1: 392 units an arm find h = 0.20 at 5 % in 80 of 100 cases.
        first, second = math.sin(math.pi / 4 + 0.05) ** 2, math.sin(math.pi / 4 - 0.05) ** 2
        pair = only(compared(shares(a=(round(first * 1000), 1000), b=(round(second * 1000), 1000)), lower=True))
        assert pair.effect_size == pytest.approx(0.2, abs=0.002)
        few = only(compared(shares(a=(round(first * 100), 100), b=(round(second * 100), 100))))
        assert few.needed_n is not None
        assert few.needed_n + 100 == pytest.approx(392 * (0.2 / few.effect_size) ** 2, rel=0.01)

    def test_adding_so_many_shows_the_difference_in_eight_of_ten_cases(self) -> None:
        random = np.random.default_rng(5)
        a, b = random.normal(0, 1, 30), random.normal(0.4, 2, 20)
        pair = only(compared({"a": observed(a), "b": observed(b)}, "number"))
        assert pair.verdict == "no difference shown"
        assert pair.needed_n is not None
        shown = 0
        for _ in range(400):
            more_a = random.normal(0, a.std(ddof=1), 30 + pair.needed_n)
            more_b = random.normal(pair.difference, b.std(ddof=1), 20 + pair.needed_n)
            shown += stats.ttest_ind(more_a, more_b, equal_var=False).pvalue <= 0.05
        assert shown / 400 == pytest.approx(0.8, abs=0.06)  # three standard errors of 400 draws

    def test_several_pairs_need_more_units_than_one(self) -> None:
        arms = shares(a=(31, 50), b=(24, 50))
        alone, among = only(compared(arms)).needed_n, compared(arms | shares(c=(28, 50))).pairs[0].needed_n
        assert alone is not None
        assert among is not None
        assert (alone, among) == (147, 213)

    def test_what_is_shown_needs_none_and_no_difference_cannot_be_shown(self) -> None:
        assert only(compared(shares(a=(45, 50), b=(20, 50)))).needed_n == 0
        assert only(compared(shares(a=(25, 50), b=(25, 50)))).needed_n is None

    def test_what_is_not_shown_needs_one_at_least(self) -> None:
        assert only(compared(shares(a=(2, 2), b=(0, 2)))).needed_n == 1

    @pytest.mark.parametrize(
        ("kind", "paired", "needed"),
        # All against nothing is shown of three units an arm by mid-p, 1 / 20, of four by exchanges, 2 / 70, and of six
        # pairs, 2 / 64.
        [("binary", False, 2), ("number", False, 2), ("binary", True, 5), ("number", True, 4)],
    )
    def test_fewer_units_than_can_show_anything_are_not_said_to_show_it(
        self, kind: Kind, paired: bool, needed: int
    ) -> None:
        a, b = ([1], [0]) if kind == "binary" else ([9, 10], [1, 1.5])
        alone = pairs.contrast(observed(a), observed(b), kind, paired, 0.95)
        spread = msgspec.structs.replace(alone, size=1.0, variance_a=0.01, variance_b=0.0)
        assert spread.needed(0.05) == needed

    @pytest.mark.parametrize(("effect", "ratio"), [(0.3, 1.0), (0.5, 1.0), (0.5, 2.0)])
    def test_numbers_need_about_what_statsmodels_says(self, effect: float, ratio: float) -> None:
        # By Student's t, where we go by the normal distribution: a unit or two of an arm more.
        size = round(TTestIndPower().solve_power(effect, alpha=0.05, power=0.8, ratio=ratio))
        have_a, have_b = 5, 5 + round((ratio - 1) * size)
        found = pairs.Contrast(
            difference=effect, ci_low=-1, ci_high=2, effect_size=effect, p_value=0.5, method="m", direction=effect,
            n_a=have_a, n_b=have_b, shared=0, mean_a=effect, mean_b=0, size=effect, variance_a=1, variance_b=1,
            paired=False,
        )  # fmt: skip
        needed = found.needed(0.05)
        assert needed is not None
        assert have_a + needed == pytest.approx(size, abs=2)

    @pytest.mark.parametrize("kind", ["number", "ratio"])
    def test_a_pair_has_the_figures_that_its_difference_is_between(self, kind: Kind) -> None:
        a, b = [pairs.Observation(str(n), 2.0 * n) for n in range(8)], [pairs.Observation(str(n), n) for n in range(4)]
        apart, paired = (pairs.contrast(a, b, kind, together, 0.95) for together in (False, True))
        assert (apart.mean_a, apart.mean_b) == (7.0, 1.5)
        assert (paired.mean_a, paired.mean_b, paired.difference) == (3.0, 1.5, 1.5)

    def test_shares_need_what_statsmodels_says(self) -> None:
        pair = only(compared(shares(a=(28, 50), b=(24, 50))))
        size = NormalIndPower().solve_power(pair.effect_size, alpha=0.05, power=0.8)
        assert pair.needed_n == math.ceil(size) - 50


LITTLE: tuple[tuple[Figures, Figures], ...] = (
    ([], []),
    ([1], []),
    ([1], [0]),
    ([1], [0, 1]),
    ([1, 1], [0, 0]),
    ([1, 0], [0, 1]),
    ([1, 1, 1], [1, 1, 1]),
    ([0, 0, 0], [0, 0, 0]),
)


class TestLittleData:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("paired", [False, True])
    @pytest.mark.parametrize(("a", "b"), LITTLE)
    def test_little_shows_nothing_and_fails_at_nothing(self, kind: Kind, paired: bool, a: Figures, b: Figures) -> None:
        found = compared({"a": observed(a), "b": observed(b)}, kind, paired=paired)
        assert only(found).verdict == "no difference shown"
        assert found.winner is None
        for figure in (*found.arms, only(found)):
            assert not figure.ci_low > figure.ci_high

    @pytest.mark.parametrize("kind", KINDS)
    def test_arms_without_units_have_no_figures(self, kind: Kind) -> None:
        found = compared({"a": observed([]), "b": observed([1, 0, 1])}, kind)
        document: Any = msgspec.json.decode(msgspec.json.encode(found))
        assert document["arms"][0] == {"name": "a", "n": 0, "mean": None, "ci_low": None, "ci_high": None}
        assert document["pairs"][0]["p_value"] is None
        assert document["pairs"][0]["method"] == "none"

    def test_ten_that_all_succeed_against_ten_that_all_fail_differ(self) -> None:
        for kind in KINDS[:2]:
            assert only(compared({"a": observed([1] * 10), "b": observed([0] * 10)}, kind)).verdict == "better"

    @pytest.mark.parametrize("scale", [1e-150, 1e150])
    def test_no_size_of_figures_makes_it_fail(self, scale: float) -> None:
        random = np.random.default_rng(6)
        arms = {name: observed(random.exponential(1, 12) * scale) for name in "ab"}
        for kind in KINDS[1:]:
            for paired in (False, True):
                pair = only(compared(arms, kind, paired=paired))
                assert 0 < pair.p_value <= 1
                assert pair.ci_low <= pair.difference <= pair.ci_high


class TestRefusals:
    @pytest.mark.parametrize(
        ("observations", "kind"),
        [
            ([Observation("x", 1), Observation("x", 0)], "binary"),
            ([Observation("x", 0.5)], "binary"),
            ([Observation("x", math.nan)], "number"),
            ([Observation("x", 1, math.inf)], "ratio"),
            ([Observation("x", 1, -1)], "ratio"),
        ],
    )
    def test_what_is_no_observation_is_refused(self, observations: list[Observation], kind: Kind) -> None:
        with pytest.raises(ValueError, match="'x'"):
            compared({"a": observations, "b": observed([1, 0])}, kind)

    def test_a_confidence_is_between_0_and_1(self) -> None:
        with pytest.raises(ValueError, match="95"):
            compare_arms({}, metric="m", unit="u", kind="binary", lower_is_better=False, confidence=95)


class TestErrorRates:
    def test_cost_per_success_is_called_different_where_it_is_not_about_as_often_as_asked_for(self) -> None:
        random = np.random.default_rng(7)
        found, covered = [], []
        for _ in range(1000):
            arms = []
            for _arm in "ab":
                won = (random.random(30) < 0.7).astype(float)
                arms.append(observed(random.lognormal(-0.5, 1, 30) * (1.5 - 0.5 * won), won))
            against = pairs.contrast(*arms, "ratio", False, 0.95, exchanges=199)
            found.append(against.p_value <= 0.05)
            covered.append(against.ci_low <= 0 <= against.ci_high)
        # 1,000 draws of 0.05 are at most 0.071, of 0.93 to 0.97 from 0.906 to 0.986, in 997 of 1,000 cases.
        assert np.mean(found) <= 0.071
        assert 0.906 <= np.mean(covered) <= 0.986

    def test_among_several_equal_arms_a_difference_is_rarely_found(self) -> None:
        random = np.random.default_rng(8)
        wrong = 0
        for _ in range(300):
            arms = {str(i): observed(random.random(40) < 0.5) for i in range(5)}
            wrong += any(pair.verdict != "no difference shown" for pair in compared(arms).pairs)
        # 300 draws of 0.05 are at most 0.088 in 997 of 1,000 cases.
        assert wrong / 300 <= 0.088
