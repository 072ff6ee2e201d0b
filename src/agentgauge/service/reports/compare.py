"""Whether arms, such as models or experiments, differ in a metric: over units of work, not over calls."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agentgauge.analysis.comparison import Arm, Comparison, compare_arms
from agentgauge.analysis.pairs import Observation
from agentgauge.engines import Engine, Filter
from agentgauge.engines.answer import Way
from agentgauge.errors import QueryError
from agentgauge.service.asked import Asked
from agentgauge.service.readings.config_arms import readable
from agentgauge.service.readings.unit_metrics import UnitMetric, unit_metric
from agentgauge.service.readings.units import Cells, UnitArms, UnitKey
from agentgauge.service.window import Window

MOST_ARMS = 20
"""More have 200 pairs, of which none is shown after adjusting for their number unless it is blatant."""


class UnitsArm(Arm, frozen=True):
    without: int
    """Units of the arm that have no value of the metric, or none that is known; they are not in `n`."""
    unpriced: int
    """Those among them with a call whose cost is not known."""


class UnitsComparison(Comparison, frozen=True, kw_only=True):
    arms: tuple[UnitsArm, ...]
    by: str
    metric_unit: str
    """Of the arms' figures: 1 (a ratio), ms, USD, token, 0-100, or a measurement's own."""
    of_unit: str
    """What one unit's figure is, in words."""
    without: int
    """Units that lack the metric, or a known one, in an arm or several; each counts once."""
    unpriced: int
    """Those among them with a call whose cost is not known."""
    joined: tuple[str, ...]
    """Arms of tasks whose calls have several values, `a + b`. The calls themselves are in the arms a and b."""
    unassigned_events: int
    """Events of units that belong to no arm."""
    outside_events: int
    """Events of the metric that belong to no unit."""
    way: Way
    exact: bool = True


def compare(
    engine: Engine,
    window: Window,
    *,
    by: str,
    metric: str,
    unit: str = "issue",
    paired: bool = False,
    arms: Sequence[str] = (),
    filters: Sequence[Filter] = (),
    confidence: float = 0.95,
    lower_is_better: bool | None = None,
) -> UnitsComparison:
    """The arms, in order of their names or as `arms` lists them, and each pair of them.

    `by` and `unit` are columns of the events or keys of attributes; see `agentgauge.service.readings.units` for which
    event counts where, and `unit_metrics` for the metrics. `filters` choose the events that figures are of. Raises
    `QueryError` for names that nothing recorded has, fewer than two arms and more than twenty.
    """
    if not 0 < confidence < 1:
        raise QueryError(f"confidence is between 0 and 1, got {confidence}")
    asked = Asked(engine)
    measured = unit_metric(asked, metric, lower_is_better=lower_is_better)
    units = UnitArms(asked, window, unit, by)
    parts = [units.cells(part, filters) for part in measured.parts]
    there = units.units() if not filters else {}
    named = {name for cells in parts for name in cells.tallies} | there.keys()
    chosen = _chosen(arms, named, by)
    observed = {name: _observations(measured, parts, name) for name in chosen}
    labels = readable(chosen) if by == "config" else {name: name for name in chosen}
    found = compare_arms(
        {labels[name]: observations for name, observations in observed.items()},
        metric=measured.name,
        unit=unit,
        kind=measured.kind,
        lower_is_better=measured.lower_is_better,
        paired=paired,
        confidence=confidence,
    )
    missing = {name: _missing(observed[name], parts, name, there.get(name, set())) for name in chosen}
    unpriced = {name: _unpriced(parts, name) for name in chosen}
    own = {field: getattr(found, field) for field in Comparison.__struct_fields__ if field != "arms"}
    return UnitsComparison(
        **own,
        arms=tuple(
            UnitsArm(**msgspec.structs.asdict(arm), without=len(missing[name]), unpriced=len(unpriced[name]))
            for arm, name in zip(found.arms, chosen, strict=True)
        ),
        without=len(set().union(*missing.values())),
        unpriced=len(set().union(*unpriced.values())),
        joined=tuple(labels[name] for name in chosen if units.is_joined(name)),
        by=by,
        metric_unit=measured.unit,
        of_unit=measured.meaning,
        unassigned_events=sum(cells.unassigned for cells in parts),
        outside_events=sum(cells.outside for cells in parts),
        way=asked.way,
    )


def _chosen(asked: Sequence[str], named: set[str], by: str) -> list[str]:
    for name in asked:
        if name not in named:
            raise QueryError(f"no {by} is {name!r}; there are {_listed(sorted(named))}")
    chosen = list(dict.fromkeys(asked)) or sorted(named)
    if len(chosen) < 2:
        raise QueryError(f"there is nothing to compare: of {by} there is only {_listed(chosen) or 'nothing'}")
    if len(chosen) > MOST_ARMS:
        raise QueryError(f"{by} has {len(chosen)} values; name up to {MOST_ARMS} as arm, of {_listed(chosen)}")
    return chosen


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_ARMS])
    return f"{shown}, ..." if len(names) > MOST_ARMS else shown


def _observations(measured: UnitMetric, parts: Sequence[Cells], arm: str) -> list[Observation]:
    first, *rest = (
        {key: value for key, tally in cells.tallies.get(arm, {}).items() if (value := part.value(tally)) is not None}
        for part, cells in zip(measured.parts, parts, strict=True)
    )
    weights = rest[0] if rest else None
    return [
        Observation(_name(key), value, 1.0 if weights is None else weights[key])
        for key, value in sorted(first.items(), key=lambda item: _name(item[0]))
        if weights is None or key in weights
    ]


def _name(key: UnitKey) -> str:
    """One name for a unit; projects may have units of the same."""
    project, unit = key
    return unit if project is None else f"{project}\x1f{unit}"


def _missing(observed: Sequence[Observation], parts: Sequence[Cells], arm: str, there: set[UnitKey]) -> set[UnitKey]:
    """Units of an arm that are not among its observations."""
    known = {observation.unit for observation in observed}
    return {key for key in there.union(*(cells.tallies.get(arm, {}) for cells in parts)) if _name(key) not in known}


def _unpriced(parts: Sequence[Cells], arm: str) -> set[UnitKey]:
    return {key for cells in parts for key, tally in cells.tallies.get(arm, {}).items() if tally.unpriced}
