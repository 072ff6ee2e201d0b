"""Complete days of an amount, from the first that says what comes: what forecasts are learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from agentgauge.analysis.forecast import FEWEST_DAYS, FEWEST_DAYS_OF_INTERVALS, MOST_DAYS, first_to_learn_from
from agentgauge.service.readings.series import Point, Series

State = Literal["forecast", "no intervals", "too little history"]


class PastDays(msgspec.Struct, frozen=True):
    points: tuple[Point, ...]
    """None of them where nothing of them has a price: what all these days cost is not known, which is not nothing."""
    break_days: int
    """Days without anything right before the first, whence nothing older is among them; 0 of none."""
    unpriced_calls: int
    """Calls in these days whose cost is not known."""

    @property
    def values(self) -> Sequence[float]:
        return [point.value for point in self.points]


def past_days(found: Series | None) -> PastDays:
    """Of a series of days. The first day is among them only where the window begins with it: recording, or work, may
    have begun at any hour.
    """
    points = [point for point in (found.points if found else ()) if point.complete]
    used = [bool(point.n or point.value) for point in points]
    first = first_to_learn_from(used)
    before = next((back for back in range(first) if used[first - 1 - back]), 0)
    learnt = tuple(points[first + 1 if first else 0 :][-MOST_DAYS:])
    unpriced = sum(point.unpriced_calls for point in learnt)
    if unpriced and not any(point.value for point in learnt):
        return PastDays((), 0, unpriced)
    return PastDays(learnt, before, unpriced)


def state_of(history_days: int) -> State:
    """What a forecast from so many days can say."""
    if history_days < FEWEST_DAYS:
        return "too little history"
    return "forecast" if history_days >= FEWEST_DAYS_OF_INTERVALS else "no intervals"
