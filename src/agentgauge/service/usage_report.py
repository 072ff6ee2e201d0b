"""The usage report: the answers that one page about a window shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from agentgauge.engines import Engine, Filter
from agentgauge.errors import QueryError
from agentgauge.pricing import PriceBook
from agentgauge.service import reports
from agentgauge.service.cache_savings import CacheSavings, cache_savings
from agentgauge.service.reports.breakdown import Group
from agentgauge.service.reports.components import Component
from agentgauge.service.reports.latency import Latency
from agentgauge.service.reports.over_time import Bucket
from agentgauge.service.reports.overview import Overview
from agentgauge.service.reports.rows import Found, Rows
from agentgauge.service.reports.tools import Tool
from agentgauge.service.window import Window

TOOL = "tool"
"""The dimension that is answered by `reports.tools`: tools have no model and no tokens."""
COMPONENT = "component"
"""The dimension that is answered by `reports.components`: parts of operations have times alone."""

_ALONE = (TOOL, COMPONENT)


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    window: Window
    time_zone: str
    filters: tuple[Filter, ...]
    overview: Overview
    latency: Rows[Latency]
    by: tuple[str, ...]
    groups: Rows[Group] | None
    """None where tools or components were asked for."""
    tools: Rows[Tool] | None
    components: Rows[Component] | None
    """None where others were asked for."""
    bucket: str | None
    each: bool
    """Whether the course is split by the dimensions."""
    over_time: Rows[Bucket] | None
    """None where no bucket was asked for."""
    cache: CacheSavings | None
    """None where no price book was given."""

    @property
    def exact(self) -> bool:
        """Whether every figure is."""
        return all(part.exact for part in self._parts)

    @property
    def missing_before(self) -> datetime | None:
        """Where not None, some of the figures are without the events before it, which have expired."""
        found = (part.missing_before for part in self._parts if part.missing_before is not None)
        return max(found, default=None)

    @property
    def _parts(self) -> list[Found]:
        parts = (self.overview, self.latency, self.groups, self.tools, self.components, self.over_time, self.cache)
        return [part for part in parts if part is not None]


def usage_report(
    engine: Engine,
    window: Window,
    *,
    by: Sequence[str],
    zone: str,
    now: datetime,
    filters: Sequence[Filter] = (),
    bucket: str | None = None,
    each: bool = False,
    book: PriceBook | None = None,
    exact: bool = False,
) -> UsageReport:
    """The report of a window, broken down `by` dimensions, by tool or by component; the course over time in all, or for
    `each` of these. Raises `QueryError` for what cannot be asked.
    """
    alone = by[0] if by and by[0] in _ALONE else None
    for name in _ALONE:
        if name in by and len(by) > 1:
            raise QueryError(f"{name}s are not broken down further: take --by {name} alone, or 'agentgauge sql'")
    if each and bucket is None:
        raise QueryError("--each is the course over time of each group: add --bucket day, or another width")
    if each and alone:
        raise QueryError(f"--each is of the groups of --by: {alone}s have no course over time")
    course = None
    if bucket is not None:
        split = tuple(by) if each else ()
        course = reports.over_time(engine, window, bucket, zone, now, filters, by=split, exact=exact)
    return UsageReport(
        window=window,
        time_zone=zone,
        filters=tuple(filters),
        overview=reports.overview(engine, window, filters, exact=exact),
        latency=reports.latency(engine, window, filters, exact=exact),
        by=tuple(by),
        groups=None if alone else reports.breakdown(engine, window, by, filters, exact=exact),
        tools=reports.tools(engine, window, filters, exact=exact) if alone == TOOL else None,
        components=reports.components(engine, window, filters) if alone == COMPONENT else None,
        bucket=bucket,
        each=each,
        over_time=course,
        cache=None if book is None else cache_savings(engine, window, book, filters),
    )
