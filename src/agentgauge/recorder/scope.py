"""Scope: who and what events belong to, encoded once and prefixed to the lines of all events recorded inside it.

A scope is immutable. Narrowing one gives another; the result is cached, since programs narrow to the same few again
and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from functools import lru_cache
from typing import Any
from zlib import crc32

from agentgauge.errors import EventRefused
from agentgauge.events import codec, fields
from agentgauge.recorder.attributes import as_json
from agentgauge.recorder.guards import Charged

_NAMES = frozenset(fields.SCOPE_NAMES)
_IDS = frozenset(fields.ID_NAMES)
_CACHED = 2048
_LARGEST_BITS = 64
_NAME_CHARACTERS = 60
_MISTYPED = 0.75
"""How alike a scope name another must be to be taken for it: `tciket` is, and `version`, to `session`, is not."""


class Scope:
    """Values of scope fields, and attributes of everything that is recorded in it. Equal only to itself."""

    __slots__ = ("attributes", "bare", "crc", "guards", "ids", "items", "origin", "prefix")

    def __init__(self, items: Mapping[str, str], attributes: Mapping[str, Any] | None = None) -> None:
        """Raises UnicodeEncodeError for text that is none."""
        self.items = dict(items)
        self.guards: tuple[Charged, ...] = ()
        """Budgets that hold here, the innermost last."""
        self.attributes: Mapping[str, Any] = attributes or {}
        """Not in the prefix: an event may have attributes of its own beside them."""
        self.prefix = codec.encode_scope(self.items) + b","
        """Opening of a line: everything up to the event's own members."""
        self.crc = crc32(self.prefix)
        self.ids: dict[str, str] = {}
        """Those of its items that differ from span to span."""
        self.bare: Scope = self
        """It without ids."""
        self.origin: Scope = self
        """It without ids and guards, both of which come and go: what narrowings are cached by."""
        if not self.items.keys().isdisjoint(fields.ID_NAMES):
            self.ids = {name: self.items[name] for name in fields.ID_NAMES if name in self.items}
            bare = {name: value for name, value in self.items.items() if name not in self.ids}
            self.bare = self.origin = Scope(bare, self.attributes)

    def at(self, ids: dict[str, str]) -> Scope:
        """This scope with these ids and no others, at a fraction of what encoding a scope costs.

        Raises UnicodeEncodeError for text that is none.
        """
        bare = self.bare
        scope = Scope.__new__(Scope)
        opening = codec.encode_json(ids)[1:-1] + b","
        scope.items = bare.items | ids
        scope.attributes = bare.attributes
        scope.guards = bare.guards
        scope.ids = dict(ids)
        scope.bare = bare
        scope.origin = bare.origin
        scope.prefix = bare.prefix + opening
        scope.crc = crc32(opening, bare.crc)
        return scope

    def around(self, values: Mapping[str, object]) -> tuple[Scope, dict[str, str]]:
        """As `narrowed`, for one event: the scope, and beside it those ids that are not part of it.

        Ids differ from event to event. Encoding a scope for each would cost more than all the rest, and push the
        scopes that recur out of the cache. Raises as `narrowed`.
        """
        ids, rest = self.ids, []
        for item in _texts(values):
            if item[0] in _IDS:
                ids = {**ids, item[0]: item[1]}
            else:
                rest.append(item)
        if not rest:
            return self.bare, ids
        inner = _within(self.origin, tuple(rest))
        return (inner.guarded_by(self.guards) if self.guards else inner), ids

    def narrowed(self, values: Mapping[str, object]) -> Scope:
        """This scope with some values set, or, where None, left as they are.

        Text stands as it is, whole numbers as their decimal text. Raises `EventRefused` for names that are no scope,
        and other values.
        """
        inner, ids = self.around(values)
        if inner is self.bare and ids is self.ids:
            return self
        try:
            return inner.at(ids) if ids else inner
        except UnicodeEncodeError as error:
            raise _no_text(ids.items()) from error

    def extended(self, values: Mapping[str, object]) -> Scope:
        """As `narrowed`, for all that is recorded in a block: what is no field of an event and no misspelling of a
        scope is an attribute. Raises `EventRefused` for values that JSON cannot hold, too.
        """
        own = {name: value for name, value in values.items() if not _is_scope(name) and value is not None}
        if not own:
            return self.narrowed(values)
        scope = self.narrowed({name: value for name, value in values.items() if name not in own})
        extended = Scope(scope.items, {**scope.attributes, **as_json(own)})
        return extended.guarded_by(scope.guards) if scope.guards else extended

    def guarded_by(self, guards: tuple[Charged, ...]) -> Scope:
        """This scope inside these budgets and no others, at a fraction of what encoding a scope costs."""
        scope = Scope.__new__(Scope)
        scope.items = self.items
        scope.attributes = self.attributes
        scope.guards = guards
        scope.ids = self.ids
        scope.bare = scope if self.bare is self else self.bare.guarded_by(guards)
        scope.origin = self.origin
        scope.prefix = self.prefix
        scope.crc = self.crc
        return scope

    @property
    def given(self) -> dict[str, Any]:
        """What `extended` makes the same scope of, of none."""
        return {**self.items, **self.attributes}


class Place:
    """Scope values that many events share: those of one agent, or of one session.

    Narrowing is done once for each scope that they are recorded in, and not once per event. Safe to share between
    threads.
    """

    __slots__ = ("_narrowed", "values")

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values = values
        """Not to be changed any more."""
        self._narrowed: tuple[Scope, Scope] | None = None

    def within(self, around: Scope) -> Scope:
        """The scope `around`, narrowed. Raises as `Scope.narrowed`."""
        known = self._narrowed
        if known is None or known[0] is not around:
            known = self._narrowed = around, around.narrowed(self.values)
        return known[1]


def leave(current: ContextVar[Scope], token: Token[Scope]) -> None:
    """Undo what `current.set` gave `token` for.

    In another context than it was set in, which is where generators may be closed, there is nothing to undo: that
    one's scope is its own.
    """
    with suppress(ValueError):
        current.reset(token)


def _is_writable(text: object) -> bool:
    try:
        str(text).encode()
    except UnicodeEncodeError:
        return False
    return True


def _texts(values: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    for value in values.values():
        if type(value) is not str:
            return [_text(name, value) for name, value in values.items() if value is not None]
    return values.items()  # type: ignore[return-value]


def _text(name: str, value: object) -> tuple[str, str]:
    if isinstance(value, str):
        return name, str.__str__(value)  # str() of an enum member is its name
    if isinstance(value, int) and not isinstance(value, bool):
        whole = int.__index__(value)
        if whole.bit_length() > _LARGEST_BITS:
            raise EventRefused("out of range", f"{name} is a whole number of {whole.bit_length()} bits; at most 64")
        return name, str(whole)
    if name not in _NAMES:
        raise _unknown(name)
    raise EventRefused("wrong type", f"{name} is text or a whole number, got {type(value).__name__}")


def _unknown(name: str) -> EventRefused:
    from difflib import get_close_matches  # deferred: needed once somebody mistypes

    name = name[:_NAME_CHARACTERS]
    near = get_close_matches(name, (*fields.BY_NAME, "success"), 1)
    advice = f"did you mean {near[0]}?" if near else f"use attributes={{{name!r}: ...}} for what has no field"
    return EventRefused("unknown scope", f"{name!r}; {advice} Scopes are {', '.join(fields.SCOPE_NAMES)}")


def _within(scope: Scope, items: tuple[tuple[str, str], ...]) -> Scope:
    try:
        return _narrowed(scope, items)
    except UnicodeEncodeError as error:
        raise _no_text(items) from error


def _no_text(items: Iterable[tuple[str, str]]) -> EventRefused:
    names = ", ".join(name for name, value in items if not _is_writable(value))
    return EventRefused("not text", f"scope {names} cannot be written as UTF-8")


@lru_cache(maxsize=_CACHED)
def _narrowed(scope: Scope, items: tuple[tuple[str, str], ...]) -> Scope:
    for name, _ in items:
        if name not in _NAMES:
            raise _unknown(name)
    return Scope(scope.items | dict(items), scope.attributes)


@lru_cache(maxsize=_CACHED)
def _is_scope(name: str) -> bool:
    """Whether a name is a scope, or was probably meant to be one, or another field, which a scope cannot have."""
    if name in fields.BY_NAME:
        return True
    from difflib import get_close_matches  # deferred: needed once a name is new

    return bool(get_close_matches(name, fields.SCOPE_NAMES, 1, _MISTYPED))
