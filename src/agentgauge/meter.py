"""A meter: one home's settings turned into the objects that answer questions about it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import duckdb

from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import LakeError, SettingsError
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.memory import MemoryJournal
from agentgauge.lake import Lake, Snapshot
from agentgauge.lake.rollups.reading import Rollups
from agentgauge.lake.snapshot import in_memory
from agentgauge.pricing import PriceBook, user_file
from agentgauge.recorder import Gauge
from agentgauge.settings import Settings, get_settings

logger = logging.getLogger("agentgauge")

TAIL_BYTES = 24 << 20
"""Journal bytes from which a reader compacts first: about 80,000 events, half a second of reading."""


class Meter:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def book(self) -> PriceBook:
        """The price book, with the user's overrides where there is a file of them."""
        return PriceBook.load(user_file(self.settings))

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.home, self.book)

    @contextmanager
    def reading(self) -> Iterator[Snapshot]:
        """All events, as of now. A long tail is compacted first where that is possible."""
        if JournalDirectory(self.settings.home.root).total_bytes() > TAIL_BYTES:
            self.compact_if_possible()
        with self.lake.snapshot() as snapshot:
            yield snapshot

    def compact_if_possible(self) -> None:
        """Compact, unless another process does or the home cannot be written: every answer is right without it."""
        try:
            self.lake.compact(briefly=True)
        except (LakeError, OSError) as error:
            logger.info("not compacted now: %s", error)

    @contextmanager
    def engine(self) -> Iterator[DuckDBEngine]:
        with self.reading() as snapshot:
            yield DuckDBEngine(snapshot.connection, snapshot.rollups)


@contextmanager
def connection_of(gauge: Gauge) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the views of a snapshot over the whole stream that `gauge` records into, what it has just
    recorded included.

    That is its home, with what others recorded there. Of a gauge that keeps events in memory it is those, and of one
    that is switched off it is nothing. Raises `AgentGaugeError` where the home cannot be read.
    """
    with _stream_of(gauge) as (connection, _):
        yield connection


@contextmanager
def _stream_of(gauge: Gauge) -> Iterator[tuple[duckdb.DuckDBPyConnection, Rollups | None]]:
    settings, sink = gauge.settings, gauge.sink
    if settings is not None and not isinstance(sink, MemoryJournal):
        with Meter(settings).reading() as snapshot:
            yield snapshot.connection, snapshot.rollups
        return
    if sink is not None and not isinstance(sink, MemoryJournal):
        raise SettingsError("this Gauge was made from a sink, whose home is not known; use agentgauge.open")
    lines = b"" if sink is None else sink.lines()
    with in_memory(lines, PriceBook.load(_prices_of(settings))) as connection:
        yield connection, None


def _prices_of(settings: Settings | None) -> Path | None:
    """The user's price file; none where the environment makes no sense, which is why events are kept in memory."""
    try:
        return user_file(settings or get_settings())
    except SettingsError:
        return None


@contextmanager
def engine_of(gauge: Gauge) -> Iterator[DuckDBEngine]:
    """Answers about everything that `connection_of` the gauge sees."""
    with _stream_of(gauge) as (connection, rollups):
        yield DuckDBEngine(connection, rollups)
