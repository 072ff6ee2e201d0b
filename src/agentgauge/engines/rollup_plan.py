"""Whether rollups can answer a query, and from which level of them.

They can where every group key and filter is the kind or a dimension that rollups tell apart, every measure follows from
their figures, and every bucket of time is made of whole rows. Percentiles come from histograms, which are by one
dimension at most, so only where the query permits answers that are within 1 %.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agentgauge.engines.measures import Measure
from agentgauge.engines.query import Filter, Query, TimeBucket
from agentgauge.engines.rollup_aggregates import KEYS, Merged, counted, merged
from agentgauge.engines.time_buckets import DAY, SECOND, OffsetSpan
from agentgauge.lake.rollups.figures import DIMENSIONS, VALUES

_QUARTER, _HALF_HOUR, HOUR = 900 * SECOND, 1800 * SECOND, 3600 * SECOND
_CALENDAR = ("day", "week", "month")


class RollupPlan(msgspec.Struct, frozen=True):
    measures: tuple[Merged, ...]
    """One per measure of the query."""
    dimensions: tuple[str, ...]
    """Those that groups, filters and measures name."""
    filters: tuple[Filter, ...]
    """Those on the kind and the dimensions."""
    having: str
    """A value that an event must have to count; '' for none."""
    percentiles: tuple[Measure, ...]
    histograms: tuple[Measure, ...]

    @property
    def from_histograms(self) -> tuple[Measure, ...]:
        """The measures that sums do not answer."""
        return (*self.percentiles, *self.histograms)

    @property
    def dimension(self) -> str:
        """The one dimension of a plan with measures `from_histograms`; '' for none."""
        return self.dimensions[0] if self.dimensions else ""


def plan_of(query: Query) -> RollupPlan | None:
    """How rollups answer a query, buckets of time aside; None where they cannot."""
    if query.relation != "events" or query.after is not None:
        return None
    keys = [key for key in query.group if isinstance(key, str)]
    filters = tuple(condition for condition in query.filters if condition.field in KEYS)
    others = [condition for condition in query.filters if condition.field not in KEYS]
    having = _having(others, query.measures)
    if having is None or not all(key in KEYS for key in keys):
        return None
    measures = [_merged(measure, having) for measure in query.measures]
    if None in measures:
        return None
    named = {*keys, *(condition.field for condition in filters), *(measure.field for measure in query.measures)}
    dimensions = tuple(name for name in DIMENSIONS if name in named)
    percentiles = tuple(measure for measure in query.measures if measure.percentile is not None)
    histograms = tuple(measure for measure in query.measures if measure.statistic == "histogram")
    if (percentiles and query.exact) or ((percentiles or histograms) and len(dimensions) > 1):
        return None
    return RollupPlan(
        measures=tuple(one for one in measures if one is not None),
        dimensions=dimensions,
        filters=filters,
        having=having,
        percentiles=percentiles,
        histograms=histograms,
    )


def _having(conditions: Sequence[Filter], measures: Sequence[Measure]) -> str | None:
    """The value that the one condition on something else asks for; '' without one, None where rollups cannot tell."""
    if not conditions:
        return ""
    (first, *others) = conditions
    if others or first.op != "is not null" or first.field not in VALUES:
        return None
    # Of events with the value they know how many there are and what the values are, and nothing else.
    known = all(measure.field == first.field or _counts_all(measure) for measure in measures)
    return first.field if known else None


def _counts_all(measure: Measure) -> bool:
    return measure.statistic == "count" and not measure.field


def _merged(measure: Measure, having: str) -> Merged | None:
    return Merged(counted(measure, f"{having}_count")) if having and _counts_all(measure) else merged(measure)


def grid_of(buckets: Sequence[TimeBucket], spans: Sequence[tuple[OffsetSpan, ...]]) -> int | None:
    """The longest of a day, an hour, a half and a quarter (UTC, microseconds) that every bucket is made of; None where
    there is none. A day without buckets."""
    grids = [_grid(bucket, of_bucket) for bucket, of_bucket in zip(buckets, spans, strict=True)]
    return None if None in grids else min((grid for grid in grids if grid is not None), default=DAY)


def _grid(bucket: TimeBucket, spans: tuple[OffsetSpan, ...]) -> int | None:
    steps = [span.offset for span in spans] + [span.start for span in spans[1:]]
    fitting = [grid for grid in (DAY, HOUR, _HALF_HOUR, _QUARTER) if all(step % grid == 0 for step in steps)]
    widest = DAY if bucket.width in _CALENDAR else {"hour": HOUR, "15min": _QUARTER}[bucket.width]
    return min(fitting[0], widest) if fitting else None
