"""Why a mean, or a rate, differs from another: within its groups, or because the groups weigh otherwise.

    mean = sum over groups of weight x mean of the group            weight: the group's share of the values

    within(g) = (weight before + weight after) / 2 x (mean after - mean before)
    mix(g)    = (weight after - weight before) x ((mean before + mean after) / 2 - (all before + all after) / 2)

which add up to the change, as the weights add up to 1 (Kitagawa, "Components of a difference between two rates",
Journal of the American Statistical Association 50, 1955; of two factors they are the Shapley values). A group's mix is
positive where it weighs more and lies above the mean of all, or weighs less and lies below it. A group that one of the
windows has not is taken to have had the same mean there: that it came or went is all mix.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

import msgspec

from agentgauge.analysis.decomposition import EXACT, rounded_to_sum

_ZERO = Decimal(0)


class Values(msgspec.Struct, frozen=True):
    """What the values of one group add up to."""

    count: int
    """At least 1."""
    total: Decimal


class GroupPart(msgspec.Struct, frozen=True):
    key: Any
    within: Decimal
    mix: Decimal


class MeanChange(msgspec.Struct, frozen=True):
    """The change of a mean, in its unit. Both amounts add up to it exactly, and so do those of all groups."""

    before: Decimal
    after: Decimal
    within: Decimal
    mix: Decimal
    groups: tuple[GroupPart, ...]
    """In the order of `before`, then those that only `after` has."""


def decompose_mean(before: Mapping[Any, Values], after: Mapping[Any, Values], step: Decimal) -> MeanChange:
    """The change of the mean over all groups, rounded to multiples of `step`.

    Raises `ValueError` where one of the windows has no values.
    """
    counts = [sum(values.count for values in window.values()) for window in (before, after)]
    if not all(counts):
        raise ValueError("a mean of no values does not exist, nor does its change")
    with localcontext(EXACT):
        earlier, later = (
            sum((values.total for values in window.values()), _ZERO) / count
            for window, count in zip((before, after), counts, strict=True)
        )
        centre = (earlier + later) / 2
        keys = tuple(dict.fromkeys((*before, *after)))
        parts: list[Decimal] = []
        for key in keys:
            windows = (before.get(key), after.get(key))
            known = [values.total / values.count for values in windows if values is not None]
            first, second = known[0], known[-1]
            weight, later_weight = (
                Decimal(v.count if v else 0) / count for v, count in zip(windows, counts, strict=True)
            )
            parts.append((weight + later_weight) / 2 * (second - first))
            parts.append((later_weight - weight) * ((first + second) / 2 - centre))
        shown = [(mean / step).to_integral_value() * step for mean in (earlier, later)]
        rounded = rounded_to_sum(parts, shown[1] - shown[0], step)
        within, mix = rounded[0::2], rounded[1::2]
        return MeanChange(
            before=shown[0],
            after=shown[1],
            within=sum(within, _ZERO),
            mix=sum(mix, _ZERO),
            groups=tuple(map(GroupPart, keys, within, mix)),
        )
