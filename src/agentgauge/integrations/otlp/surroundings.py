"""What spans are inside, known where it came in the same request or not long before.

Spans arrive when they end, the inner ones first, and the server keeps no trace together. Two things cannot be told
from a span alone: whether the root of a trace is its task or an agent inside it is, and whether a model call has
another inside that states the same usage again (a framework's, and its client library's). Both are asked here. What is
forgotten, after some tens of thousands of spans or with the process, is taken for not there.
"""

from __future__ import annotations

_REMEMBERED = 100_000


class Recent:
    """A set that forgets: of what was added it has at least the last `_REMEMBERED` and at most twice as many.

    Safe for several threads.
    """

    def __init__(self) -> None:
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()

    def add(self, key: bytes) -> None:
        if len(self._new) >= _REMEMBERED:
            self._new, self._old = set(), self._new
        self._new.add(key)

    def __contains__(self, key: bytes) -> bool:
        return key in self._new or key in self._old


class Surroundings:
    """One for each process of a server."""

    def __init__(self) -> None:
        self.traces_with_agents = Recent()
        """Ids of traces."""
        self.around_calls = Recent()
        """Ids, trace and span, of what has a model call inside that is counted."""
