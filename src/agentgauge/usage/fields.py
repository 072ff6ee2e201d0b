"""Reading what may not be there: the fields of dicts and objects, looked at as one thing.

A result is of anybody's making. A field that is missing, raises when it is asked for or holds something else than it
should is read as not stated. pydantic models and dataclasses are looked at through their dict: asking a pydantic model
for what it does not have takes a microsecond, and a reader asks for much that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Protocol

from agentgauge.interruption import is_interruption

_MOST_TOKENS = 1 << 53
_MOST_MONEY = Decimal(1_000_000)
"""What an event may hold; more than that is a broken counter."""


class Fields(Protocol):
    """Something that can be asked for a field by name; None where it has none."""

    def get(self, name: str, /) -> object: ...


class _Attributes:
    """The attributes of an object of no particular kind."""

    __slots__ = ("_source",)

    def __init__(self, source: object) -> None:
        self._source = source

    def get(self, name: str, /) -> object:
        return attribute(self._source, name)


NOTHING: Fields = {}


def fields_of(source: object) -> Fields:
    """A dict's keys, a pydantic model's or dataclass's own fields, any other object's attributes."""
    if type(source) is dict:
        return source
    if source is None:
        return NOTHING
    of_class = type(source)
    if hasattr(of_class, "__pydantic_extra__"):
        extra = getattr(source, "__pydantic_extra__", None)
        return {**source.__dict__, **extra} if extra else source.__dict__
    if hasattr(of_class, "__dataclass_fields__") and hasattr(source, "__dict__"):
        return source.__dict__
    if isinstance(source, Mapping):
        return source
    return _Attributes(source)


def within(fields: Fields, name: str) -> Fields:
    """The fields of a field; none where it is not stated."""
    value = fields.get(name)
    return NOTHING if value is None else fields_of(value)


def attribute(source: object, name: str) -> object:
    """An attribute or property; None where there is none, or where asking for it raises."""
    try:
        return getattr(source, name, None)
    except Exception as error:  # a property of somebody's class; what it cannot say is not stated
        if is_interruption(error):
            raise
        return None


def first(fields: Fields, *names: str) -> object:
    """The first of these fields that is stated."""
    for name in names:
        value = fields.get(name)
        if value is not None:
            return value
    return None


def count(fields: Fields, name: str) -> int:
    """A counter; 0 where it is not stated or cannot be."""
    value = fields.get(name)
    if type(value) is int:
        return value if 0 <= value <= _MOST_TOKENS else 0
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS:
        return int(value)
    return 0


def text(fields: Fields, name: str) -> str | None:
    """A text that is not empty."""
    value = fields.get(name)
    return value if isinstance(value, str) and value else None


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
