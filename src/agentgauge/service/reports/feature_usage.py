"""How features are used: how often, with what success, how long it took, and by how many people.

A use is what `agentgauge.features` counts as one: an event of a use, and a task that names a feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agentgauge.engines import Answer, Engine, Filter, Measure, Query
from agentgauge.events.kinds import TASK_KINDS
from agentgauge.service.reports.intervals import Share, share_of
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.reports.totals import FEW, or_nan
from agentgauge.service.window import Window

_MEASURES = (
    Measure("count", name="uses"),
    Measure("successes", name="successes"),
    Measure("failures", name="failures"),
    Measure("p50", "duration_ms", name="median"),
    Measure("p95", "duration_ms", name="p95"),
    Measure("values", "duration_ms", name="timed"),
    Measure("distinct", "user", name="users"),
)


class FeatureUse(msgspec.Struct, frozen=True, kw_only=True):
    feature: str | None
    """None of uses that name no feature."""
    action: str | None
    """None of all actions of the feature together."""
    uses: int
    success: Share
    """Of the uses that have an outcome."""
    median_ms: float
    p95_ms: float
    few: bool
    """Whether fewer than 20 have a duration: p95 is then that of the one largest."""
    users: int
    """People that the uses name."""


def feature_usage(engine: Engine, window: Window, filters: Sequence[Filter] = ()) -> Rows[FeatureUse]:
    """Each feature, the most used first, and after it each of its actions."""
    whole, parts = (_asked(engine, window, filters, *group) for group in (("feature",), ("feature", "name")))
    nameless, nameless_parts = (
        _nameless(engine, window, filters, *group) for group in (("feature",), ("feature", "name"))
    )
    features = [_use(row) for answer in (whole, nameless) for row in answer.records()]
    actions = [_use(row) for answer in (parts, nameless_parts) for row in answer.records()]
    rows: list[FeatureUse] = []
    for feature in sorted(features, key=lambda use: (-use.uses, use.feature or "")):
        own = [action for action in actions if action.feature == feature.feature and action.action is not None]
        rows += [feature, *sorted(own, key=lambda use: (-use.uses, use.action or ""))]
    return Rows(rows=tuple(rows), **found_by(whole, nameless))


def _asked(engine: Engine, window: Window, filters: Sequence[Filter], *group: str) -> Answer:
    kinds = Filter("kind", "in", ("feature_usage", *TASK_KINDS))
    return _answer(engine, window, (kinds, Filter("feature", "is not null"), *filters), group)


def _nameless(engine: Engine, window: Window, filters: Sequence[Filter], *group: str) -> Answer:
    """A task without a feature is no use; an event of a use without one is."""
    return _answer(
        engine, window, (Filter("kind", "=", "feature_usage"), Filter("feature", "is null"), *filters), group
    )


def _answer(engine: Engine, window: Window, filters: tuple[Filter, ...], group: tuple[str, ...]) -> Answer:
    return engine.aggregate(Query(start=window.start, end=window.end, filters=filters, group=group, measures=_MEASURES))


def _use(row: dict[str, Any]) -> FeatureUse:
    return FeatureUse(
        feature=row["feature"], action=row.get("name"), uses=row["uses"],
        success=share_of(row["successes"], row["successes"] + row["failures"]), median_ms=or_nan(row["median"]),
        p95_ms=or_nan(row["p95"]), few=row["timed"] < FEW, users=row["users"],
    )  # fmt: skip
