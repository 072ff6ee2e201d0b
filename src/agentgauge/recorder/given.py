"""From what a caller gives to the values of an event: money, numbers, outcomes, scores and times.

Everything here raises `EventRefused`, with the reason that the event is counted under.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from operator import index
from typing import Any

from agentgauge.errors import EventRefused
from agentgauge.events import fields
from agentgauge.events.validation import described

Money = Decimal | int | str | float
"""US dollars. A float stands for its shortest decimal text: 0.1 is a tenth."""

FUTURE_TOLERANCE = timedelta(minutes=5)
"""Clocks disagree; a time further ahead than this is an error of the caller's."""

_DOLLARS = Context(prec=40, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
"""Of our own: the program may have set its context to fewer digits, or to raise where something is rounded."""

_NUMBERS = frozenset(field.name for field in fields.ALL if field.type in ("whole", "real"))


def money(value: object) -> Decimal:
    """Dollars to 12 decimals, half to even."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str | float):
        raise EventRefused("wrong type", f"cost_usd is a Decimal, number or text, got {type(value).__name__}")
    try:
        exact = Decimal(repr(float(value)) if isinstance(value, float) else value)
        if exact.is_finite():
            return _DOLLARS.plus(exact.quantize(fields.MONEY_STEP, context=_DOLLARS).normalize(_DOLLARS))
    except (InvalidOperation, ValueError):
        raise EventRefused("wrong money", f"cost_usd is an amount in dollars, got {described(value)}") from None
    raise EventRefused("not finite", f"cost_usd is not a finite number but {described(value)}")


def outcome(success: object, stated: object) -> str | None:
    """The outcome stated, else the one that `success` says."""
    if stated is not None:
        if not isinstance(stated, str) or stated not in fields.OUTCOMES:
            words = ", ".join(fields.OUTCOMES)
            raise EventRefused("unknown word", f"outcome is one of {words}, got {described(stated)}")
        return stated
    if success is None:
        return None
    if isinstance(success, bool) or _is_numpy_bool(success):
        return "success" if success else "failure"
    raise EventRefused("wrong type", f"success is True or False, got {described(success)}")


def _is_numpy_bool(value: object) -> bool:
    """What comparisons of NumPy give; told by its name, since importing it would take longer than all of recording."""
    kind = type(value)
    return kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_")


def plain(name: str, value: object) -> object:
    """Numbers of other libraries and members of enums as Python's own; anything else unchanged, for its kind's rules
    to judge.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if name not in _NUMBERS or value is None or isinstance(value, bool) or type(value) in (int, float):
        return value
    if fields.BY_NAME[name].type == "whole" or not hasattr(value, "__float__"):
        try:
            return int.__index__(index(value))  # type: ignore[arg-type]
        except TypeError:
            return value
    if isinstance(value, Decimal):
        return float(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def satisfaction(members: dict[str, Any]) -> None:
    """Turn the score in `members`, where it is on the 1-5 scale, to the ratio (score - 1) / 4.

    Takes `scale` out of `members`: 5 or 1 (a ratio already); without it a value above 1 is on the 1-5 scale. A score is
    kept as stated in the attributes.
    """
    value, scale = members.get("value"), members.pop("scale", None)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if scale is None:
        scale = 5 if value > 1 else 1
    if not isinstance(scale, int | float) or scale not in (1, 5):
        raise EventRefused("out of range", f"scale of satisfaction is 5 (scores 1-5) or 1, got {described(scale)}")
    if scale == 1:
        return
    if not 1 <= value <= 5:
        raise EventRefused("out of range", f"satisfaction is a ratio or a score of 1-5, got {described(value)}")
    members["value"] = (value - 1) / 4
    members["attributes"] = {**members.get("attributes", {}), "score": value, "scale": 5}


def aware(value: object) -> datetime:
    """An aware time, in UTC."""
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    if not isinstance(value, datetime):
        raise EventRefused("wrong type", f"at is a datetime, got {described(value)}")
    if value.utcoffset() is None:
        raise EventRefused("naive time", f"at {value.isoformat()} has no time zone; use datetime.now(timezone.utc)")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise EventRefused("out of range", f"at {value.isoformat()} is not a time in UTC") from None
