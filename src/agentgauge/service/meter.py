"""A meter: one home's settings turned into the objects that answer questions about it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import LakeError
from agentgauge.journal.directory import JournalDirectory
from agentgauge.lake import Lake, Snapshot
from agentgauge.pricing import PriceBook, user_file
from agentgauge.settings import Settings

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
            self.lake.compact()
        except (LakeError, OSError) as error:
            logger.info("not compacted now: %s", error)

    @contextmanager
    def engine(self) -> Iterator[DuckDBEngine]:
        with self.reading() as snapshot:
            yield DuckDBEngine(snapshot.connection)
