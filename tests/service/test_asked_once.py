"""What several parts of one answer ask alike is asked of the engine once, also when they ask at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from agentgauge.engines import Answer, Measure, Query
from agentgauge.errors import QueryError
from agentgauge.service.asked_once import AskedOnce

COUNT = Query(measures=(Measure("count", name="events"),))


class Counting:
    """An engine that keeps what it is asked, and answers once `answers` is set."""

    def __init__(self) -> None:
        self.asked: list[Query] = []
        self.answers = threading.Event()

    def aggregate(self, query: Query) -> Answer:
        self.asked.append(query)
        self.answers.wait()
        if query.limit == 7:
            raise QueryError("nothing can be asked for")
        return Answer(columns=(), rows=((len(self.asked),),), way="raw")

    def scan(self, query: Query, columns: Sequence[str], limit: int | None = None) -> Iterator[tuple[Any, ...]]:
        yield (limit,)

    def lacks(self, deletion: str) -> bool:
        return deletion == "gone"


@pytest.fixture
def engine() -> Counting:
    return Counting()


def test_the_same_is_asked_once_by_threads_that_ask_at_the_same_time(engine: Counting) -> None:
    once = AskedOnce(engine)
    with ThreadPoolExecutor(8) as threads:
        asking = [threads.submit(once.aggregate, Query(measures=COUNT.measures)) for _ in range(8)]
        engine.answers.set()
        assert {one.result().rows for one in asking} == {((1,),)}
    assert engine.asked == [COUNT]


def test_what_differs_is_asked_again(engine: Counting) -> None:
    engine.answers.set()
    once = AskedOnce(engine)
    once.aggregate(COUNT)
    once.aggregate(Query(measures=COUNT.measures, start=datetime(2026, 11, 1, tzinfo=UTC)))
    assert len(engine.asked) == 2


def test_all_who_ask_what_cannot_be_asked_are_told(engine: Counting) -> None:
    engine.answers.set()
    once = AskedOnce(engine)
    for _ in range(2):
        with pytest.raises(QueryError, match="nothing can be asked for"):
            once.aggregate(Query(measures=COUNT.measures, limit=7))
    assert len(engine.asked) == 1


def test_rows_are_read_anew_each_time(engine: Counting) -> None:
    once = AskedOnce(engine)
    assert [list(once.scan(COUNT, ("id",), 3)) for _ in range(2)] == [[(3,)], [(3,)]]
    assert once.lacks("gone")
