"""Many tests at once: p-values adjusted so that one false alarm among all of them stays as rare as was asked for
(Holm), or false alarms stay so small a share of all alarms (Benjamini and Hochberg).
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for how many they are, in the order given. NaN, a test that could not be done, stays NaN and
    counts as none.

    Each is multiplied by the number of those that are not smaller, and is at least the adjusted one before it
    (S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979).
    The tests may depend on each other in any way.
    """
    adjusted = [math.nan] * len(p_values)
    known = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    least = 0.0
    for rank, (p, i) in enumerate(known):
        least = max(least, min((len(known) - rank) * p, 1.0))
        adjusted[i] = least
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted so that of those up to a level that share at most is expected to be false; NaN as in `holm`.

    The k-th smallest is multiplied by how many there are over k, and is at most the adjusted one after it (Y. Benjamini
    and Y. Hochberg, "Controlling the false discovery rate", JRSS B 57, 1995). The tests are independent or rise
    together. Where nothing is to be found, the level is also the chance that anything is.
    """
    adjusted = [math.nan] * len(p_values)
    known = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    most = 1.0
    for rank, (p, i) in zip(range(len(known), 0, -1), reversed(known), strict=True):
        most = min(most, p * len(known) / rank)
        adjusted[i] = most
    return adjusted
