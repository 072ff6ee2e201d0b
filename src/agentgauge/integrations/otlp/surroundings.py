"""What spans are inside, known where it came in the same request or not long before.

Spans arrive when they end, the inner ones first, and the server keeps no trace together. Three things cannot be told
from a span alone: whether the root of a trace is its task or an agent inside it is, whether a model call has another
inside that states the same usage again (a framework's, and its client library's), and whose call it is, where only the
agent around it is named (`names.py`). All are asked here. What is forgotten, after some tens of thousands of spans or
with the process, is taken for not there.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

_REMEMBERED = 100_000
Value = TypeVar("Value")


class Recent(Generic[Value]):
    """A dict that forgets: of what was noted it has at least the last `_REMEMBERED` and at most twice as many.

    Safe for several threads.
    """

    def __init__(self) -> None:
        self._new: dict[bytes, Value] = {}
        self._old: dict[bytes, Value] = {}

    def note(self, key: bytes, value: Value) -> None:
        if len(self._new) >= _REMEMBERED:
            self._new, self._old = {}, self._new
        self._new[key] = value

    def get(self, key: bytes) -> Value | None:
        found = self._new.get(key)
        return self._old.get(key) if found is None else found

    def __contains__(self, key: bytes) -> bool:
        return key in self._new or key in self._old


class Names(msgspec.Struct, frozen=True, gc=False):
    """Whose a span is, as it says itself or as what is around it says."""

    agent: str | None
    session: str | None
    project: str | None
    """As stated; None where it is left to the sender's key."""
    sender: frozenset[str] | None
    """The projects that the sender may record into, None for all."""


class Surroundings:
    """One for each process of a server."""

    def __init__(self) -> None:
        self.traces_with_agents: Recent[bool] = Recent()
        """By the ids of traces, True."""
        self.around_calls: Recent[bool] = Recent()
        """By the ids, trace and span, of what has a model call inside that is counted, True."""
        self.names: Recent[Names] = Recent()
        """By the ids, trace and span, of agents and steps that have a name, theirs or taken over."""
