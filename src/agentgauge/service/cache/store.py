"""What is kept of an answer, and what the cache needs of a place to keep answers. There are two: the memory of this
process (`memory`) and a Redis server (`shared`). Both pass the suite in tests/service/cache."""

from __future__ import annotations

import gzip
from hashlib import blake2b
from typing import Protocol

import msgspec

from agentgauge.service.cache.patterns import Pattern

KEPT_SECONDS = 300
"""An answer is not given again after so long."""
_TAG_BYTES = 12
_SMALLEST_PACKED = 1024
_GZIP_LEVEL = 6


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """An answer as it is sent."""

    body: bytes
    packed: bytes
    """The body by gzip; empty where it is too short to be worth it."""
    tag: str
    """Digest of the body: equal for equal bodies."""
    as_of: str
    """When the data that it was computed of was read, RFC 3339 in UTC."""
    made: float
    """When it was computed, seconds since 1970: `KEPT_SECONDS` count from here, wherever it is copied to."""


def kept(body: bytes, as_of: str, made: float) -> Kept:
    """What is to be kept of an answer that was computed at `made`, of data of `as_of`."""
    packed = gzip.compress(body, _GZIP_LEVEL, mtime=0) if len(body) >= _SMALLEST_PACKED else b""
    return Kept(body, packed, blake2b(body, digest_size=_TAG_BYTES).hexdigest(), as_of, made)


class Store(Protocol):
    """Safe for threads. Raises nothing: what cannot be kept or found is not there, and counted as a failure where
    something is broken."""

    @property
    def is_there(self) -> bool:
        """Whether it can be asked now."""
        ...

    def get(self, key: str) -> Kept | None:
        """What is kept under a key and not older than `KEPT_SECONDS`."""
        ...

    def put(self, key: str, answer: Kept) -> None: ...

    def drop(self, pattern: Pattern) -> int:
        """Forget what is kept under keys that match; how many."""
        ...

    def close(self) -> None: ...
