"""A few hundred events of every kind, with absent values, over the days on which Europe's clocks change."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from agentgauge.events import Event, fields, kinds

FIRST = datetime(2025, 10, 24, 21, 7, tzinfo=UTC)
LAST = FIRST + timedelta(days=4)
TEXTS = ("a", "b", "O'Brien", "100%", "x_y", "back\\slash", "Ünïcode", "", None)


def sample(count: int = 400, seed: int = 3) -> list[Event]:
    """Events that break no rule of their kind, in no order of time."""
    rng = random.Random(seed)
    return [_event(rng, rng.choice([kind.name for kind in kinds.KINDS] + ["llm_call"] * 5)) for _ in range(count)]


def _event(rng: random.Random, kind: str) -> Event:
    own = {field.name for field in kinds.BY_NAME[kind].fields}
    values: dict[str, Any] = {
        "name": rng.choice(TEXTS) or "named",
        "agent": rng.choice(TEXTS),
        "issue": rng.choice(("1", None)),
        "ticket": rng.choice(("T-1", None)),
        "attributes": _attributes(rng),
    }
    choices: dict[str, Any] = {
        "model": rng.choice(("gpt-4o", "claude-sonnet-4-5")),
        "duration_ms": rng.choice((None, 0.0, rng.lognormvariate(5, 2))),
        "outcome": rng.choice((None, "success", "success", *fields.OUTCOMES)),
        "quality_score": rng.choice((None, rng.uniform(0, 100))),
        "value": rng.gauss(0, 10),
        "error_type": "ValueError",
    }
    values |= {name: value for name, value in choices.items() if name in own}
    if "input_tokens" in own:
        values |= {"input_tokens": rng.randrange(10**6), "output_tokens": rng.randrange(10**4)}
    if "cost_usd" in own:
        cost = rng.choice((None, Decimal(rng.randrange(10**12)).scaleb(-12), Decimal("0.1")))
        values |= {"cost_usd": cost, "cost_source": "reported" if cost is not None else rng.choice((None, "unpriced"))}
    offset = timedelta(microseconds=rng.randrange((LAST - FIRST) // timedelta(microseconds=1)))
    return Event(kind=kind, time=FIRST + offset, **values)


def _attributes(rng: random.Random) -> dict[str, Any] | None:
    value = rng.choice((1, 2.5, -3, "text", "7", True, None))
    return rng.choice((None, {}, {"k": value}, {"k": value, "a.b": rng.choice(("dotted", 4)), "a/b~c": "odd"}))
