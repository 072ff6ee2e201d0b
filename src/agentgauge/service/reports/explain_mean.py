"""Why a mean or a share changed: within its groups, or by their mix."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from agentgauge.analysis.decomposition_mean import MeanChange, Values, decompose_mean
from agentgauge.analysis.decomposition_usage import Part
from agentgauge.analysis.metrics import Metric
from agentgauge.engines import Engine, Filter, Measure
from agentgauge.engines.columns import column
from agentgauge.errors import QueryError
from agentgauge.events.fields import MONEY_STEP
from agentgauge.service.reports.explanation import (
    Contributor,
    Contributors,
    Explanation,
    Period,
    grouped,
    relative,
    sorted_contributors,
)
from agentgauge.service.window import Window

WITHIN, MIX = "within", "mix"
"""The parts."""
_GROUPS = {"task": "operation", "llm_call": "model", "tool_call": "name"}
"""By what a mean is taken apart where nothing else is asked for, by the kind of its events."""
_NO_FACTOR = (math.nan, math.nan)
_STATISTICS = {"success": "successes", "failure": "failures"}
_STEP = MONEY_STEP
"""What means are rounded to: of a length of time a femtosecond."""


def of_mean(
    engine: Engine,
    windows: Sequence[Window],
    days: Sequence[Decimal],
    metric: Metric,
    by: Sequence[str],
    filters: Sequence[Filter],
) -> Explanation:
    """The change of a mean or a share between two windows of so many days, the earlier first."""
    if len(by) > 1:
        raise QueryError(f"{metric.name} is taken apart by one dimension: its parts are other ones by each")
    name = by[0] if by else _GROUPS.get(metric.over, "agent")
    values = [
        {key: Values(row["count"], Decimal(row["total"])) for key, row in group.items() if row["count"]}
        for group in grouped(
            engine, windows, name, (*_having(metric), *filters), _measures(metric), relation=metric.relation
        )
    ]
    split = decompose_mean(values[0], values[1], _STEP) if all(values) else None
    means = (None, None) if split is None else (split.before, split.after)
    before, after = (
        Period(
            window=window,
            days=float(length),
            value=mean,
            count=sum(group.count for group in groups.values()),
        )
        for window, length, mean, groups in zip(windows, days, means, values, strict=True)
    )
    change = None if split is None else split.after - split.before
    parts = () if split is None else (Part(WITHIN, split.within, *_NO_FACTOR), Part(MIX, split.mix, *_NO_FACTOR))
    return Explanation(
        metric=metric.name,
        unit=metric.unit,
        before=before,
        after=after,
        change=change,
        relative=math.nan if split is None else relative(split.after - split.before, split.before),
        unit_of_work=None,
        parts=parts,
        contributors=() if split is None else (_contributors(name, split, values[0], values[1]),),
        is_partial=False,
    )


def _having(metric: Metric) -> tuple[Filter, ...]:
    """What events meet that have a value: of an attribute those that read as numbers, as no other compares with one."""
    if column(metric.field).type != "attribute":
        return metric.conditions
    return (*metric.conditions, Filter(metric.field, ">=", -sys.float_info.max))


def _measures(metric: Metric) -> tuple[Measure, ...]:
    if metric.field == "cost_usd":
        raise QueryError("money is explained as a whole: take the metric 'cost'")
    if metric.share is not None:
        return Measure("count", name="count"), Measure(_STATISTICS[metric.share], name="total")
    return Measure("count", name="count"), Measure("sum", metric.field, name="total")


def _contributors(
    name: str, split: MeanChange, before: Mapping[Any, Values], after: Mapping[Any, Values]
) -> Contributors:
    return sorted_contributors(
        name,
        (
            Contributor(
                key=part.key,
                before=_mean(before.get(part.key)),
                after=_mean(after.get(part.key)),
                change=part.within + part.mix,
                count_before=_count(before.get(part.key)),
                count_after=_count(after.get(part.key)),
                mix=part.mix,
            )
            for part in split.groups
        ),
    )


def _mean(values: Values | None) -> Decimal | None:
    return None if values is None else (values.total / values.count).quantize(_STEP)


def _count(values: Values | None) -> int:
    return 0 if values is None else values.count
