"""Why a mean or a share changed: within its groups, or by their mix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from agentgauge.analysis.decomposition import EXACT, Part
from agentgauge.analysis.decomposition_mean import MeanChange, Values, decompose_mean
from agentgauge.analysis.metrics import Metric
from agentgauge.analysis.proportions import fisher_mid_p
from agentgauge.analysis.trend import ALPHA
from agentgauge.engines import Engine, Filter, Measure
from agentgauge.errors import QueryError
from agentgauge.service.reports.explanation import (
    Contributor,
    Contributors,
    Explanation,
    Period,
    Shares,
    grouped,
    relative,
    sorted_contributors,
)
from agentgauge.service.window import Window

WITHIN, MIX = "within", "mix"
"""The parts."""
_GROUPS = {"task": "operation", "llm_call": "model", "tool_call": "tool"}
"""By what a mean is taken apart where nothing else is asked for, by the kind of its events."""
_STATISTICS = {"success": "successes", "failure": "failures"}
_PLACES, _DIGITS = 12, 24
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
    with localcontext(EXACT):
        split = decompose_mean(values[0], values[1], _step(values)) if all(values) else None
        before, after = (
            Period(
                window=window,
                days=float(length),
                value=_mean_of(list(groups.values()), _step(values)),
                count=sum(group.count for group in groups.values()),
            )
            for window, length, groups in zip(windows, days, values, strict=True)
        )
        change = None if split is None else split.within + split.mix
        return Explanation(
            metric=metric.name,
            unit=metric.unit,
            before=before,
            after=after,
            change=change,
            relative=math.nan if change is None else relative(change, before.value),
            unit_of_work=None,
            parts=() if split is None else (Part(WITHIN, split.within), Part(MIX, split.mix)),
            contributors=() if split is None else (_contributors(name, split, values),),
            is_partial=False,
            shares=None if metric.share is None or split is None else _shares(values),
        )


def _shares(values: _Groups) -> Shares:
    """What the groups of both windows are together."""
    (before, n_before), (after, n_after) = (
        (int(sum(group.total for group in groups.values())), sum(group.count for group in groups.values()))
        for groups in values
    )
    p_value = fisher_mid_p(before, n_before, after, n_after)
    return Shares(
        before=before, n_before=n_before, after=after, n_after=n_after, p_value=p_value, shown=p_value < ALPHA
    )


def _values(engine: Engine, windows: Sequence[Window], metric: Metric, name: str, filters: Sequence[Filter]) -> _Groups:
    """Per window the values of each group that has any."""
    measures = _measures(metric)
    # Values are counted rather than asked for by a condition on their column, which no rollup answers.
    conditions = [one for one in metric.conditions if one != Filter(metric.field, "is not null")]
    # As elsewhere, a task that names no operation goes by what it is called itself.
    otherwise = "name" if name == "operation" and metric.over == "task" else None
    found = grouped(engine, windows, name, (*conditions, *filters), measures, metric.relation, otherwise=otherwise)
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


def _contributors(name: str, split: MeanChange, values: _Groups) -> Contributors:
    step = _step(values)
    rows = []
    for part in split.groups:
        before, after = ([window[part.key]] if part.key in window else [] for window in values)
        rows.append(
            Contributor(
                key=part.key,
                before=_mean_of(before, step),
                after=_mean_of(after, step),
                change=part.within + part.mix,
                count_before=sum(group.count for group in before),
                count_after=sum(group.count for group in after),
                mix=part.mix,
            )
        )
    return sorted_contributors(name, rows)


def _mean_of(groups: Sequence[Values], step: Decimal) -> Decimal | None:
    count = sum(group.count for group in groups)
    if not count:
        return None
    return (sum((group.total for group in groups), Decimal(0)) / count / step).to_integral_value() * step


def _step(values: _Groups) -> Decimal:
    """What means are rounded to: the twelfth place, or of larger ones the 24th digit."""
    largest = max((abs(group.total) for window in values for group in window.values()), default=Decimal(0))
    return Decimal(1).scaleb(max(-_PLACES, largest.adjusted() - _DIGITS))
