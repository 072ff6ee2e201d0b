"""A lake with a history: late events, duplicates, corrections, deletions, expiry, and what should be left of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

import agentgauge
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import Event
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.settings import resolve_home

FIRST = datetime(2026, 3, 27, 3, 10, tzinfo=UTC)
AUTUMN = timedelta(days=211)
"""A history is of four days from FIRST on and four from FIRST + AUTUMN on: Berlin's clocks change in both."""
ARRIVED = datetime(2026, 11, 1, tzinfo=UTC)
AGENTS = ("ada", "bob", "O'Brien", None)


class History:
    def __init__(self, home: Path, book: PriceBook, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lake = Lake(resolve_home(home), book, rollups_from_rows=1)
        self.gauge = agentgauge.open(home)
        self.kept: list[Event] = []
        """What answers should be made of: expired events too, forgotten ones not."""
        self.expired: list[Event] = []
        self._in_tail: list[Event] = []
        self._minutes = 0

    def close(self) -> None:
        self.gauge.close()

    def record(self, count: int, *, sourced: float = 0.3) -> None:
        """New events; some are late, that is, of any time of the history."""
        for _ in range(count):
            source = f"s-{self._minutes}" if self.rng.random() < sourced else None
            event = self._event(source)
            self.gauge.record(event)
            self.kept.append(event)
            self._in_tail.append(event)

    def repeat(self, count: int) -> None:
        """Duplicates of events with a source id: half say the same, half have other usage and take the place."""
        for event in self.rng.sample([e for e in self.kept if e.source_id], count):
            repeated = msgspec.structs.replace(event, arrived=self._now())
            is_same = self.rng.random() < 0.5
            if not is_same:
                repeated = msgspec.structs.replace(repeated, duration_ms=self.rng.uniform(1, 9))
            self.gauge.record(repeated)
            if event in self.expired or (is_same and event not in self._in_tail):
                continue  # it is known, and stays as it is
            self.kept[self.kept.index(event)] = repeated
            self._in_tail.append(repeated)

    def compact(self, on_step: Callable[[str], None] = lambda name: None) -> None:
        self.lake.compact(on_step)
        self._in_tail.clear()

    def forget(self, user: str) -> None:
        """What had expired stays in the sums: they name no person."""
        self.lake.forget(user)
        self._in_tail.clear()
        self.kept = [event for event in self.kept if event.user != user or event in self.expired]

    def expire(self, share: float, on_step: Callable[[str], None] = lambda name: None) -> None:
        """Let the first part of what has arrived expire."""
        arrivals = sorted(event.arrived for event in self.kept if event.arrived is not None)
        before = arrivals[int(len(arrivals) * share)]
        self.lake.expire(before, on_step)
        self._in_tail.clear()
        self.expired = [event for event in self.kept if event.arrived is not None and event.arrived < before]

    @contextmanager
    def engines(self) -> Iterator[tuple[DuckDBEngine, DuckDBEngine]]:
        """One that takes rollups wherever it can, and one that knows of none."""
        with self.lake.snapshot() as snapshot:
            yield (
                DuckDBEngine(snapshot.connection, snapshot.rollups, rollups_from_rows=0),
                DuckDBEngine(snapshot.connection),
            )

    def _now(self) -> datetime:
        self._minutes += 1
        return ARRIVED + timedelta(minutes=self._minutes)

    def _event(self, source: str | None) -> Event:
        rng = self.rng
        kind = rng.choice(("llm_call", "llm_call", "llm_call", "tool_call", "task", "mark"))
        moment = FIRST + rng.choice((timedelta(0), AUTUMN)) + timedelta(seconds=rng.randrange(4 * 86_400))
        if rng.random() < 0.2:
            moment = moment.replace(minute=rng.choice((0, 15, 30, 45)), second=0)
        values: dict[str, Any] = {
            "agent": rng.choice(AGENTS),
            "role": rng.choice(("coding", "review", None)),
            "operation": rng.choice(("plan", "", "build")),
            "project": rng.choice(("shop", None)),
            "user": rng.choice(("ann", "ben", "cem", None)),
            "run": f"r{rng.randrange(9)}",
            "team": rng.choice(("blue", None)),
            "parent_id": rng.choice(("p1", None)),
        }
        if kind != "mark":
            values["outcome"] = rng.choice((None, "success", "success", "failure", "timeout"))
        values["duration_ms"] = rng.choice((None, 0.0, rng.lognormvariate(6, 1.5), rng.lognormvariate(6, 1.5)))
        if kind != "llm_call":
            values["name"] = "n"
        if kind == "llm_call":
            values |= {
                "model": rng.choice(("unheard-of-1", "unheard-of-2")),
                "provider": rng.choice(("x", None)),
                "input_tokens": rng.randrange(10**6),
                "output_tokens": rng.randrange(10**4),
            }
        if kind == "task":
            values["quality_score"] = rng.choice((None, rng.uniform(0, 100)))
        if kind in ("llm_call", "tool_call"):
            cost = rng.choice((None, Decimal(rng.randrange(10**12)).scaleb(-12), Decimal("0.1")))
            values |= {"cost_usd": cost, "cost_source": None if cost is None else "reported"}
        return Event(kind=kind, time=moment, arrived=self._now(), source_id=source, **values)


def random_history(home: Path, book: PriceBook, seed: int) -> History:
    """A few hundred events through a few compactions with anything in between; the last are in the tail."""
    history = History(home, book, seed)
    rng = random.Random(seed)
    history.record(120)
    history.compact()
    for _ in range(rng.randrange(2, 5)):
        history.record(rng.randrange(20, 90))
        history.repeat(rng.randrange(4, 9))
        if rng.random() < 0.8:
            history.compact()
        if rng.random() < 0.25:
            history.forget(rng.choice(("ann", "ben")))
        if rng.random() < 0.4:
            history.expire(rng.uniform(0.1, 0.5))
    if rng.random() < 0.7:
        history.record(rng.randrange(1, 40), sourced=0.0)
    return history
