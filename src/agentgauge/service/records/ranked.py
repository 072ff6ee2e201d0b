"""Events by what they cost or how long they took, the most first, a page at a time.

Of one figure the order is by where each was first written, so pages neither repeat nor skip rows; what is recorded
meanwhile may be on none of them. Costs a scan of three columns over the window, and a question about the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.records.work_item import Step, course
from agentgauge.service.window import Window

Rank = Literal["dearest", "slowest"]
_FIELDS: dict[Rank, str] = {"dearest": "cost_usd", "slowest": "duration_ms"}
RankKey = tuple[Decimal | float, str, int]
"""Dollars or milliseconds, segment and n."""


def ranked(
    engine: Engine,
    window: Window,
    filters: Sequence[Filter],
    rank: Rank,
    *,
    limit: int,
    after: RankKey | None = None,
) -> tuple[Step, ...]:
    """At most `limit` of those that have the figure; those after a step's key."""
    field = _FIELDS[rank]
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*filters, Filter(field, "is not null")),
        group=("segment", "n"),
        measures=(Measure("max", field, name="figure"), Measure("max", "time", name="at")),
        order=("-figure",),
        limit=limit,
        after=after,
    )
    keys = [(row["at"], row["segment"], row["n"]) for row in engine.aggregate(query).records()]
    if not keys:
        return ()
    segments = Filter("segment", "in", tuple(sorted({key[1] for key in keys})))
    times = Filter("time", "in", tuple(sorted({key[0] for key in keys})))
    numbers = Filter("n", "in", tuple(sorted({key[2] for key in keys})))
    of_these = (*filters, segments, times, numbers)
    # The three conditions are met by others too, where times and numbers are alike.
    found = {step.key: step for step in course(engine, window, of_these, limit=limit * limit)}
    return tuple(found[key] for key in keys if key in found)


def rank_key(rank: Rank, step: Step) -> RankKey:
    figure = step.cost_usd if rank == "dearest" else step.duration_ms
    assert figure is not None
    return figure, step.segment, step.n
