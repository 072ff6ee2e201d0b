"""Percentiles from histograms: interpolated between order statistics, each within 0.991 % of its value.

The same as `agentgauge.summaries.Summary.percentile`, for many groups at once: SQL finds the buckets, here they become
values. The lowest and the highest value are exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from agentgauge.engines.aggregates import rounded_money
from agentgauge.engines.measures import Measure
from agentgauge.summaries.buckets import representative

Ranks = tuple[int, Sequence[tuple[int, int]]]
"""How many values there are, and per percentile the buckets of the order statistics at or below it and above."""


def read_ranks(row: Sequence[Any], width: int) -> tuple[tuple[Any, ...], Ranks]:
    """The group key, `width` columns wide, and what follows it in a row of `select_ranks`."""
    buckets = row[width + 1 :]
    return tuple(row[:width]), (int(row[width] or 0), list(zip(buckets[::2], buckets[1::2], strict=True)))


def percentile(measure: Measure, at: int, ranks: Ranks | None, low: Any, high: Any) -> Any:
    """The value of a percentile, the `at`-th of its series, with the lowest and the highest value of the group; None of
    no values."""
    if ranks is None or not ranks[0] or low is None:
        return None
    count, buckets = ranks
    assert measure.percentile is not None
    rank = (count - 1) * Fraction(repr(measure.percentile)) / 100
    below = math.floor(rank)
    lowest, highest = float(low), float(high)
    first, second = (
        _order_statistic(below + above, count, bucket, lowest, highest) for above, bucket in enumerate(buckets[at])
    )
    value = first if rank == below else first + (second - first) * float(rank - below)
    return rounded_money(value) if measure.target.type == "money" else value


def _order_statistic(rank: int, count: int, bucket: int | None, low: float, high: float) -> float:
    if rank <= 0:
        return low
    if rank >= count - 1 or bucket is None:
        return high
    return min(max(representative(bucket), low), high)
