"""A rate or mean changes within its groups, or because they weigh otherwise."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.analysis.decomposition_mean import Values, decompose_mean

STEP = Decimal("1e-12")


def rates(**groups: tuple[int, int]) -> dict[Any, Values]:
    """Groups of (how many, how many of them count)."""
    return {name: Values(count, Decimal(total)) for name, (count, total) in groups.items()}


def test_rates_that_rise_in_every_group_are_a_change_within() -> None:
    change = decompose_mean(rates(a=(10, 5), b=(10, 2)), rates(a=(20, 12), b=(20, 6)), STEP)
    assert (change.before, change.after) == (Decimal("0.35"), Decimal("0.45"))
    assert (change.within, change.mix) == (Decimal("0.1"), Decimal(0))


def test_groups_that_weigh_otherwise_are_a_change_of_mix() -> None:
    change = decompose_mean(rates(easy=(80, 80), hard=(20, 10)), rates(easy=(50, 50), hard=(50, 25)), STEP)
    assert (change.within, change.mix) == (Decimal(0), Decimal("-0.15"))


def test_simpsons_paradox_is_taken_apart() -> None:
    """Each group gets better while the whole gets worse.

    Kidney stones, Charig and others, British Medical Journal 292, 1986: open surgery 81/87 and 192/263, percutaneous
    234/270 and 55/80. From percutaneous to open both kinds of stones fare better, and all together worse.
    """
    before, after = rates(small=(270, 234), large=(80, 55)), rates(small=(87, 81), large=(263, 192))
    change = decompose_mean(before, after, STEP)
    assert change.after - change.before == pytest.approx(Decimal(273 - 289) / 350)
    assert change.within > 0 > change.mix
    assert all(part.within > 0 for part in change.groups)
    # By hand, Kitagawa (1955): the mean weight of a group times the change of its rate.
    by_hand = (270 / 350 + 87 / 350) / 2 * (81 / 87 - 234 / 270) + (80 / 350 + 263 / 350) / 2 * (192 / 263 - 55 / 80)
    assert float(change.within) == pytest.approx(by_hand)


def test_a_group_that_came_or_went_is_all_mix() -> None:
    change = decompose_mean(rates(a=(10, 5)), rates(a=(10, 5), new=(10, 10)), STEP)
    assert (change.within, change.mix) == (Decimal(0), Decimal("0.25"))
    assert [part.key for part in change.groups] == ["a", "new"]


def test_means_of_anything_are_taken_apart_too() -> None:
    before = {"a": Values(2, Decimal("3.5")), "b": Values(2, Decimal(100))}
    after = {"a": Values(3, Decimal("5.25")), "b": Values(1, Decimal(50))}
    change = decompose_mean(before, after, STEP)
    assert (change.within, change.mix) == (Decimal(0), change.after - change.before)


groups = st.dictionaries(
    st.sampled_from(("a", "b", "c", None)),
    st.builds(Values, st.integers(1, 1000), st.integers(-(10**9), 10**9).map(lambda total: Decimal(total) / 7)),
    min_size=1,
)


@given(groups, groups)
def test_parts_add_up_exactly_and_turn_their_signs(before: dict[Any, Values], after: dict[Any, Values]) -> None:
    change, back = decompose_mean(before, after, STEP), decompose_mean(after, before, STEP)
    assert change.within + change.mix == change.after - change.before
    assert sum(part.within for part in change.groups) == change.within
    assert sum(part.mix for part in change.groups) == change.mix
    assert (back.within, back.mix) == (-change.within, -change.mix)


def test_a_window_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        decompose_mean({}, rates(a=(1, 1)), STEP)
