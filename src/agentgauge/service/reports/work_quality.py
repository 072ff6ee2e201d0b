"""How good the work of each agent, role or feature is: the mean of its quality scores and the share of its tasks that
succeeded, each with its interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.events.kinds import TASK_KINDS
from agentgauge.service.dimensions import dimension
from agentgauge.service.reports.intervals import Mean, Share, mean_of, share_of
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.window import Window

_SCALE = (0.0, 100.0)


class WorkQuality(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None
    """None of tasks that name none, and of all together."""
    tasks: int
    quality: Mean
    """Scores on 0-100, of the tasks that have one."""
    success: Share
    """Of the tasks that have an outcome."""


def work_quality(engine: Engine, window: Window, by: str | None, filters: Sequence[Filter] = ()) -> Rows[WorkQuality]:
    """The most tasks first; without a dimension one row of all. Raises `QueryError` for what is no dimension."""
    group = () if by is None else (dimension(by),)
    answer = engine.aggregate(
        Query(
            start=window.start,
            end=window.end,
            filters=(Filter("kind", "in", TASK_KINDS), *filters),
            group=group,
            measures=(
                Measure("count", name="tasks"),
                Measure("successes", name="successes"),
                Measure("failures", name="failures"),
                Measure("values", "quality_score", name="n"),
                Measure("mean", "quality_score", name="mean"),
                Measure("std_dev", "quality_score", name="std_dev"),
            ),
            order=("-tasks",) if group else (),
        )
    )
    return Rows(rows=tuple(_row(row, row[group[0]] if group else None) for row in answer.records()), **found_by(answer))


def _row(row: dict[str, Any], name: str | None) -> WorkQuality:
    return WorkQuality(
        name=name,
        tasks=row["tasks"],
        quality=mean_of(row["n"], row["mean"], row["std_dev"], _SCALE),
        success=share_of(row["successes"], row["successes"] + row["failures"]),
    )
