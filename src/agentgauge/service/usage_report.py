"""The usage report: the answers that one page about a window shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from agentgauge.engines import Engine
from agentgauge.errors import QueryError
from agentgauge.pricing import PriceBook
from agentgauge.service import reports
from agentgauge.service.cache_savings import CacheSavings, cache_savings
from agentgauge.service.reports.breakdown import Group
from agentgauge.service.reports.latency import Latency
from agentgauge.service.reports.over_time import Bucket
from agentgauge.service.reports.overview import Overview
from agentgauge.service.reports.tools import Tool
from agentgauge.service.window import Window

TOOL = "tool"
"""The dimension that is answered by `reports.tools`: tools have no model and no tokens."""


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    window: Window
    time_zone: str
    overview: Overview
    latency: tuple[Latency, ...]
    by: tuple[str, ...]
    groups: tuple[Group, ...] | None
    """None where tools were asked for."""
    tools: tuple[Tool, ...] | None
    bucket: str | None
    over_time: tuple[Bucket, ...] | None
    """None where no bucket was asked for."""
    cache: CacheSavings | None
    """None where no price book was given."""


def usage_report(
    engine: Engine,
    window: Window,
    *,
    by: Sequence[str],
    zone: str,
    now: datetime,
    bucket: str | None = None,
    book: PriceBook | None = None,
) -> UsageReport:
    """The report of a window, broken down `by` dimensions, or by tool. Raises `QueryError` for what cannot be asked."""
    tools = tuple(by) == (TOOL,)
    if TOOL in by and not tools:
        raise QueryError("tools are not broken down further: take --by tool alone, or 'agentgauge sql'")
    return UsageReport(
        window=window,
        time_zone=zone,
        overview=reports.overview(engine, window),
        latency=reports.latency(engine, window),
        by=tuple(by),
        groups=None if tools else reports.breakdown(engine, window, by),
        tools=reports.tools(engine, window) if tools else None,
        bucket=bucket,
        over_time=None if bucket is None else reports.over_time(engine, window, bucket, zone, now),
        cache=None if book is None else cache_savings(engine, window, book),
    )
