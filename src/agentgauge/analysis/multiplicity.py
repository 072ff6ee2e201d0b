"""Many tests at once: p-values adjusted so that one false alarm among all of them stays as rare as was asked for."""

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
