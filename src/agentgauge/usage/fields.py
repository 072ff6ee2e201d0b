"""Reading what may not be there: fields of dicts and objects, none of which can make the reader fail.

A result is of anybody's making. A field that is missing, raises when it is asked for or holds something else than it
should is read as not stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

_MOST_TOKENS = 1 << 53
_MOST_MONEY = Decimal(1_000_000)
"""What an event may hold; more than that is a broken counter."""


def get(source: object, name: str) -> object:
    """The value of a key or attribute; None where there is none, or where asking for it raises."""
    if type(source) is dict:
        return source.get(name)
    try:
        if isinstance(source, Mapping):
            return source.get(name)
        return getattr(source, name, None)
    except Exception:  # noqa: BLE001 - a property of somebody's class; what it cannot say is not stated
        return None


def first(source: object, *names: str) -> object:
    """The first of these fields that is stated."""
    for name in names:
        value = get(source, name)
        if value is not None:
            return value
    return None


def has(source: object, name: str) -> bool:
    """Whether `source` has such a key, or is of a class that declares such a field or property.

    What a `__getattr__` would answer does not count: some answer anything.
    """
    if isinstance(source, Mapping):
        return name in source
    return name in getattr(source, "__dict__", ()) or hasattr(type(source), name)


def count(source: object, *names: str) -> int:
    """The first of these counters that is stated and possible, else 0."""
    for name in names:
        value = get(source, name)
        if value is not None and (whole := whole_of(value)) is not None:
            return whole
    return 0


def whole_of(value: object) -> int | None:
    if type(value) is not int:
        if not isinstance(value, int | float) or isinstance(value, bool) or value != value // 1:
            return None
        value = int(value)
    return value if 0 <= value <= _MOST_TOKENS else None


def text(source: object, *names: str) -> str | None:
    """The first of these fields that holds a text which is not empty."""
    for name in names:
        value = get(source, name)
        if isinstance(value, str) and value:
            return value
    return None


def money(value: object) -> Decimal | None:
    """An amount in USD; a float stands for its shortest decimals, as in the JSON that it came from."""
    if isinstance(value, float):
        value = repr(float(value))
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < _MOST_MONEY else None


def milliseconds(value: object, factor: float = 1.0) -> float | None:
    """A duration of so many units of `factor` milliseconds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    duration = float(value) * factor
    return duration if 0 <= duration < float("inf") else None


def items(value: object) -> list[object]:
    """The elements of a list or tuple; of anything else none."""
    return list(value) if isinstance(value, list | tuple) else []
