"""Summary: what is kept of many numbers, such that summaries of parts merge into the summary of the whole.

`merge` is associative and commutative and `Summary.EMPTY` is its identity: counts and the histogram exactly, sums of
floats to rounding. A summary of a million durations holds a few hundred bucket counts.

The sums here are binary floats, good for durations, scores and distributions. Totals of money are not read from a
summary; the measure `cost` adds them exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from typing import ClassVar

import msgspec

from agentgauge.summaries.buckets import buckets_of, representative


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    count: int = 0
    """How many values."""
    failures: int = 0
    """How many of them belong to events that did not succeed."""
    sum: float = 0.0
    m2: float = 0.0
    """Sum of squared deviations from the mean."""
    min: float | None = None
    max: float | None = None
    histogram: tuple[tuple[int, int], ...] = ()
    """(bucket, count) in ascending order of bucket; see `agentgauge.summaries.buckets`."""

    EMPTY: ClassVar[Summary]

    @classmethod
    def of(cls, values: Iterable[float], failures: int = 0) -> Summary:
        """The summary of finite numbers. Raises `ValueError` where one is not finite or `failures` exceeds their
        count."""
        import numpy as np  # deferred: merging and reading summaries does not need it

        array = np.fromiter(values, dtype=np.float64)
        if not 0 <= failures <= array.size:
            raise ValueError(f"failures is {failures} of {array.size} values")
        if array.size == 0:
            return cls.EMPTY
        if not np.isfinite(array).all():
            raise ValueError(f"values are finite; got {array[~np.isfinite(array)][0]}")
        total = math.fsum(array)
        numbers, counts = np.unique(buckets_of(array), return_counts=True)
        return cls(
            count=int(array.size),
            failures=failures,
            sum=total,
            m2=float(np.square(array - total / array.size).sum()),
            min=float(np.min(array)),
            max=float(np.max(array)),
            histogram=tuple(zip(numbers.tolist(), counts.tolist(), strict=True)),
        )

    def merge(self, other: Summary) -> Summary:
        """The summary of both sets of values together.

        M2 after Chan, Golub, LeVeque: "Updating formulae and a pairwise algorithm for computing sample variances"
        (1979).
        """
        if self.count == 0:
            return other
        if other.count == 0:
            return self
        assert self.min is not None and self.max is not None and other.min is not None and other.max is not None
        count = self.count + other.count
        apart = other.sum / other.count - self.sum / self.count
        return Summary(
            count=count,
            failures=self.failures + other.failures,
            sum=self.sum + other.sum,
            m2=self.m2 + other.m2 + apart * apart * (self.count * other.count / count),
            min=min(self.min, other.min),
            max=max(self.max, other.max),
            histogram=_add(self.histogram, other.histogram),
        )

    @property
    def mean(self) -> float:
        """Arithmetic mean; NaN where there are no values."""
        return self.sum / self.count if self.count else math.nan

    @property
    def std_dev(self) -> float:
        """Sample standard deviation; 0.0 of one value, NaN of none."""
        if self.count < 2:
            return 0.0 if self.count else math.nan
        return math.sqrt(self.m2 / (self.count - 1))

    @property
    def success_rate(self) -> float:
        """Share of the values that belong to events that succeeded, 0-1; NaN where there are no values."""
        return (self.count - self.failures) / self.count if self.count else math.nan

    def percentile(self, p: float) -> float:
        """The p-th percentile, `p` in 0-100, interpolated between order statistics as numpy's default does; NaN of no
        values.

        Each order statistic is within 0.991 % of its value, so the result is too, unless it lies between two values of
        opposite sign, where the error is that share of the larger magnitude. The lowest and the highest are exact.
        """
        if not 0 <= p <= 100:
            raise ValueError(f"a percentile is 0-100, got {p}")
        if self.count == 0:
            return math.nan
        rank = (self.count - 1) * p / 100
        below = math.floor(rank)
        low = self._order_statistic(below)
        if rank == below:
            return low
        high = self._order_statistic(below + 1)
        return low + (high - low) * (rank - below)

    def _order_statistic(self, rank: int) -> float:
        """The value that `rank` others (from 0) precede in ascending order."""
        assert self.min is not None and self.max is not None
        if rank <= 0:
            return self.min
        if rank >= self.count - 1:
            return self.max
        reached = accumulate(count for _, count in self.histogram)
        bucket = next(bucket for (bucket, _), upto in zip(self.histogram, reached, strict=True) if upto > rank)
        return min(max(representative(bucket), self.min), self.max)


Summary.EMPTY = Summary()


def _add(left: tuple[tuple[int, int], ...], right: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    counts = dict(left)
    for bucket, count in right:
        counts[bucket] = counts.get(bucket, 0) + count
    return tuple(sorted(counts.items()))
