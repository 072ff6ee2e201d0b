"""Scope: who and what events belong to, encoded once and prefixed to the lines of all events recorded inside it.

A scope is immutable. Narrowing one gives another; the result is cached, since programs narrow to the same few again
and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from zlib import crc32

from agentgauge.errors import EventRefused
from agentgauge.events import codec, fields

_NAMES = frozenset(fields.SCOPE_NAMES)
_CACHED = 2048


class Scope:
    """Values of scope fields. Equal only to itself."""

    __slots__ = ("crc", "items", "prefix")

    def __init__(self, items: Mapping[str, str]) -> None:
        """Raises UnicodeEncodeError for text that is none."""
        self.items = dict(items)
        self.prefix = codec.encode_scope(self.items) + b","
        """Opening of a line: everything up to the event's own members."""
        self.crc = crc32(self.prefix)

    def narrowed(self, values: Mapping[str, object]) -> Scope:
        """This scope with some values set, or, where None, left as they are.

        Text stands as it is, whole numbers as their decimal text. Raises `EventRefused` for names that are no scope,
        and other values.
        """
        items = tuple(values.items())
        for _, value in items:
            if type(value) is not str:
                items = tuple(_text(name, value) for name, value in items if value is not None)
                break
        if not items:
            return self
        try:
            return _narrowed(self, items)
        except UnicodeEncodeError as error:
            raise EventRefused("not text", f"scope {dict(items)!r} cannot be written as UTF-8") from error


def _text(name: str, value: object) -> tuple[str, str]:
    if isinstance(value, str):
        return name, str.__str__(value)  # str() of an enum member is its name
    if isinstance(value, int) and not isinstance(value, bool):
        return name, str(int(value))
    if name not in _NAMES:
        raise _unknown(name)
    raise EventRefused("wrong type", f"{name} is text or a whole number, got {type(value).__name__}")


def _unknown(name: str) -> EventRefused:
    return EventRefused("unknown scope", f"{name!r}; scopes are {', '.join(fields.SCOPE_NAMES)}")


@lru_cache(maxsize=_CACHED)
def _narrowed(scope: Scope, items: tuple[tuple[str, str], ...]) -> Scope:
    for name, _ in items:
        if name not in _NAMES:
            raise _unknown(name)
    return Scope(scope.items | dict(items))
