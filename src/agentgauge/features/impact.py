"""What optimizations changed, from their records: each by itself, and all of a category together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import duckdb
import msgspec

from agentgauge.analysis.change import Change, Estimate, paired_change
from agentgauge.features.categories import Direction, direction_of
from agentgauge.features.questions import checked_limit, number_of


class _Record(msgspec.Struct, frozen=True):
    timestamp: str
    feature: str
    optimization_id: str | None
    impact_category: str
    before_value: float
    after_value: float
    user_impact_score: float | None
    higher_is_better: str | None


def impact(
    connection: duckdb.DuckDBPyConnection,
    feature: str | None,
    optimization_id: str | None,
    impact_category: str | None,
    *,
    higher_is_better: bool | None,
    limit: int | None,
) -> dict[str, Any]:
    shown = checked_limit(limit)
    rows = connection.execute(
        """
        SELECT timestamp, feature, metadata->>'optimization_id', metric_name,
            try_cast(metadata->>'before_value' AS DOUBLE) AS before, value,
            try_cast(metadata->>'user_impact_score' AS DOUBLE), metadata->>'higher_is_better'
        FROM system_performance
        WHERE metadata->>'metric_type' = 'optimization' AND isfinite(before)
            AND ($feature::VARCHAR IS NULL OR feature = $feature)
            AND ($optimization::VARCHAR IS NULL OR metadata->>'optimization_id' = $optimization)
            AND ($category::VARCHAR IS NULL OR metric_name = $category)
        ORDER BY timestamp DESC, id DESC NULLS FIRST
        """,
        {"feature": feature, "optimization": optimization_id, "category": impact_category},
    ).fetchall()
    records = [_Record(*row) for row in rows]
    categories: dict[str, list[_Record]] = {}
    for record in records:
        categories.setdefault(record.impact_category, []).append(record)
    return {
        "count": len(records),
        "records": [_of_record(record, higher_is_better) for record in records[:shown]],
        "by_category": {name: _of_category(name, categories[name], higher_is_better) for name in sorted(categories)},
    }


def _of_record(record: _Record, stated: bool | None) -> dict[str, Any]:
    absolute = record.after_value - record.before_value
    relative = absolute / abs(record.before_value) if record.before_value else math.nan
    direction = good_direction(record.impact_category, [record.higher_is_better], stated)
    return {
        "timestamp": record.timestamp,
        "feature": record.feature,
        "optimization_id": record.optimization_id,
        "impact_category": record.impact_category,
        "before_value": record.before_value,
        "after_value": record.after_value,
        "absolute_change": absolute,
        "relative_change": relative,
        "direction": direction,
        "improvement": improvement(relative, direction),
        "user_impact_score": record.user_impact_score,
    }


def _of_category(name: str, records: list[_Record], stated: bool | None) -> dict[str, Any]:
    change: Change = paired_change(
        [record.before_value for record in records], [record.after_value for record in records]
    )
    direction = good_direction(name, [record.higher_is_better for record in records], stated)
    scores = [record.user_impact_score for record in records if record.user_impact_score is not None]
    return {
        "count": change.count,
        "mean_before": change.mean_before,
        "mean_after": change.mean_after,
        "absolute_change": _document(change.absolute),
        "relative_change": _document(change.relative),
        "direction": direction,
        "improvement": improvement(change.relative.value, direction),
        "avg_user_impact_score": number_of(sum(scores) / len(scores) if scores else None),
    }


def _document(estimate: Estimate) -> dict[str, Any]:
    return msgspec.structs.asdict(estimate)


def good_direction(
    category: str, higher_is_better: Iterable[str | None], stated: bool | None = None
) -> Direction | None:
    """Which values are better: as asked, else as the records say, where they agree, else as the category has it."""
    if stated is not None:
        return "higher" if stated else "lower"
    said = {each for each in higher_is_better if each is not None}
    if not said:
        return direction_of(category)
    if said == {"true"}:
        return "higher"
    return "lower" if said == {"false"} else None


def improvement(relative: float, direction: Direction | None) -> float:
    """Relative change in the good direction; NaN where that is not known."""
    if direction is None:
        return math.nan
    return relative if direction == "higher" else -relative
