"""How content people were: over time, by kind, and how their scores are spread. Scores are on 0-1.

A score of 1 to 5 is kept as (score - 1) / 4 (`agentgauge.features`), so the five classes here, each around a quarter,
are those five scores; a score that was given as a ratio is in the nearest. Costs a question for the course, one for the
kinds and five for the classes, of scores alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.answer import Way
from agentgauge.features.questions import SATISFIED_FROM
from agentgauge.service.bucket_widths import bucket_width
from agentgauge.service.reports.intervals import Mean, Share, mean_of, share_of
from agentgauge.service.reports.rows import found_by
from agentgauge.service.window import Window

_SCALE = (0.0, 1.0)
_ROUNDING = 1e-9
"""A score of 3.8 on 1-5 is 0.7, and not always in binary."""
_EDGES = (0.125, 0.375, 0.625, 0.875)
_SCORES = Filter("kind", "=", "satisfaction")
_MEASURES = (
    Measure("values", "value", name="n"),
    Measure("mean", "value", name="mean"),
    Measure("std_dev", "value", name="std_dev"),
)


class ScoreClass(msgspec.Struct, frozen=True):
    score: int
    """1 to 5."""
    count: int


class ScoreKind(msgspec.Struct, frozen=True):
    name: str | None
    """None: of scores that name no kind."""
    mean: Mean
    satisfied: Share
    """Scores from 0.7."""


class ScoreBucket(msgspec.Struct, frozen=True):
    start: datetime
    mean: Mean


class Satisfaction(msgspec.Struct, frozen=True, kw_only=True):
    mean: Mean
    satisfied: Share
    kinds: tuple[ScoreKind, ...]
    """The most scores first."""
    classes: tuple[ScoreClass, ...]
    """All five."""
    course: tuple[ScoreBucket, ...]
    """In order of time, those without scores included."""
    way: Way
    exact: bool
    missing_before: datetime | None


def satisfaction(engine: Engine, window: Window, width: str, zone: str, filters: Sequence[Filter] = ()) -> Satisfaction:
    def asked(*more: Filter, group: tuple[str | TimeBucket, ...] = ()) -> Query:
        own = (_SCORES, *filters, *more)
        return Query(start=window.start, end=window.end, filters=own, group=group, measures=_MEASURES)

    answer = engine.aggregate(asked())
    satisfied = Filter("value", ">=", SATISFIED_FROM - _ROUNDING)
    content = {row["name"]: row["n"] for row in engine.aggregate(asked(satisfied, group=("name",))).records()}
    kinds = [
        ScoreKind(row["name"], _mean(row), share_of(content.get(row["name"], 0), row["n"]))
        for row in engine.aggregate(asked(group=("name",))).records()
    ]
    above = [engine.aggregate(asked(Filter("value", ">=", edge))).rows[0][0] for edge in _EDGES]
    (total,) = answer.records()
    counts = [total["n"], *above, 0]
    bucket = TimeBucket(bucket_width(width), zone, fill=True, name="start")
    return Satisfaction(
        mean=_mean(total),
        satisfied=share_of(sum(content.values()), total["n"]),
        kinds=tuple(sorted(kinds, key=lambda kind: (-kind.mean.n, kind.name or ""))),
        classes=tuple(ScoreClass(at + 1, counts[at] - counts[at + 1]) for at in range(5)),
        course=tuple(
            ScoreBucket(row["start"], _mean(row)) for row in engine.aggregate(asked(group=(bucket,))).records()
        ),
        **found_by(answer),
    )


def _mean(row: dict[str, Any]) -> Mean:
    return mean_of(row["n"], row["mean"], row["std_dev"], _SCALE)
