"""One process's cache: computed once, given again, dropped when it is told to."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import agentgauge
from agentgauge.meter import Meter
from agentgauge.service import invalidate_cache_pattern
from agentgauge.service.cache import AnswerCache, CacheFigures, Kept, kept
from agentgauge.service.cache.figures import Counter
from agentgauge.service.cache.generation import Generation
from agentgauge.service.cache.memory import MemoryStore
from agentgauge.service.cache.store import KEPT_SECONDS
from agentgauge.settings.server import ServerSettings
from tests.service.cache.conftest import Caches
from tests.service.live.clock import until


def answer(body: bytes = b"{}") -> Kept:
    return kept(body, "2026-11-21T12:00:00Z", time.time())


def test_an_answer_is_computed_once(caches: Caches) -> None:
    cache = caches()
    assert cache.answer("a", lambda: answer(b"1"))[1] is False
    found, hit = cache.answer("a", lambda: answer(b"2"))
    assert (found.body, hit) == (b"1", True)
    assert cache.at_hand("a") == cache.find("a") == found
    figures = cache.figures()
    assert (figures.hits, figures.misses, figures.entries, figures.shared) == (3, 1, 1, None)
    assert figures.bytes > 0


def test_what_is_not_at_hand_is_no_miss(caches: Caches) -> None:
    cache = caches()
    assert cache.at_hand("a") is None
    assert cache.figures() == CacheFigures()


def test_threads_that_want_the_same_answer_wait_for_the_one_that_computes_it(caches: Caches) -> None:
    cache = caches()
    computing, go_on = threading.Event(), threading.Event()
    computed = []

    def compute() -> Kept:
        computed.append(1)
        computing.set()
        go_on.wait()
        return answer(b"1")

    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(cache.answer, "a", compute)
        computing.wait()
        others = [threads.submit(cache.answer, "a", compute) for _ in range(8)]
        assert cache.answer("b", lambda: answer(b"2"))[0].body == b"2"  # others are not kept waiting
        go_on.set()
        assert first.result()[1] is False
        assert all(other.result()[0] == first.result()[0] for other in others)
    assert len(computed) == 1
    assert cache.figures().misses == 2


def test_a_computation_that_fails_fails_for_all_that_wait_and_is_tried_again(caches: Caches) -> None:
    cache = caches()
    computing, go_on = threading.Event(), threading.Event()

    def fail() -> Kept:
        computing.set()
        go_on.wait()
        raise ValueError("no such agent")

    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(cache.answer, "a", fail)]
        computing.wait()
        waiting += [threads.submit(cache.answer, "a", fail) for _ in range(2)]
        go_on.set()
        for one in waiting:
            with pytest.raises(ValueError, match="no such agent"):
                one.result()
    assert cache.answer("a", lambda: answer(b"1"))[1] is False


def test_invalidating_drops_what_matches_here_and_everything_elsewhere(caches: Caches) -> None:
    here, elsewhere = caches(), caches()
    for cache in (here, elsewhere):
        for key in ("metrics:summary:*:[]:1", "metrics:alerts:*:[]:1"):
            cache.answer(key, answer)
    assert here.invalidate("metrics:summary:*") == 1
    assert here.find("metrics:summary:*:[]:1") is None
    assert here.find("metrics:alerts:*:[]:1") is not None
    until(lambda: elsewhere.find("metrics:alerts:*:[]:1") is None)  # within a tenth of a second


def test_invalidating_leaves_other_homes_alone(caches: Caches) -> None:
    here, other = caches(home="one"), caches(home="two")
    other.answer("metrics:a", answer)
    here.invalidate("*")
    assert other.find("metrics:a") is not None


def test_what_was_being_computed_when_it_was_invalidated_is_not_kept(caches: Caches) -> None:
    here, elsewhere = caches(), caches()

    def compute() -> Kept:
        elsewhere.invalidate("metrics:*")
        return answer()

    here.answer("metrics:a", compute)
    assert here.find("metrics:a") is None


def test_what_was_read_from_redis_when_it_was_invalidated_is_not_kept(settings: ServerSettings) -> None:
    class Overtaken(MemoryStore):
        """What is behind the cache; something is dropped while it answers."""

        def get(self, key: str) -> Kept | None:
            found = super().get(key)
            if found is not None:
                cache.invalidate("metrics:*")
            return found

    behind = Overtaken()
    cache = AnswerCache(Generation(settings.recording.home), MemoryStore(), behind, Counter())
    behind.put("metrics:a", answer())
    assert cache.find("metrics:a") is not None  # asked before it was dropped
    assert cache.at_hand("metrics:a") is None


def test_answers_in_memory_go_when_a_person_is_forgotten(caches: Caches, settings: ServerSettings) -> None:
    cache = caches()
    cache.answer("metrics:a", answer)
    with agentgauge.open(settings.recording.home.root, user="ann") as gauge:
        gauge.task("t")
    Meter(settings.recording).lake.forget("ann")
    until(lambda: cache.find("metrics:a") is None)
    assert cache.figures().entries == 0


def test_the_documented_call_drops_the_answers_of_a_running_server(
    caches: Caches, redis_url: str, monkeypatch: pytest.MonkeyPatch, settings: ServerSettings
) -> None:
    server = caches(redis_url)
    server.answer("metrics:summary:*:[]:1", answer)
    monkeypatch.setenv("AGENTGAUGE_HOME", str(settings.recording.home.root))
    monkeypatch.setenv("AGENTGAUGE_REDIS_URL", redis_url)
    assert invalidate_cache_pattern("metrics:*") == 1
    until(lambda: server.find("metrics:summary:*:[]:1") is None)


def test_an_answer_found_in_redis_keeps_its_age(caches: Caches, redis_url: str) -> None:
    one, two = caches(redis_url), caches(redis_url)
    old = kept(b"1", "2026-11-21T12:00:00Z", time.time() - KEPT_SECONDS + 60)
    one.answer("a", lambda: old)
    assert two.find("a") == old
    assert two.at_hand("a") == old


def test_a_generation_is_looked_at_ten_times_a_second(settings: ServerSettings) -> None:
    now = [100.0]
    mine, other = (Generation(settings.recording.home, lambda: now[0]) for _ in range(2))
    first = mine.mark()
    other.change()
    assert mine.mark() == first
    assert mine.mark(fresh=True) != first
    other.change()
    now[0] += 0.2
    assert mine.mark() == other.mark(fresh=True)
