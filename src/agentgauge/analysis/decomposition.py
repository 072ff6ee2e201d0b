"""Decomposition: what each of several factors contributes to a change, with nothing left over.

A figure that follows from several factors changes as they do. How much is due to one of them depends on which of the
others have changed before it; its part is the mean over all orders in which they could have, the Shapley value:

    part(i) = sum over S of |S|! (n - |S| - 1)! / n! x (figure(S + i) - figure(S)),   S the sets of factors without i

(Shapley, "A value for n-person games", 1953; for the decomposition of statistics Shorrocks, "Decomposition procedures
for distributional analysis: a unified framework based on the Shapley value", Journal of Economic Inequality 11, 2013;
of two and three factors it is what Sun, "Changes in energy consumption", Energy Economics 20, 1998, calls the complete
decomposition.) The parts add up to the change, they do not depend on the order in which the factors are named, changing
back turns every sign, and a factor that has not changed has no part. Zeros need no care, which logarithmic
decompositions (LMDI) take.

Figures are decimals with 60 digits. Costs 2^n figures of n factors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from math import factorial

import msgspec

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Divides with 60 digits, far below any amount that is kept."""

_ZERO = Decimal(0)


class Part(msgspec.Struct, frozen=True):
    factor: str
    amount: Decimal
    """What the factor contributes to the change, in the unit of the figure."""
    before: float = math.nan
    """The factor itself; NaN where it is not one number, or not known."""
    after: float = math.nan


def shapley(count: int, figure: Callable[[int], Decimal]) -> tuple[Decimal, ...]:
    """The part of each of `count` factors.

    `figure(changed)` is the figure where the factors whose bits are set in `changed` have their later value and the
    others their earlier one.
    """
    figures = [figure(changed) for changed in range(1 << count)]
    weights = [factorial(size) * factorial(count - size - 1) for size in range(count)]
    parts = []
    with localcontext(EXACT):
        for bit in (1 << factor for factor in range(count)):
            without = (changed for changed in range(1 << count) if not changed & bit)
            steps = ((figures[each | bit] - figures[each]) * weights[each.bit_count()] for each in without)
            parts.append(sum(steps, _ZERO) / factorial(count))
    return tuple(parts)


def rounded_to_sum(parts: Sequence[Decimal], whole: Decimal, step: Decimal) -> tuple[Decimal, ...]:
    """Parts that add up to `whole` but for rounding, rounded to multiples of `step` that add up to it exactly.

    `whole` is a multiple of `step`. Each part is rounded to the nearest; what is then missing goes, a step each, to
    those that rounding took most from (the method of the largest remainder), the first of equals first. A part of 0
    stays 0, and parts and whole with their signs turned give the same with the signs turned. Raises `ValueError` where
    they add up to something else.
    """
    with localcontext(EXACT):
        steps = [part / step for part in parts]
        rounded = [int(exact.to_integral_value()) for exact in steps]
        missing = int(whole / step) - sum(rounded)
        if abs(missing) > len(parts):
            raise ValueError(f"parts that add up to {sum(parts, _ZERO)} are not those of {whole}")
        sign = 1 if missing > 0 else -1
        taken = sorted(range(len(parts)), key=lambda at: sign * (rounded[at] - steps[at]))
        for at in taken[: abs(missing)]:
            rounded[at] += sign
        return tuple(step * units for units in rounded)
