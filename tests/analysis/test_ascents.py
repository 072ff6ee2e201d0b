"""How often rows of values rise by chance."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from scipy.stats import binom

from agentgauge.analysis.ascents import LONGEST, chance_of_rising, p_value_of_risers


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("share", [0.51, 0.6, 0.8, 1.0])
def test_the_chance_is_that_of_all_orders(n: int, share: float) -> None:
    rising = [sum(a < b for a, b in pairwise(order)) >= share * (n - 1) - 1e-9 for order in permutations(range(n))]
    assert chance_of_rising(n, share) == pytest.approx(np.mean(rising), rel=1e-12)


def test_long_rows_hardly_rise_by_chance() -> None:
    assert chance_of_rising(LONGEST, 0.8) < 1e-10
    assert chance_of_rising(10_000, 0.8) == chance_of_rising(LONGEST, 0.8)


def test_half_of_many_steps_rise_by_chance() -> None:
    assert chance_of_rising(4, 0.5) == 0.5
    assert chance_of_rising(LONGEST + 1, 0.5) == 1.0


def test_no_more_risers_than_chance_has_tell_nothing() -> None:
    assert p_value_of_risers(2, 100 / 24, 100) == 1.0
    assert p_value_of_risers(0, 0.0, 0) == 1.0


def test_a_single_long_row_can_tell() -> None:
    chance = chance_of_rising(8, 0.8)
    assert p_value_of_risers(1, chance, 1) == pytest.approx(chance)
    assert p_value_of_risers(1, 3.0, 70) == 1.0


def test_the_p_value_is_the_binomials() -> None:
    assert p_value_of_risers(12, 100 / 24, 100) == pytest.approx(binom.sf(11, 100, 1 / 24), rel=1e-9)


def test_rows_of_chance_are_told_apart_no_oftener_than_asked_for() -> None:
    """1,000 times 100 rows of 4 and 5 lognormal values, tested at 1 %: the share of alarms is at most that, but for
    what 1,000 times scatter (0.3 points)."""
    rng = np.random.default_rng(7)
    chances = 60 * chance_of_rising(4, 0.8) + 40 * chance_of_rising(5, 0.8)
    alarms = 0
    for _ in range(1000):
        risers = sum(
            int((np.diff(rng.lognormal(8.5, 0.6, size=(rows, n)), axis=1) > 0).all(axis=1).sum())
            for rows, n in ((60, 4), (40, 5))
        )
        alarms += p_value_of_risers(risers, chances, 100) < 0.01
    assert alarms <= 10 + 3 * 3.1
