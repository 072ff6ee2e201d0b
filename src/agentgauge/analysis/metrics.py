"""Metrics: what is asked about over time, in distributions and in comparisons, each named once.

    execution_time   how long operations took                               ms       lower is better
    success_rate     share of operations that succeeded                     1        higher
    error_rate       share of operations that did not                       1        lower
    quality_score    of operations that have a score                        0-100    higher
    cost             of an operation, or of a model call                    USD      lower
    tokens           the same                                               token    lower
    latency          how long model calls took                              ms       lower
    tool_failures    share of tool calls that failed                        1        lower
    satisfaction     of people                                              1        higher

Any other name is a numeric column of the events, `attributes.<key>`, or the name of a measurement. Of these a lower
value counts as better where the unit or the name is of time, money, tokens, memory or errors, else a higher one;
whoever asks may say otherwise.
"""

from __future__ import annotations

import re
import sys
from typing import Literal, get_args

import msgspec

from agentgauge.engines import Filter
from agentgauge.engines.columns import BY_NAME, NUMERIC
from agentgauge.engines.query import Relation
from agentgauge.errors import QueryError
from agentgauge.events import kinds

Per = Literal["operation", "call"]
"""What one cost or one number of tokens is of."""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    unit: str
    lower_is_better: bool
    over: str
    """The events whose values it has: a kind, or 'all' that have the field."""
    field: str
    """The column of its values; of a share it is `success`."""
    share: Literal["success", "failure"] | None = None
    """The metric is a share of the events with an outcome: of these that succeeded, or did not."""
    filters: tuple[Filter, ...] = ()
    """Besides the kind, what these events meet."""
    relation: Relation = "events"

    @property
    def events(self) -> tuple[Filter, ...]:
        """What a row of the relation meets that may have a value of the metric."""
        own = () if self.over == "all" or self.relation == "operations" else (Filter("kind", "=", self.over),)
        return (*own, *self.filters)

    @property
    def conditions(self) -> tuple[Filter, ...]:
        """What a row of the relation meets that has one."""
        # An attribute is compared as a number, which what is none does not meet.
        number = self.field.startswith("attributes.")
        known = Filter(self.field, ">=", -sys.float_info.max) if number else Filter(self.field, "is not null")
        return (*self.events, known)

    @property
    def is_usage(self) -> bool:
        """Whether values add up to what was used: its total over a period is a figure of its own."""
        return self.name in ("cost", "tokens")

    @property
    def is_long_tailed(self) -> bool:
        """Whether it is of time, money, tokens or memory: never negative, most values small and some very large."""
        return self.share is None and bool(_LONG_TAILED.fullmatch(self.unit.lower()))


def _metric(name: str, unit: str, over: str, field: str, *, lower: bool, **more: object) -> Metric:
    return Metric(name=name, unit=unit, lower_is_better=lower, over=over, field=field, **more)  # type: ignore[arg-type]


NAMED = {
    metric.name: metric
    for metric in (
        _metric("execution_time", "ms", "task", "duration_ms", lower=True),
        _metric("success_rate", "1", "task", "success", lower=False, share="success"),
        _metric("error_rate", "1", "task", "success", lower=True, share="failure"),
        _metric("quality_score", "0-100", "task", "quality_score", lower=False),
        _metric("cost", "USD", "task", "cost_usd", lower=True, relation="operations"),
        _metric("tokens", "token", "task", "tokens", lower=True, relation="operations"),
        _metric("latency", "ms", "llm_call", "duration_ms", lower=True),
        _metric("tool_failures", "1", "tool_call", "success", lower=True, share="failure"),
        _metric("satisfaction", "1", "satisfaction", "value", lower=False),
    )
}
ALIASES = {"quality": "quality_score", "duration": "execution_time", "success": "success_rate"}

_RATIOS = {name for name, metric in NAMED.items() if metric.unit == "1"}

_LESS_IS_BETTER = re.compile(
    r"(?:^|_)(?:ms|s|sec|seconds|minutes|time|latency|duration|usd|cost|tokens?|errors?|failures?|retries|memory|bytes|"
    r"mb|gb|cpu|age|lag|delay|timeouts?|loss)(?:_|$)"
)

_LONG_TAILED = re.compile(r"(?:[nmuµ]?s|sec(?:ond)?s?|minutes?|min|hours?|h|usd|tokens?|[kmgt]?i?b|bytes?)")


def named(name: str, *, per: Per = "operation", unit: str = "", lower_is_better: bool | None = None) -> Metric:
    """The metric of a name. `unit` is a measurement's, `lower_is_better` overrules what its name and unit suggest.

    Whether a measurement of the name exists is not known here. Raises `QueryError` for a column that is no number.
    """
    if per not in get_args(Per):
        raise QueryError(f"{name} is per operation or per call, not per {per!r}")
    metric = NAMED.get(ALIASES.get(name, name)) or _other(name, unit)
    if metric.is_usage and per == "call":
        metric = msgspec.structs.replace(metric, over="llm_call", relation="events")
    if lower_is_better is not None:
        metric = msgspec.structs.replace(metric, lower_is_better=lower_is_better)
    return metric


def is_ratio(name: str) -> bool:
    """Whether a metric is a ratio 0-1, which people read in percent; the unit 1 of a measurement only says that it has
    none: a length of a queue is no percent.
    """
    return ALIASES.get(name, name) in _RATIOS


def _other(name: str, unit: str) -> Metric:
    column = BY_NAME.get(name)
    if name.startswith("attributes."):
        return _metric(name, unit, "all", name, lower=_lower(name.removeprefix("attributes."), unit))
    if column is None or name in ("value", "id", "n"):
        return _metric(
            name, unit, "measurement", "value", lower=_lower(name, unit), filters=(Filter("name", "=", name),)
        )
    if column.type not in NUMERIC:
        raise QueryError(
            f"{name} is no number: take one of {', '.join(NAMED)}, attributes.<key> or the name of a measurement"
        )
    having = [kind.name for kind in kinds.KINDS if any(field.name == name for field in kind.fields)]
    over = having[0] if len(having) == 1 else "all"
    return _metric(name, column.unit, over, name, lower=_lower(name, column.unit))


def _lower(name: str, unit: str) -> bool:
    return bool(_LESS_IS_BETTER.search(f"{name.lower()}_{unit.lower()}"))
