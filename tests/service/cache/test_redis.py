"""A Redis that is broken, away, or back."""

from __future__ import annotations

import os
import time
import uuid

import pytest
import redis

from agentgauge.service.cache import Kept, kept, shared
from agentgauge.service.cache.figures import Counter
from agentgauge.service.cache.shared import RedisStore
from tests.servers.redis import RedisServer
from tests.service.cache.conftest import Caches
from tests.service.live.clock import until


def answer(body: bytes = b"{}") -> Kept:
    return kept(body, "2026-11-21T12:00:00Z", time.time())


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\x00" * 40, None, b"flip"])
def test_a_broken_value_is_no_answer_and_is_counted(redis_url: str, damage: bytes | None) -> None:
    home, failures = uuid.uuid4().hex, Counter()
    store, client = RedisStore(redis_url, home, failures), redis.Redis.from_url(redis_url)
    store.put("k", answer(b'{"cost":12345}'))
    name = f"agentgauge:{home}:k"
    right = client.get(name)
    assert isinstance(right, bytes)
    client.set(name, {None: right[:-1], b"flip": right.replace(b"12345", b"12346")}.get(damage, damage or b""))
    assert store.get("k") is None
    assert failures.value == 1
    assert store.is_there
    client.delete(name)
    client.close()
    store.close()


def test_a_value_of_another_type_is_no_answer(redis_url: str) -> None:
    home, failures = uuid.uuid4().hex, Counter()
    store, client = RedisStore(redis_url, home, failures), redis.Redis.from_url(redis_url)
    client.rpush(f"agentgauge:{home}:k", "a list")
    assert store.get("k") is None
    assert failures.value == 1
    assert store.is_there
    client.delete(f"agentgauge:{home}:k")
    client.close()
    store.close()


def test_when_redis_dies_memory_takes_over_and_when_it_is_back_it_is_used(
    own_redis: RedisServer, caches: Caches
) -> None:
    one, two = caches(own_redis.url), caches(own_redis.url)
    one.answer("a", lambda: answer(b"1"))
    assert two.answer("a", lambda: answer(b"2"))[0].body == b"1"
    own_redis.stop()
    assert two.answer("b", lambda: answer(b"3"))[0].body == b"3"
    assert two.answer("b", lambda: answer(b"4"))[0].body == b"3"
    assert two.figures().shared is False
    broke = two.figures().failures
    assert broke >= 1
    for n in range(50):
        two.answer(f"c{n}", answer)
    assert two.figures().failures == broke  # nobody asked it meanwhile
    own_redis.start()
    one.answer("d", answer)  # it has not noticed anything yet
    until(lambda: one.figures().shared is True and two.figures().shared is True)
    one.answer("e", lambda: answer(b"5"))
    assert two.answer("e", lambda: answer(b"6"))[0].body == b"5"


def test_a_redis_that_hangs_is_waited_for_once(
    own_redis: RedisServer, caches: Caches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_TIMEOUT_SECONDS", 0.25)
    cache = caches(own_redis.url)
    cache.answer("a", answer)
    own_redis.pause()
    try:
        cache.answer("b", answer)
        broke = cache.figures().failures
        for n in range(20):
            cache.answer(f"c{n}", answer)
        assert cache.figures().failures == broke
    finally:
        own_redis.go_on()
    until(lambda: cache.figures().shared is True)


def test_a_redis_that_was_never_there_is_no_error(caches: Caches) -> None:
    cache = caches("redis://127.0.0.1:1/0")
    assert cache.answer("a", lambda: answer(b"1")) == (answer_like(cache.find("a")), False)
    assert cache.invalidate("metrics:*") == 0
    assert cache.figures().shared is False


def answer_like(found: Kept | None) -> Kept:
    assert found is not None
    return found


def test_a_redis_that_was_restarted_between_two_answers_is_not_noticed(own_redis: RedisServer, caches: Caches) -> None:
    cache = caches(own_redis.url)
    cache.answer("a", answer)
    own_redis.stop()
    own_redis.start()
    cache.answer("b", answer)
    assert cache.figures().shared is True
    assert cache.figures().failures == 0


def test_a_full_redis_keeps_nothing_and_is_counted(own_redis: RedisServer, caches: Caches) -> None:
    client = redis.Redis.from_url(own_redis.url)
    client.config_set("maxmemory", 1)
    cache = caches(own_redis.url)
    assert cache.answer("a", lambda: answer(os.urandom(3000).hex().encode()))[1] is False
    assert cache.answer("a", answer)[1] is True
    assert cache.figures().failures == 1
    assert cache.figures().shared is True
    client.close()
