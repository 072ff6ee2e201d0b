"""What a recorder needs of the place its events go to. Two exist: a journal on disk and one in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agentgauge.journal.losses import Fate, Health


class Sink(Protocol):
    segment_id: str
    take: Callable[[], int]
    """A record made now is (`segment_id`, `take()`)."""

    def append(self, payload: bytes, opening: bytes = b"", opening_crc: int = 0) -> bool:
        """Write the record `opening + payload`, a JSON object without its closing brace.

        False: it was counted as lost.
        """
        ...

    def count(self, fate: Fate, reason: str, detail: str) -> None: ...

    def give_back(self) -> None:
        """A number was taken, and no record will have it."""
        ...

    def flush(self) -> bool: ...

    def close(self) -> None: ...

    def health(self) -> Health: ...
