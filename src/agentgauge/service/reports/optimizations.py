"""What optimizations changed: each by itself, and all of a category together with how sure one can be.

They are measurements of the type `optimization` with a value before, as `agentgauge.features` records them; the change
of a category is `agentgauge.analysis.change.paired_change`. The newest 10,000 are read.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from agentgauge.analysis.change import Change, paired_change
from agentgauge.engines import Engine, Filter
from agentgauge.features.categories import Direction
from agentgauge.features.impact import good_direction, improvement
from agentgauge.service.records.rows import event_rows
from agentgauge.service.window import Window

MOST_READ = 10_000
_ALPHA = 0.05
_OPTIMIZATIONS = (Filter("kind", "=", "measurement"), Filter("attributes.metric_type", "=", "optimization"))
_COLUMNS = (
    *("feature", "name", "value", "attributes.optimization_id", "attributes.before_value"),
    *("attributes.user_impact_score", "attributes.higher_is_better"),
)


class Optimization(msgspec.Struct, frozen=True, kw_only=True):
    time: datetime
    feature: str | None
    optimization: str | None
    category: str
    before: float
    after: float
    relative: float
    """Change of the size of before; NaN where that is 0."""
    improvement: float
    """The same in the good direction; NaN where that is not known."""
    user_impact: float
    """As stated; NaN where it is not."""


class CategoryImpact(msgspec.Struct, frozen=True, kw_only=True):
    category: str
    change: Change
    direction: Direction | None
    """Which values are better; None where nobody says."""
    improvement: float
    shown: bool
    """Whether the relative change can be told from chance at 5 %."""


class Optimizations(msgspec.Struct, frozen=True, kw_only=True):
    categories: tuple[CategoryImpact, ...]
    """In order of names."""
    records: tuple[Optimization, ...]
    """The newest first."""
    newest_only: bool
    """Whether there are more than were read."""


class _Read(msgspec.Struct, frozen=True):
    record: Optimization
    higher_is_better: str | None


def optimizations(engine: Engine, window: Window, filters: Sequence[Filter] = ()) -> Optimizations:
    rows = event_rows(engine, window, (*_OPTIMIZATIONS, *filters), _COLUMNS, limit=MOST_READ + 1)
    read = [found for row in rows if (found := _read(row)) is not None]
    by_category: dict[str, list[_Read]] = defaultdict(list)
    for each in read[:MOST_READ]:
        by_category[each.record.category].append(each)
    return Optimizations(
        categories=tuple(_category(name, by_category[name]) for name in sorted(by_category)),
        records=tuple(each.record for each in read[:MOST_READ]),
        newest_only=len(read) > MOST_READ,
    )


def _read(row: tuple[object, ...]) -> _Read | None:
    """None of a row that states no value before."""
    time, _, _, feature, name, after, optimization, before_text, impact, higher = row
    before = _number(before_text)
    if not math.isfinite(before):
        return None
    assert isinstance(time, datetime)
    assert isinstance(after, float)
    relative = (after - before) / abs(before) if before else math.nan
    said = None if higher is None else str(higher).lower()
    record = Optimization(
        time=time, feature=None if feature is None else str(feature), category=str(name), before=before, after=after,
        optimization=None if optimization is None else str(optimization), relative=relative,
        improvement=improvement(relative, good_direction(str(name), [said])), user_impact=_number(impact),
    )  # fmt: skip
    return _Read(record, said)


def _number(value: object) -> float:
    """An attribute as a number; NaN of what is none."""
    try:
        return float(str(value))
    except ValueError:
        return math.nan


def _category(name: str, read: Sequence[_Read]) -> CategoryImpact:
    change = paired_change([each.record.before for each in read], [each.record.after for each in read])
    direction = good_direction(name, [each.higher_is_better for each in read])
    return CategoryImpact(
        category=name, change=change, direction=direction, improvement=improvement(change.relative.value, direction),
        shown=change.relative.p_value <= _ALPHA,
    )  # fmt: skip
