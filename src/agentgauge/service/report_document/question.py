"""What a report is to be about."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import msgspec

from agentgauge.engines import Engine, Filter
from agentgauge.engines.time_buckets import zone_named
from agentgauge.pricing import PriceBook
from agentgauge.service.compared_windows import window_before
from agentgauge.service.window import Window
from agentgauge.state.store import Store

MODEL = ("model",)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    engine: Engine
    state: Store
    """Where budgets, alerts and recommendations are."""
    book: PriceBook
    window: Window
    now: datetime
    """Aware."""
    title: str = "Agents: use, cost and quality"
    filters: tuple[Filter, ...] = ()
    conditions: tuple[str, ...] = ()
    """The filters as they were written."""
    zone_name: str = "UTC"
    by: tuple[str, ...] = MODEL
    """Dimensions that cost is broken down by; `("tool",)` alone."""
    bucket: str | None = None
    """Of the charts; None: what the window is long enough for."""
    limit: int = 12
    """Rows of a table."""

    @property
    def zone(self) -> tzinfo:
        return zone_named(self.zone_name)

    @property
    def projects(self) -> tuple[str, ...] | None:
        """Those that the filters name; None where they name none."""
        for one in self.filters:
            if one.field == "project" and one.op in ("=", "in"):
                return (str(one.value),) if one.op == "=" else tuple(map(str, one.value))  # type: ignore[arg-type] # of `in` several
        return None

    @property
    def is_of_whole_projects(self) -> bool:
        """Whether the filters leave out projects alone: budgets, alerts and recommendations are of whole projects."""
        return all(one.field == "project" and one.op in ("=", "in") for one in self.filters)

    @property
    def closed(self) -> Window:
        """The window with its end, where that was left open: now."""
        return Window(self.window.start, self.window.end or self.now.astimezone(UTC))

    @property
    def before(self) -> Window | None:
        """What the window is compared with; None of a window without a start, and of one before which is no year."""
        if self.window.start is None or self.window.start >= self.now:
            return None
        try:
            return window_before(self.closed, self.zone)
        except OverflowError:
            return None
