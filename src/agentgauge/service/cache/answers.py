"""The cache of answers of one process: its memory first, and Redis behind it where there is one.

    found = cache.at_hand(key)                      from memory: takes microseconds and waits for nothing
    found = cache.find(key)                         from memory or Redis: not for an event loop
    found, hit = cache.answer(key, compute)         likewise, else computed and kept

One thread of a process computes an answer; others that want it meanwhile wait for that. Two processes may compute the
same one at the same time, which is seldom: while data changes they see different versions of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from agentgauge.journal.directory import JournalDirectory
from agentgauge.service.cache.figures import CacheFigures, Counter
from agentgauge.service.cache.generation import Generation
from agentgauge.service.cache.memory import MemoryStore
from agentgauge.service.cache.patterns import Pattern
from agentgauge.service.cache.store import Kept, Store
from agentgauge.service.monitoring.process import ProcessFigures
from agentgauge.settings.server import ServerSettings


class AnswerCache:
    """For all threads of a process."""

    def __init__(self, generation: Generation, memory: MemoryStore, behind: Store | None, failures: Counter) -> None:
        """`behind`: where answers of all processes are; `failures` counts what it fails at."""
        self._generation = generation
        self._mark = generation.mark(fresh=True)
        self._memory = memory
        self._behind = behind
        self._failures = failures
        self._hits = Counter()
        self._misses = Counter()
        self._flights: dict[str, Future[Kept]] = {}
        self._lock = threading.Lock()

    def at_hand(self, key: str) -> Kept | None:
        """An answer that is in memory; one that is not is no miss yet."""
        self._look()
        found = self._memory.get(key)
        if found is not None:
            self._hits.add()
        return found

    def find(self, key: str) -> Kept | None:
        """An answer that is in memory or in Redis; one that is not is no miss yet."""
        found = self._found(key)
        if found is not None:
            self._hits.add()
        return found

    def answer(self, key: str, compute: Callable[[], Kept]) -> tuple[Kept, bool]:
        """An answer, and whether it was there. Raises what `compute` raises, in every thread that waited for it."""
        with self._lock:
            flight = self._flights.get(key)
            leads = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not leads:
            answer = flight.result()
            self._hits.add()
            return answer, True
        try:
            answer, hit = self._found_or_computed(key, compute)
        except BaseException as error:
            self._land(key)
            flight.set_exception(error)
            raise
        self._land(key)
        flight.set_result(answer)
        return answer, hit

    def invalidate(self, pattern: str) -> int:
        """Drop the answers whose keys match, here and in Redis; how many. Other processes drop all of theirs within a
        tenth of a second."""
        matching = Pattern(pattern)
        with self._lock:
            self._generation.change()
            self._mark = self._generation.mark(fresh=True)
            dropped = self._memory.drop(matching)
        return dropped + (self._behind.drop(matching) if self._behind is not None else 0)

    def generation(self) -> str:
        """Another one once answers were dropped: of what else was made of the data, none before it is to be shown."""
        return self._generation.mark().hex()

    def figures(self) -> CacheFigures:
        """Counts since the process began."""
        return CacheFigures(
            hits=self._hits.value,
            misses=self._misses.value,
            failures=self._failures.value,
            evictions=self._memory.evictions,
            entries=len(self._memory),
            bytes=self._memory.bytes,
            shared=None if self._behind is None else self._behind.is_there,
        )

    def close(self) -> None:
        self._memory.close()
        if self._behind is not None:
            self._behind.close()

    def _found_or_computed(self, key: str, compute: Callable[[], Kept]) -> tuple[Kept, bool]:
        if (found := self.find(key)) is not None:
            return found, True
        self._misses.add()
        mark = self._mark
        answer = compute()
        if self._keep(key, answer, mark) and self._behind is not None:
            self._behind.put(key, answer)
        return answer, False

    def _found(self, key: str) -> Kept | None:
        self._look()
        mark, found = self._mark, self._memory.get(key)
        if found is None and self._behind is not None and (found := self._behind.get(key)) is not None:
            self._keep(key, found, mark)
        return found

    def _keep(self, key: str, answer: Kept, mark: bytes) -> bool:
        """Keep it in memory, unless answers were dropped since `mark`: it may be one that was to be. Whether it was."""
        with self._lock:
            holds = self._generation.mark(fresh=True) == mark
            if holds:
                self._memory.put(key, answer)
        return holds

    def _look(self) -> None:
        mark = self._generation.mark()
        if mark != self._mark:
            self._mark = mark
            self._memory.clear()

    def _land(self, key: str) -> None:
        with self._lock:
            del self._flights[key]


def answer_cache(settings: ServerSettings, figures: ProcessFigures | None = None) -> AnswerCache:
    """The cache of this process, as its settings say. What fails and what is dropped is counted in `figures` too."""
    home = settings.recording.home
    failures = Counter() if figures is None else Counter(figures.cache_failures.inc)
    evictions = Counter() if figures is None else Counter(figures.cache_evictions.inc)
    behind: Store | None = None
    if settings.redis_url is not None:
        from agentgauge.service.cache.shared import RedisStore  # deferred: only servers with a Redis need its client

        behind = RedisStore(settings.redis_url, JournalDirectory(home.root).id, failures)
    return AnswerCache(Generation(home), MemoryStore(evictions=evictions), behind, failures)
