"""Answers in a Redis server, for all processes of a home and beyond their end.

Keys begin with the home's own id, so several homes may share a server. A value begins with its digest: one that was cut
short or overwritten is no answer. A server that fails is not asked again before it answers a probe, so its
absence costs the requests under way a quarter of a second, and those that follow nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from agentgauge.service.cache.circuit import Circuit
from agentgauge.service.cache.figures import Counter
from agentgauge.service.cache.patterns import Pattern
from agentgauge.service.cache.store import KEPT_SECONDS, Kept

logger = logging.getLogger("agentgauge")

_TIMEOUT_SECONDS = 0.25
_FAILURES = (RedisError, OSError)
_KEYS_AT_ONCE = 500
_DIGEST_BYTES = 16
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Kept).decode


class RedisStore:
    """Implements `agentgauge.service.cache.store.Store`. Connects when it is first asked."""

    def __init__(self, url: str, home: str, failures: Counter, clock: Callable[[], float] = time.time) -> None:
        """`home`: its id. What is broken is counted in `failures`. `clock` gives seconds since 1970."""
        self._prefix = f"agentgauge:{home}:"
        self._clock = clock
        self._failures = failures
        # One more try: a pooled connection of before a restart is broken, and a new one is not.
        retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS, retry=retry
        )
        self._circuit = Circuit("the Redis of the cache", self._client.ping, _FAILURES)

    @property
    def is_there(self) -> bool:
        return self._circuit.is_closed

    def get(self, key: str) -> Kept | None:
        value = self._asked(lambda: self._client.get(self._prefix + key))
        if value is None:
            return None
        answer = _read(value)
        if answer is None:
            self._failures.add()
            return None
        return answer if self._seconds_left(answer) > 0 else None

    def put(self, key: str, answer: Kept) -> None:
        left = self._seconds_left(answer)
        if left > 0:
            self._asked(lambda: self._client.set(self._prefix + key, _written(answer), px=max(int(left * 1000), 1)))

    def drop(self, pattern: Pattern) -> int:
        def drop() -> int:
            dropped, found = 0, []
            for key in self._client.scan_iter(match=pattern.behind(self._prefix), count=_KEYS_AT_ONCE):
                found.append(key)
                if len(found) == _KEYS_AT_ONCE:
                    dropped, found = dropped + self._client.unlink(*found), []
            return dropped + (self._client.unlink(*found) if found else 0)

        return self._asked(drop) or 0

    def close(self) -> None:
        self._circuit.stop()
        self._client.close()

    def _seconds_left(self, answer: Kept) -> float:
        return answer.made + KEPT_SECONDS - self._clock()

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """What the server answers; None where it is away, or refuses."""
        if not self._circuit.is_closed:
            return None
        try:
            return ask()
        except ResponseError as error:  # it is there, and has something else under this key, or is full
            self._failures.add()
            logger.warning("the Redis of the cache refused: %s", error)
        except _FAILURES as error:
            self._failures.add()
            self._circuit.broke(error)
        return None


def _written(answer: Kept) -> bytes:
    data = _encode(answer)
    return blake2b(data, digest_size=_DIGEST_BYTES).digest() + data


def _read(value: object) -> Kept | None:
    """The answer that a value holds; None where it is not one that was written here."""
    if not isinstance(value, bytes):
        return None
    digest, data = value[:_DIGEST_BYTES], value[_DIGEST_BYTES:]
    if blake2b(data, digest_size=_DIGEST_BYTES).digest() != digest:
        return None
    try:
        return _decode(data)
    except msgspec.MsgspecError:  # of another version of agentgauge
        return None
