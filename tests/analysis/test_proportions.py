"""Shares: against published values and SciPy, and their error rates by going through every outcome."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import binom, multinomial
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportion_effectsize

from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.proportions import agresti_caffo, bonett_price, cohen_h, fisher_mid_p, mcnemar_exact, wilson


def test_wilson_limits_are_those_published() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998, table I:
    # method 3 of 81/263, 15/148, 0/20 and 1/29.
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (successes, n), limits in published.items():
        assert wilson(successes, n, 0.95) == pytest.approx(limits, abs=5e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (3, 5), (5, 5), (40, 90)])
def test_wilson_limits_are_scipys(successes: int, n: int) -> None:
    expected = stats.binomtest(successes, n).proportion_ci(0.9, method="wilson")
    assert wilson(successes, n, 0.9) == pytest.approx((expected.low, expected.high))


def test_the_limits_of_a_difference_are_wald_limits_with_a_success_and_a_failure_more_each() -> None:
    low, high = agresti_caffo(14, 20, 6, 20, 0.95)
    first, second = 15 / 22, 7 / 22
    margin = 1.959964 * math.sqrt(first * (1 - first) / 22 + second * (1 - second) / 22)
    assert (low, high) == pytest.approx((first - second - margin, first - second + margin))
    assert agresti_caffo(3, 3, 0, 3, 0.95)[1] == 1.0


def test_fishers_p_is_scipys_less_half_of_what_is_as_likely_as_the_table() -> None:
    for table in ([[8, 2], [3, 9]], [[1, 9], [11, 3]], [[0, 5], [4, 1]]):
        (a, b), (c, d) = table
        whole = stats.fisher_exact(table).pvalue
        possible = stats.hypergeom.pmf(range(a + b + 1), a + b + c + d, a + c, a + b)
        own = possible[a]
        as_likely = possible[np.isclose(possible, own)].sum()
        assert fisher_mid_p(a, a + b, c, c + d) == pytest.approx(whole - as_likely / 2)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("first", "n", "second", "m"), [(14, 20, 6, 20), (1, 9, 40, 90), (7, 7, 2, 11), (0, 5, 0, 8)])
def test_limits_and_effects_of_shares_are_those_of_statsmodels(
    first: int, n: int, second: int, m: int, confidence: float
) -> None:
    alpha = 1 - confidence
    own = proportion_confint(first, n, alpha=alpha, method="wilson")
    assert wilson(first, n, confidence) == pytest.approx(own, abs=1e-12)
    low, high = confint_proportions_2indep(first, n, second, m, method="agresti-caffo", compare="diff", alpha=alpha)
    assert agresti_caffo(first, n, second, m, confidence) == pytest.approx((max(low, -1), min(high, 1)), abs=1e-12)
    assert cohen_h(first / n, second / m) == pytest.approx(proportion_effectsize(first / n, second / m))


@pytest.mark.parametrize(("b", "c"), [(0, 1), (1, 9), (5, 5), (0, 6), (12, 30), (300, 350)])
def test_mcnemars_p_is_that_of_statsmodels(b: int, c: int) -> None:
    assert mcnemar_exact(b, c) == pytest.approx(mcnemar([[17, b], [c, 4]], exact=True).pvalue)


def test_holms_adjusted_p_values_are_those_of_statsmodels() -> None:
    random = np.random.default_rng(8)
    for count in (1, 2, 3, 10, 45):
        p_values = np.round(random.beta(0.4, 2, count), 3)  # some are equal
        assert holm(list(p_values)) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_a_table_that_its_margins_leave_alone_shows_nothing() -> None:
    assert fisher_mid_p(5, 5, 7, 7) == 1.0
    assert fisher_mid_p(0, 5, 0, 7) == 1.0


def test_mcnemars_p_is_the_binomial_one_of_what_differs() -> None:
    for b, c in ((1, 9), (5, 5), (0, 6), (12, 30)):
        assert mcnemar_exact(b, c) == pytest.approx(min(stats.binomtest(min(b, c), b + c).pvalue, 1))
    assert mcnemar_exact(0, 0) == 1.0


def test_the_limits_of_a_paired_difference_are_wald_limits_with_one_unit_more_either_way() -> None:
    low, high = bonett_price(9, 3, 60, 0.95)
    margin = 1.959964 * math.sqrt((14 / 62 - (6 / 62) ** 2) / 62)
    assert (low, high) == pytest.approx((6 / 62 - margin, 6 / 62 + margin))


def test_an_effect_is_cohens() -> None:
    # Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988, table 6.2.2: phi of .50 and .21 is 1.571
    # and 0.952.
    assert cohen_h(0.50, 0.21) == pytest.approx(1.571 - 0.952, abs=1e-3)
    assert cohen_h(0.2, 0.2) == 0


def test_of_no_units_nothing_is_known() -> None:
    for limits in (wilson(0, 0, 0.95), agresti_caffo(0, 0, 1, 2, 0.95), bonett_price(0, 0, 0, 0.95)):
        assert all(map(math.isnan, limits))
    assert math.isnan(fisher_mid_p(0, 0, 1, 2))


SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)


@pytest.mark.parametrize(("n", "m"), [(10, 10), (10, 30), (25, 25), (40, 40)])
def test_a_difference_is_found_where_there_is_none_in_six_of_a_hundred_at_most(n: int, m: int) -> None:
    rejected = np.array([[fisher_mid_p(x, n, y, m) <= 0.05 for y in range(m + 1)] for x in range(n + 1)])
    for share in SHARES:
        assert binom.pmf(range(n + 1), n, share) @ rejected @ binom.pmf(range(m + 1), m, share) <= 0.06


@pytest.mark.parametrize("n", [10, 25, 60])
def test_a_paired_difference_is_found_where_there_is_none_in_five_of_a_hundred_at_most(n: int) -> None:
    for differing in (0.1, 0.3, 0.6, 1.0):
        found = sum(
            binom.pmf(k, n, differing) * binom.pmf(b, k, 0.5)
            for k in range(n + 1)
            if binom.pmf(k, n, differing) > 1e-9
            for b in range(k + 1)
            if mcnemar_exact(b, k - b) <= 0.05
        )
        assert found <= 0.05


@pytest.mark.parametrize("n", [20, 50, 150])
def test_intervals_of_a_difference_cover_it_in_about_95_of_100(n: int) -> None:
    limits = np.array([[agresti_caffo(x, n, y, n, 0.95) for y in range(n + 1)] for x in range(n + 1)])
    covered = []
    for first in SHARES:
        for second in SHARES:
            holds = (limits[..., 0] <= first - second) & (first - second <= limits[..., 1])
            covered.append(binom.pmf(range(n + 1), n, first) @ holds @ binom.pmf(range(n + 1), n, second))
    assert min(covered) >= 0.935
    assert 0.945 <= np.mean(covered) <= 0.965


@pytest.mark.parametrize("n", [20, 50, 100])
def test_intervals_of_a_paired_difference_cover_it_in_about_95_of_100(n: int) -> None:
    tables = [(b, c, n - b - c) for b in range(n + 1) for c in range(n + 1 - b)]
    limits = np.array([bonett_price(b, c, n, 0.95) for b, c, _ in tables])
    covered = []
    for b, c in ((0.1, 0.1), (0.2, 0.1), (0.3, 0.1), (0.25, 0.25)):
        holds = (limits[:, 0] <= b - c) & (b - c <= limits[:, 1])
        covered.append(multinomial.pmf(tables, n, [b, c, 1 - b - c])[holds].sum())
    assert min(covered) >= 0.935
    assert np.mean(covered) <= 0.97


def test_holms_adjusted_p_values_are_those_of_r() -> None:
    # R 4.3: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_test_that_could_not_be_done_is_no_test_to_adjust_for() -> None:
    first, missing, last = holm([0.02, math.nan, 0.03])
    assert (first, last) == (0.04, 0.04)
    assert math.isnan(missing)
