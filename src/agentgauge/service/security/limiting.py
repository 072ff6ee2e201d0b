"""Rate limits: how much one key, and one address, may ask in a minute.

    reads      questions of a key or a signed-in person        AGENTGAUGE_READS_PER_MINUTE
    ingests    requests that record, apart from questions      AGENTGAUGE_INGESTS_PER_MINUTE
    guards     reserving and charging, apart from both         60000
    address    any of one address, whatever keys it uses    10 times as much
    failures   wrong keys from one address                     30

Windows are fixed: up to twice as much can pass around the turn of one. With Redis all processes count together, one
round trip a count; without, and while Redis does not answer, each process counts for itself, so that N workers let up
to N times as much pass. An IPv6 address stands for its /64, which is what one customer has.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Literal

import msgspec
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from agentgauge.service.security.counters import Counters
from agentgauge.settings.security import SecuritySettings

Budget = Literal["reads", "ingests", "guards", "failures"]

_GUARDS_PER_MINUTE = 60_000
"""No setting: whoever sends few events is to be throttled in that, and not in asking whether it may go on."""
_FAILURES_PER_MINUTE = 30
_KEYS_OF_AN_ADDRESS = 10
"""How many keys' budgets one address has: a team's machines often share one."""
_AWAY_SECONDS = 5
"""How long Redis is left alone after it did not answer."""
_REDIS_SECONDS = 0.25
"""How long it may take to answer."""
_log = logging.getLogger(__name__)


class Exceeded(msgspec.Struct, frozen=True):
    """Who asks has asked too much."""

    budget: Budget
    amount: int
    """Per minute."""
    retry_after_s: int


class Limiter:
    """Of one process and its event loop."""

    def __init__(
        self, settings: SecuritySettings, redis_url: str | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        amounts = {
            "reads": settings.reads_per_minute,
            "ingests": settings.ingests_per_minute,
            "guards": _GUARDS_PER_MINUTE,
            "failures": _FAILURES_PER_MINUTE,
        }
        self._items = {name: RateLimitItemPerMinute(amount, namespace="agentgauge") for name, amount in amounts.items()}
        self._of_address = {
            name: RateLimitItemPerMinute(
                amount if name == "failures" else amount * _KEYS_OF_AN_ADDRESS, namespace="agentgauge-address"
            )
            for name, amount in amounts.items()
        }
        self._here = FixedWindowRateLimiter(Counters(clock))
        self._redis = None if redis_url is None else _redis(redis_url)
        self._shared = None if self._redis is None else FixedWindowRateLimiter(self._redis)
        self._clock = clock
        self._away_until = 0.0

    async def hit(self, budget: Budget, who: str, address: str) -> Exceeded | None:
        """Count one request of `who`, a principal's name, from an address; None where it may pass."""
        if not self._items[budget].amount:
            return None
        return await self._count(self._items[budget], budget, who) or await self._count(
            self._of_address[budget], budget, network_of(address)
        )

    async def fail(self, address: str) -> Exceeded | None:
        """Count a wrong key."""
        return await self._count(self._of_address["failures"], "failures", network_of(address))

    async def failing(self, address: str) -> Exceeded | None:
        """Whether there were so many wrong keys from an address that no further one is looked at."""
        item, where = self._of_address["failures"], network_of(address)
        limiter = self._limiter()
        try:
            passes = await limiter.test(item, "failures", where)
            return None if passes else await self._exceeded(limiter, item, "failures", where)
        except (StorageError, OSError) as error:
            self._leave_alone(error)
            return await self.failing(address)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.bridge.get_connection().aclose()  # type: ignore[attr-defined]  # of any kind of bridge

    async def _count(self, item: RateLimitItemPerMinute, budget: Budget, who: str) -> Exceeded | None:
        limiter = self._limiter()
        try:
            if await limiter.hit(item, budget, who):
                return None
            return await self._exceeded(limiter, item, budget, who)
        except (StorageError, OSError) as error:
            self._leave_alone(error)
            return await self._count(item, budget, who)

    async def _exceeded(
        self, limiter: FixedWindowRateLimiter, item: RateLimitItemPerMinute, budget: Budget, who: str
    ) -> Exceeded:
        window = await limiter.get_window_stats(item, budget, who)
        return Exceeded(budget, item.amount, max(1, ceil(window.reset_time - self._clock())))

    def _limiter(self) -> FixedWindowRateLimiter:
        return self._here if self._shared is None or self._clock() < self._away_until else self._shared

    def _leave_alone(self, error: Exception) -> None:
        if self._clock() >= self._away_until:
            _log.warning("Redis does not answer (%s): this process counts rate limits alone", type(error).__name__)
        self._away_until = self._clock() + _AWAY_SECONDS


def _redis(url: str) -> RedisStorage:
    return RedisStorage(
        f"async+{url.replace('unix://', 'redis+unix://')}",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix="agentgauge:limits",
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
    )


def network_of(address: str) -> str:
    """What is counted together with an address: itself, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
