"""Why a mean or a share changed: within its groups, or by their mix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from agentgauge.analysis.decomposition_mean import MeanChange, Values, decompose_mean
from agentgauge.analysis.decomposition_usage import Part
from agentgauge.analysis.metrics import Metric
from agentgauge.engines import Engine, Filter, Measure
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
_Groups = Sequence[Mapping[Any, Values]]


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
    values = _values(engine, windows, metric, name, filters)
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


def _values(engine: Engine, windows: Sequence[Window], metric: Metric, name: str, filters: Sequence[Filter]) -> _Groups:
    """Per window the values of each group that has any."""
    measures = _measures(metric)
    # Values are counted rather than asked for by a condition on their column, which no rollup answers.
    conditions = [one for one in metric.conditions if one != Filter(metric.field, "is not null")]
    found = grouped(engine, windows, name, (*conditions, *filters), measures, metric.relation)
    return [
        {key: Values(count, total) for key, row in group.items() for count, total in [_value(row, metric)] if count}
        for group in found
    ]


def _value(row: Mapping[str, Any], metric: Metric) -> tuple[int, Decimal]:
    if metric.share is None:
        return row["values"], Decimal(row["sum"])
    return row["successes"] + row["failures"], Decimal(row[_STATISTICS[metric.share]])


def _measures(metric: Metric) -> tuple[Measure, ...]:
    if metric.field == "cost_usd":
        raise QueryError("money is explained as a whole: take the metric 'cost'")
    if metric.share is not None:
        return tuple(Measure(statistic, name=statistic) for statistic in _STATISTICS.values())
    return tuple(Measure(statistic, metric.field, name=statistic) for statistic in ("values", "sum"))


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
