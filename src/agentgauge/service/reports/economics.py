"""What outcomes cost: a resolved issue, a green pipeline, a debugging cycle, a merged change, a ticket, a session.

Failed work is part of the price: everything that was spent on issues, whatever became of them, over the issues that
were resolved. What is counted:

    issue      attempts: issues worked on. Success: resolved (see `agentgauge.service.readings.work_units`)
    ticket, session   the same of theirs
    pipeline   attempts: pipeline events with an outcome. Success: a pipeline, by its id, that was green
    change     attempts: changes merged, by the mark `change_merged`; all are successes
    cycle      attempts: debugging cycles. Success: resolved

What was spent on an outcome is what names its unit: the issue, ticket or session itself; of pipelines and changes the
ticket, else the issue, else the run, else the session, each kind of which there is a pipeline or a change (all
issues, if pipelines are of issues); of a cycle the calls within it. All else is `unattributed`, and the rows of an
outcome sum to the total. Time is that of the work (of cycles: their own), not of waiting.

Intervals are of 95 %, of a ratio over units of work (`agentgauge.analysis.pairs`): what depends on each other within
a unit stays together. None below ten units.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from agentgauge.analysis.bootstrap import FEWEST
from agentgauge.analysis.pairs import Observation, level
from agentgauge.engines import Engine
from agentgauge.engines.answer import Way
from agentgauge.service.asked import Asked
from agentgauge.service.readings.outcomes import Outcomes, changes, cycles, ended, pipelines
from agentgauge.service.readings.work_units import Spending, work_units
from agentgauge.service.window import Window

FEWEST_SUCCESSES = 5
"""Below, a row is marked as of few samples: the next success would change its price by a sixth or more."""

OutcomeName = Literal["issue", "pipeline", "cycle", "change", "ticket", "session"]
Part = Literal["succeeded", "unsuccessful", "unattributed"]
_CONFIDENCE = 0.95
_STEP = Decimal("1e-6")


class Price(msgspec.Struct, frozen=True):
    """USD per outcome; None where there is none to divide by, or nothing is priced, and limits of too few units."""

    value: Decimal | None
    low: Decimal | None
    high: Decimal | None


class Effort(msgspec.Struct, frozen=True):
    """Milliseconds of work per outcome; NaN where `Price` has None."""

    value: float
    low: float
    high: float


class Spent(msgspec.Struct, frozen=True):
    """One part of all that was spent."""

    on: Part
    """succeeded: units with a success; unsuccessful: units of the same kind without; unattributed: the rest."""
    units: int
    cost_usd: Decimal
    unpriced_calls: int


class OutcomeEconomics(msgspec.Struct, frozen=True, kw_only=True):
    outcome: OutcomeName
    attempts: int
    successes: int
    units: int
    """Units of work that the money was spent on, and that the intervals are over."""
    unpriced_calls: int
    """Of these units: what they cost is in no price, so prices are too low by it."""
    cost_per_success: Price
    cost_per_attempt: Price
    time_per_success: Effort
    time_per_attempt: Effort
    spent: tuple[Spent, ...]
    """Sums to the total of the report."""
    few_samples: bool


class Economics(msgspec.Struct, frozen=True, kw_only=True):
    window: Window
    cost_usd: Decimal
    """Of everything in the window."""
    unpriced_calls: int
    """In no price."""
    outcomes: tuple[OutcomeEconomics, ...]
    """Those of which there are any."""
    way: Way


def economics(engine: Engine, window: Window) -> Economics:
    """What each kind of outcome in the window cost. Reads the tasks of the window, and the calls around cycles."""
    asked = Asked(engine)
    work = work_units(asked, window)
    total = _sum(work.spending.values())
    found: dict[OutcomeName, Outcomes] = {
        "issue": ended(work, "issue"),
        "pipeline": pipelines(asked, window, work),
        "cycle": cycles(asked, window),
        "change": changes(asked, window, work),
        "ticket": ended(work, "ticket"),
        "session": ended(work, "session"),
    }
    return Economics(
        window=window,
        cost_usd=total.cost_usd,
        unpriced_calls=total.unpriced_calls,
        outcomes=tuple(_economics(name, outcomes, total) for name, outcomes in found.items() if outcomes.attempts),
        way=asked.way,
    )


def _economics(name: OutcomeName, outcomes: Outcomes, total: Spending) -> OutcomeEconomics:
    units = outcomes.units
    won = [unit for unit in units.values() if unit.successes]
    lost = [unit for unit in units.values() if not unit.successes]
    parts = (_sum(unit.spending for unit in won), _sum(unit.spending for unit in lost))
    attributed = _sum(parts)
    rest = Spending(total.cost_usd - attributed.cost_usd, total.unpriced_calls - attributed.unpriced_calls)
    successes = sum(unit.successes for unit in units.values())
    attempts = sum(unit.attempts for unit in units.values())
    of_success = {key: float(unit.successes) for key, unit in units.items()}
    of_attempt = {key: float(unit.attempts) for key, unit in units.items()}
    costs = {key: float(unit.spending.cost_usd) for key, unit in units.items()}
    times = {key: unit.busy_ms for key, unit in units.items()}
    return OutcomeEconomics(
        outcome=name,
        attempts=attempts,
        successes=successes,
        units=len(units),
        unpriced_calls=attributed.unpriced_calls,
        cost_per_success=_price(attributed, successes, costs, of_success),
        cost_per_attempt=_price(attributed, attempts, costs, of_attempt),
        time_per_success=_effort(times, of_success),
        time_per_attempt=_effort(times, of_attempt),
        spent=(
            _spent("succeeded", len(won), parts[0]),
            _spent("unsuccessful", len(lost), parts[1]),
            _spent("unattributed", 0, rest),
        ),
        few_samples=len(units) < FEWEST or successes < FEWEST_SUCCESSES,
    )


def _price(spent: Spending, count: int, costs: Mapping[Any, float], counts: Mapping[Any, float]) -> Price:
    if not count or not spent.is_known:
        return Price(None, None, None)
    low, high = (None if math.isnan(limit) else Decimal(limit).quantize(_STEP) for limit in _limits(costs, counts))
    return Price((spent.cost_usd / count).quantize(_STEP), low, high)


def _effort(times: Mapping[Any, float], counts: Mapping[Any, float]) -> Effort:
    took, total = math.fsum(times.values()), sum(counts.values())
    return Effort(took / total, *_limits(times, counts)) if took and total else Effort(math.nan, math.nan, math.nan)


def _limits(values: Mapping[Any, float], counts: Mapping[Any, float]) -> tuple[float, float]:
    """Of the sum of values over the sum of counts; NaN of too few units."""
    if len(counts) < FEWEST:
        return math.nan, math.nan
    observations = [Observation(str(number), values[key], counts[key]) for number, key in enumerate(counts)]
    _, low, high = level(observations, "ratio", _CONFIDENCE)
    return low, high


def _sum(parts: Iterable[Spending]) -> Spending:
    whole = Spending()
    for part in parts:
        whole.add(part)
    return whole


def _spent(on: Part, units: int, spending: Spending) -> Spent:
    return Spent(on, units, spending.cost_usd, spending.unpriced_calls)
