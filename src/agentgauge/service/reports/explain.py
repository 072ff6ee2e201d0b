"""Why a figure differs from what it was: the change between two windows of time, taken apart.

    cost, tokens      what all calls cost or used, taken apart into the eleven factors of
                      `agentgauge.analysis.decomposition_usage`
    any other metric  the mean or share over its events, taken apart into what changed within groups and how their
                      mix did, as `agentgauge.analysis.decomposition_mean` has it; groups are values of a dimension

Parts add up to the change exactly, and so do the contributors of each dimension. A call without a price is in no sum of
money: where there are any, the change is that of the priced calls. The unit of work is an operation (a task); where a
window has calls and no tasks it is a model call, and where one has tools only, a model or tool call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

import msgspec

from agentgauge.analysis.decomposition import EXACT
from agentgauge.engines import Answer, Engine, Filter, Measure, Query
from agentgauge.errors import QueryError
from agentgauge.pricing import PriceBook
from agentgauge.service.asked import Asked
from agentgauge.service.readings.series import metric_in
from agentgauge.service.reports.explain_mean import of_mean
from agentgauge.service.reports.explain_usage import of_usage
from agentgauge.service.reports.explanation import Explanation
from agentgauge.service.window import Window

_DAY, _MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
_CONTRIBUTORS = ("agent", "model")


def explain(
    engine: Engine,
    window: Window,
    against: Window,
    *,
    book: PriceBook,
    now: datetime,
    metric: str = "cost",
    by: Sequence[str] = (),
    filters: Sequence[Filter] = (),
) -> Explanation:
    """Why `metric` in `window` differs from `against`; both have a start and an end.

    `by` are dimensions whose values are told as contributors: agent and model by default; of a mean, one dimension,
    by which it is taken apart. Raises `QueryError`, also where events of a window have expired.
    """
    asked = _Complete(engine)
    windows = (against, window)
    edges = [_edges(each, now) for each in windows]
    days = [_days(start, min(end, now)) for start, end in edges]
    if metric in ("cost", "tokens"):
        found = of_usage(asked, windows, days, metric, book, by or _CONTRIBUTORS, filters)
    else:
        found = of_mean(asked, windows, days, metric_in(engine, metric), by, filters)
    beginning = engine.aggregate(Query(measures=(Measure("min", "time", name="first"),)))
    first = None if beginning.missing_before is not None else beginning.rows[0][0]
    (earlier_start, earlier_end), (later_start, later_end) = edges
    return msgspec.structs.replace(
        found,
        before=msgspec.structs.replace(found.before, is_unfinished=earlier_end > now),
        after=msgspec.structs.replace(found.after, is_unfinished=later_end > now),
        overlap=later_start < earlier_end and earlier_start < later_end,
        recorded_since=first if first is not None and first > earlier_start else None,
        way=asked.way,
    )


class _Complete(Asked):
    """Refuses to answer from a part of the events: parts of a change would be of something else than the change."""

    def aggregate(self, query: Query) -> Answer:
        answer = super().aggregate(query)
        if answer.missing_before is not None:
            moment = answer.missing_before.astimezone(UTC).isoformat(sep=" ", timespec="minutes")
            raise QueryError(
                f"events before {moment} have expired, and the sums that are kept of them do not tell why; "
                "take windows from then on"
            )
        return answer


def _edges(window: Window, now: datetime) -> tuple[datetime, datetime]:
    if window.start is None or window.end is None:
        raise QueryError("a window that is compared has a start and an end")
    if window.start >= now:
        raise QueryError(f"the window from {window.start.isoformat()} begins after now, {now.isoformat()}")
    return window.start, window.end


def _days(start: datetime, end: datetime) -> Decimal:
    with localcontext(EXACT):
        return Decimal((end - start) // _MICROSECOND) / (_DAY // _MICROSECOND)
