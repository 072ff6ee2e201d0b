"""Which of the charges that were told of budgets are in a snapshot of the events.

Costs a question about the segments and times of these charges, not about all events: with the events sorted by time, a
look at the last minutes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query

_AT_ONCE = 2000
_ABOUT = timedelta(hours=1)
"""How far the time of an event may be from what was told of it: a receiver may correct it."""
_LOST_AFTER = timedelta(hours=1)
"""A charge whose event is not there, though later ones of its segment are, is that of a repeat: the event landed once,
by its source id, under another identity. Threads and the network may delay one, but not by so much."""

Identity = tuple[str, int]


class Charged(Protocol):
    """A charge, as it was told."""

    @property
    def identity(self) -> Identity: ...

    @property
    def time(self) -> datetime: ...

    @property
    def charged(self) -> datetime: ...


class Sorted(msgspec.Struct, frozen=True):
    seen: frozenset[Identity]
    """In the snapshot, with a price; or not to come."""
    missing: frozenset[Identity]


class Sighting:
    """Of one snapshot, which was asked about at `now`."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self._engine = engine
        self._now = now
        self._last: dict[str, int] = {}

    def sort(self, charges: Iterable[Charged]) -> Sorted:
        """Whether the events of these are there. A charge stays until its event has a price."""
        told = {one.identity: one for one in charges}
        self._read_last(one for one in told.values() if one.identity[0] not in self._last)
        # Later than all that the snapshot has of a segment: while charges keep coming, this is what they mostly are.
        candidates = [one for one in told.values() if one.identity[1] <= self._last[one.identity[0]]]
        priced, unpriced = self._look_up(candidates)
        lost = {
            one.identity for one in candidates if one.identity not in unpriced and one.charged < self._now - _LOST_AFTER
        }
        seen = frozenset(priced | lost)
        return Sorted(seen, frozenset(told) - seen)

    def _read_last(self, charges: Iterable[Charged]) -> None:
        listed = tuple(charges)
        segments = {one.identity[0] for one in listed}
        if not segments:
            return
        self._last |= dict.fromkeys(segments, -1)
        query = Query(
            start=min(one.time for one in listed) - _ABOUT,
            filters=(Filter("segment", "in", tuple(sorted(segments))),),
            group=("segment",),
            measures=(Measure("max", "n", name="last"),),
        )
        self._last |= {row["segment"]: row["last"] for row in self._engine.aggregate(query).records()}

    def _look_up(self, charges: Collection[Charged]) -> tuple[set[Identity], set[Identity]]:
        wanted = sorted(charges, key=lambda one: one.time)
        priced: set[Identity] = set()
        unpriced: set[Identity] = set()
        for begin in range(0, len(wanted), _AT_ONCE):
            some = wanted[begin : begin + _AT_ONCE]
            query = Query(
                start=some[0].time - _ABOUT,
                end=some[-1].time + _ABOUT,
                filters=(
                    Filter("segment", "in", tuple(sorted({one.identity[0] for one in some}))),
                    Filter("n", "in", tuple(sorted({one.identity[1] for one in some}))),
                ),
            )
            asked = {one.identity for one in some}
            for segment, n, cost in self._engine.scan(query, ("segment", "n", "cost_usd")):
                if (segment, n) in asked:
                    (unpriced if cost is None else priced).add((segment, n))
        return priced, unpriced
