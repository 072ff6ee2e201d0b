"""From what a caller gives to the values of an event: money, numbers, outcomes, attributes and times.

Everything here raises `EventRefused`, with the reason that the event is counted under.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from operator import index
from typing import Any

from agentgauge.errors import EventRefused
from agentgauge.events import fields

Money = Decimal | int | str | float
"""US dollars. A float stands for its shortest decimal text: 0.1 is a tenth."""

FUTURE_TOLERANCE = timedelta(minutes=5)
"""Clocks disagree; a time further ahead than this is an error of the caller's."""

_NUMBERS = frozenset(field.name for field in fields.ALL if field.type in ("whole", "real"))
_MONEY_STEP = Decimal("1e-12")
_DEEPEST = 64


def money(value: object) -> Decimal:
    """Dollars to 12 decimals, half to even."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str | float):
        raise EventRefused("wrong type", f"cost_usd is a Decimal, number or text, got {type(value).__name__}")
    try:
        exact = Decimal(repr(float(value)) if isinstance(value, float) else value)
        if exact.is_finite():
            return exact.quantize(_MONEY_STEP).normalize() + 0
    except (InvalidOperation, ValueError):
        raise EventRefused("wrong money", f"cost_usd is an amount in dollars, got {value!r:.60}") from None
    raise EventRefused("not finite", f"cost_usd is {value}")


def outcome(success: object, stated: object) -> str | None:
    """The outcome stated, else the one that `success` says."""
    if stated is not None:
        if not isinstance(stated, str) or stated not in fields.OUTCOMES:
            raise EventRefused("unknown word", f"outcome is one of {', '.join(fields.OUTCOMES)}, got {stated!r:.60}")
        return stated
    if success is None:
        return None
    if isinstance(success, bool):
        return "success" if success else "failure"
    raise EventRefused("wrong type", f"success is True or False, got {type(success).__name__} {success!r:.60}")


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
            return index(value)  # type: ignore[arg-type]
        except TypeError:
            return value
    if isinstance(value, Decimal):
        return float(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def attributes(value: object) -> dict[str, Any]:
    """A dict that JSON can hold as it is. Raises for what would change or fail on the way."""
    if not isinstance(value, Mapping):
        raise EventRefused("not JSON", f"attributes is a dict, got {type(value).__name__}")
    return _json_object(value, _DEEPEST)


def _json_object(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    result = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise EventRefused("not JSON", f"attributes: keys are text, got {type(key).__name__}")
        result[key] = _json(key, item, depth - 1)
    return result


def _json(key: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise EventRefused("not JSON", f"attributes: {key!r} is beyond 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EventRefused("not finite", f"attributes: {key!r} is {value}")
        return float(value)
    if depth <= 0:
        raise EventRefused("not JSON", f"attributes: {key!r} is nested more than {_DEEPEST} deep")
    if isinstance(value, Mapping):
        return _json_object(value, depth)
    if isinstance(value, list | tuple):
        return [_json(key, item, depth - 1) for item in value]
    raise EventRefused(
        "not JSON", f"attributes: {key!r} is a {type(value).__name__}; give text, numbers, lists or dicts"
    )


def aware(value: object) -> datetime:
    """An aware time, in UTC."""
    if not isinstance(value, datetime):
        raise EventRefused("wrong type", f"at is a datetime, got {type(value).__name__} {value!r:.60}")
    if value.utcoffset() is None:
        raise EventRefused("naive time", f"at {value.isoformat()} has no time zone; use datetime.now(timezone.utc)")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise EventRefused("out of range", f"at {value.isoformat()} is not a time in UTC") from None
