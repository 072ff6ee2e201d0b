"""What every place to keep answers does: memory and a real Redis."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from agentgauge.service.cache.figures import Counter
from agentgauge.service.cache.memory import MemoryStore
from agentgauge.service.cache.patterns import Pattern
from agentgauge.service.cache.shared import RedisStore
from agentgauge.service.cache.store import KEPT_SECONDS, Kept, Store, kept


class Clock:
    """Seconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Store]:
    made: Store
    if request.param == "memory":
        made = MemoryStore(clock=clock)
    else:
        made = RedisStore(request.getfixturevalue("redis_url"), uuid.uuid4().hex, Counter(), clock)
    yield made
    made.drop(Pattern("*"))
    made.close()


def answer(clock: Clock, body: bytes = b'{"a":1}') -> Kept:
    return kept(body, "2026-11-21T12:00:00Z", clock.now)


def test_what_is_kept_is_found(store: Store, clock: Clock) -> None:
    for body in (b"{}", b'{"text":"' + "größer ".encode() * 1000 + b'"}'):
        store.put("metrics:a", answer(clock, body))
        assert store.get("metrics:a") == answer(clock, body)
    assert store.get("metrics:b") is None


def test_an_answer_is_kept_for_five_minutes_from_when_it_was_computed(store: Store, clock: Clock) -> None:
    early = answer(clock)
    clock.now += KEPT_SECONDS - 1
    store.put("k", early)  # copied to another place late in its life
    assert store.get("k") == early
    clock.now += 1
    assert store.get("k") is None
    store.put("k", early)
    assert store.get("k") is None


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("metrics:*", set()),
        ("*", set()),
        ("metrics:summary:*", {"metrics:trends:shop:[1]:4.ab", "metrics:summaries:*:[]:4.ab"}),
        ("metrics:*:shop:*", {"metrics:summary:*:[]:4.ab", "metrics:summaries:*:[]:4.ab"}),
        ("metrics:trend?:*", {"metrics:summary:*:[]:4.ab", "metrics:summaries:*:[]:4.ab"}),
        ("metrics:trends:shop:[1]:4.ab", {"metrics:summary:*:[]:4.ab", "metrics:summaries:*:[]:4.ab"}),
        ("metrics", {"metrics:summary:*:[]:4.ab", "metrics:summaries:*:[]:4.ab", "metrics:trends:shop:[1]:4.ab"}),
        ("metrics:trends:shop:[0-9]:*", {"metrics:summary:*:[]:4.ab", "metrics:summaries:*:[]:4.ab"}
         | {"metrics:trends:shop:[1]:4.ab"}),
    ],
)  # fmt: skip
def test_a_pattern_drops_what_matches_and_nothing_else(
    store: Store, clock: Clock, pattern: str, left: set[str]
) -> None:
    keys = {"metrics:summary:*:[]:4.ab", "metrics:summaries:*:[]:4.ab", "metrics:trends:shop:[1]:4.ab"}
    for key in keys:
        store.put(key, answer(clock))
    assert store.drop(Pattern(pattern)) == len(keys - left)
    assert {key for key in keys if store.get(key) is not None} == left


def test_more_keys_than_redis_takes_at_once_are_dropped(store: Store, clock: Clock) -> None:
    for n in range(1203):
        store.put(f"metrics:{n}", answer(clock))
    assert store.drop(Pattern("metrics:*")) == 1203


def test_memory_keeps_what_was_given_last_within_its_bytes(clock: Clock) -> None:
    store = MemoryStore(10_000, clock)
    body = b"x" * 900  # too short to be packed
    for n in range(6):
        store.put(str(n), answer(clock, body))
    store.get("0")
    store.put("6", answer(clock, body))
    assert [n for n in range(7) if store.get(str(n)) is not None] == [0, 2, 3, 4, 5, 6]
    assert store.evictions == 1
    assert store.bytes <= 10_000
    store.put("huge", answer(clock, b"x" * 20_000 + bytes(range(256)) * 100))
    assert len(store) == 6


def test_two_homes_share_a_redis_and_no_answer(redis_url: str, clock: Clock) -> None:
    one, two = (RedisStore(redis_url, uuid.uuid4().hex, Counter(), clock) for _ in range(2))
    one.put("metrics:a", answer(clock))
    assert two.get("metrics:a") is None
    assert two.drop(Pattern("*")) == 0
    assert one.drop(Pattern("*")) == 1
    one.close()
    two.close()
