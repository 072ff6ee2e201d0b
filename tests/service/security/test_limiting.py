"""Rate limits: in the process, shared through Redis, and when Redis dies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import pytest

from agentgauge.service.security.counters import Counters
from agentgauge.service.security.limiting import Exceeded, Limiter, network_of
from agentgauge.settings.security import SecuritySettings
from tests.servers.redis import RedisServer

FEW = SecuritySettings(reads_per_minute=3, ingests_per_minute=2)
T = TypeVar("T")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


def run(work: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await work()

    return asyncio.run(main())


def test_a_key_that_asked_too_much_is_told_when_to_come_back() -> None:
    clock = Clock()

    async def work() -> list[Exceeded | None]:
        limiter = Limiter(FEW, clock=clock)
        hits = [await limiter.hit("reads", "key 1", "10.0.0.1") for _ in range(4)]
        clock.seconds += 20
        hits.append(await limiter.hit("reads", "key 1", "10.0.0.1"))
        hits.append(await limiter.hit("reads", "key 2", "10.0.0.1"))
        hits.append(await limiter.hit("ingests", "key 1", "10.0.0.1"))
        clock.seconds += 40
        hits.append(await limiter.hit("reads", "key 1", "10.0.0.1"))
        return hits

    first, second = Exceeded("reads", 3, 60), Exceeded("reads", 3, 40)
    assert run(work) == [None, None, None, first, second, None, None, None]


def test_an_address_has_the_budget_of_ten_keys() -> None:
    async def work() -> list[int]:
        limiter = Limiter(FEW, clock=Clock())
        hits = [await limiter.hit("reads", f"key {number}", "2001:db8::1") for number in range(31)]
        elsewhere = await limiter.hit("reads", "key 99", "2001:db8:0:1::1")
        assert elsewhere is None
        return [number for number, hit in enumerate(hits) if hit is not None]

    assert run(work) == [30]


def test_none_is_no_limit() -> None:
    async def work() -> set[Exceeded | None]:
        limiter = Limiter(SecuritySettings(reads_per_minute=0), clock=Clock())
        return {await limiter.hit("reads", "key", "10.0.0.1") for _ in range(100)}

    assert run(work) == {None}


def test_thirty_wrong_keys_close_an_address_for_the_minute() -> None:
    clock = Clock()

    async def work() -> list[bool]:
        limiter = Limiter(FEW, clock=clock)
        said = []
        for _ in range(31):
            said.append(await limiter.failing("10.0.0.1") is not None)
            await limiter.fail("10.0.0.1")
        clock.seconds += 60
        said.append(await limiter.failing("10.0.0.1") is not None)
        return said

    assert run(work) == [False] * 30 + [True, False]


def test_processes_that_share_a_redis_count_together(redis_url: str) -> None:
    key = f"key {uuid4().hex}"

    async def work() -> list[bool]:
        one, other = Limiter(FEW, redis_url), Limiter(FEW, redis_url)
        try:
            return [await limiter.hit("reads", key, key) is None for limiter in (one, other, one, other, one)]
        finally:
            await one.close()
            await other.close()

    assert run(work) == [True, True, True, False, False]


def test_without_its_redis_a_process_counts_alone_and_returns_to_it(
    own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.time()
    clock = Clock()
    clock.seconds = began

    async def work() -> list[bool]:
        limiter, said = Limiter(FEW, own_redis.url, clock), []

        async def hit() -> None:
            said.append(await limiter.hit("reads", "key", "10.0.0.1") is None)

        await hit()
        own_redis.stop()
        for _ in range(4):
            await hit()
        own_redis.start()
        clock.seconds += 6
        for _ in range(4):
            await hit()
        await limiter.close()
        return said

    assert run(work) == [True, *[True, True, True, False], *[True, True, True, False]]
    assert caplog.text.count("counts rate limits alone") == 1


def test_counts_that_are_over_take_no_memory() -> None:
    clock = Clock()
    counters = Counters(clock)

    async def work() -> None:
        for number in range(60_000):
            await counters.incr(f"address {number}", 60)

    run(work)
    assert len(counters._counts) <= 20_000


def test_an_ipv6_address_stands_for_its_64() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("::ffff:10.0.0.1") == network_of("10.0.0.1") == "10.0.0.1"
    assert network_of("testclient") == "testclient"
