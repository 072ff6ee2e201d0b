"""Parts of a change add up to it, whatever the order in which its factors are named."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.analysis.decomposition import rounded_to_sum, shapley

PICO = Decimal("1e-12")
amounts = st.decimals(-(10**6), 10**6, places=15, allow_nan=False)


def product_of(pairs: list[tuple[Decimal, Decimal]]) -> Callable[[int], Decimal]:
    return lambda changed: math.prod(pair[changed >> at & 1] for at, pair in enumerate(pairs))  # type: ignore[return-value]


def test_two_factors_share_their_interaction() -> None:
    """Sun (1998): of a product x y the part of x is dx (y0 + y1) / 2."""
    price, quantity = shapley(2, product_of([(Decimal(2), Decimal(3)), (Decimal(10), Decimal(20))]))
    assert (price, quantity) == (Decimal(15), Decimal(25))


def test_three_factors_as_sun_has_them() -> None:
    """Sun (1998), equation 10: dx y0 z0 + dx (dy z0 + y0 dz) / 2 + dx dy dz / 3."""
    found = shapley(3, product_of([(Decimal(2), Decimal(5)), (Decimal(7), Decimal(11)), (Decimal(3), Decimal(4))]))
    dx, dy, dz = 3, 4, 1
    assert found[0] == Decimal(dx * 7 * 3) + Decimal(dx * (dy * 3 + 7 * dz)) / 2 + Decimal(dx * dy * dz) / 3


def test_shapleys_own_example() -> None:
    """The glove game: one left glove and two right ones, a pair is worth 1. Its values are 4/6, 1/6 and 1/6."""
    worth = shapley(3, lambda players: Decimal(int(bool(players & 1) and bool(players & 6))))
    assert [round(value * 6) for value in worth] == [4, 1, 1]
    assert sum(worth) == pytest.approx(1)


@given(st.lists(st.tuples(amounts, amounts), min_size=3, max_size=3))
def test_a_part_is_the_mean_over_all_orders_of_change(pairs: list[tuple[Decimal, Decimal]]) -> None:
    figure = product_of(pairs)
    sums = [Decimal(0)] * 3
    for order in permutations(range(3)):
        changed = 0
        for factor in order:
            sums[factor] += figure(changed | 1 << factor) - figure(changed)
            changed |= 1 << factor
    for part, total in zip(shapley(3, figure), sums, strict=True):
        assert float(part) == pytest.approx(float(total / 6), rel=1e-9, abs=1e-6)


def test_a_factor_that_does_nothing_has_no_part_and_no_factors_have_none() -> None:
    assert shapley(2, lambda changed: Decimal(changed & 1)) == (Decimal(1), Decimal(0))
    assert shapley(0, lambda changed: Decimal(3)) == ()


class TestRounding:
    @given(st.lists(amounts, min_size=1, max_size=12))
    def test_rounded_parts_add_up_exactly_and_are_within_a_step_of_what_they_were(self, parts: list[Decimal]) -> None:
        whole = sum(parts, Decimal(0)).quantize(PICO)
        rounded = rounded_to_sum(parts, whole, PICO)
        assert sum(rounded) == whole
        assert all(abs(part - exact) <= PICO for part, exact in zip(rounded, parts, strict=True))
        assert all(part == 0 for part, exact in zip(rounded, parts, strict=True) if exact == 0)

    @given(st.lists(amounts, min_size=1, max_size=12, unique=True))
    def test_turning_the_signs_turns_the_signs(self, parts: list[Decimal]) -> None:
        whole = sum(parts, Decimal(0)).quantize(PICO)
        turned = rounded_to_sum([-part for part in parts], -whole, PICO)
        assert [-part for part in turned] == list(rounded_to_sum(parts, whole, PICO))

    def test_parts_of_something_else_are_refused(self) -> None:
        with pytest.raises(ValueError, match="not those of 9"):
            rounded_to_sum([Decimal(1), Decimal(2)], Decimal(9), Decimal(1))

    def test_what_is_missing_goes_to_what_lost_most(self) -> None:
        third = Decimal(1) / 3
        assert rounded_to_sum([third, third, Decimal("0.4")], Decimal(1), Decimal(1)) == (
            Decimal(0),
            Decimal(0),
            Decimal(1),
        )
