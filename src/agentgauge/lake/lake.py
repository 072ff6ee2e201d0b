"""The lake of one home: read it as a snapshot, compact the journal into it, take events out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import duckdb
import msgspec

from agentgauge.errors import LakeError
from agentgauge.events import Event
from agentgauge.events.codec import encode_event
from agentgauge.lake.compactor import Compaction, Compactor, writer_lock
from agentgauge.lake.deletion import Deletion, delete_older, delete_user
from agentgauge.lake.landing import connect, land
from agentgauge.lake.repricing import Repricing, preview, reprice
from agentgauge.lake.rollups.upkeep import FROM_ROWS, roll_up
from agentgauge.lake.snapshot import Snapshot
from agentgauge.lake.tables import Tables
from agentgauge.pricing import PriceBook
from agentgauge.settings import Home

_TRIES = 3
Leaving = Callable[[Snapshot], str | None]
"""Sees the events once more before some are deleted; names a mark that the version without these is to bear."""


class Lake:
    def __init__(self, home: Home, book: PriceBook, *, rollups_from_rows: int = FROM_ROWS) -> None:
        """`rollups_from_rows`: rows from which a data file gets rollups."""
        self.home = home
        self.book = book
        self._rollups_from_rows = rollups_from_rows

    def snapshot(self) -> Snapshot:
        """All events once: the lake's files and the journal's tail. Writes nothing.

        A file that `forget` takes away meanwhile is looked for in the next version. Raises `LakeError` where a file is
        damaged, or gone all the same.
        """
        with _saying_what_is_damaged(self.home):
            for _ in range(_TRIES - 1):
                with suppress(duckdb.IOException):
                    return Snapshot(self.home, self.book)
            return Snapshot(self.home, self.book)

    def compact(self, on_step: Callable[[str], None] = lambda name: None, *, briefly: bool = False) -> Compaction:
        """Land what the journal holds, and bring rollups up to date; `briefly` leaves what takes longer to the next.

        Raises `LakeBusy` where another process is at it, `LakeError` where a file is damaged.
        """
        with writer_lock(self.home), _saying_what_is_damaged(self.home):
            return self._compact_locked(on_step, briefly=briefly)

    def _compact_locked(
        self, on_step: Callable[[str], None] = lambda name: None, *, briefly: bool = True
    ) -> Compaction:
        compactor = Compactor(self.home, self.book, on_step, self._rollups_from_rows)
        try:
            return compactor.run(briefly=briefly)
        finally:
            compactor.close()

    def forget(self, user: str, leaving: Leaving | None = None) -> Deletion:
        """Delete every event recorded so far for `user`, physically. Raises `LakeError`, `SettingsError`."""
        with writer_lock(self.home), _saying_what_is_damaged(self.home):
            self._compact_locked()
            marks = self._marks(leaving)
            tables, connection = self._open_tables()
            with connection:
                return delete_user(
                    connection, tables, self.home, user, rollups_from_rows=self._rollups_from_rows, marks=marks
                )

    def expire(
        self,
        before: datetime,
        on_step: Callable[[str], None] = lambda name: None,
        leaving: Leaving | None = None,
    ) -> Deletion:
        """Delete raw events that arrived before `before` (aware), also those that the journal still holds.

        An import does not bring them back; rollups and `daily_aggregates` keep their figures. Raises `LakeError`.
        """
        with writer_lock(self.home), _saying_what_is_damaged(self.home):
            self._compact_locked()
            marks = self._marks(leaving)
            tables, connection = self._open_tables()
            with connection:
                return delete_older(
                    connection, tables, before, rollups_from_rows=self._rollups_from_rows, on_step=on_step, marks=marks
                )

    def reprice(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        dry_run: bool = False,
        on_step: Callable[[str], None] = lambda name: None,
    ) -> Repricing:
        """Compute the costs of the calls of [start, end), aware times, again with the prices of `book`.

        The journal's events land first, at these prices. With `dry_run` nothing is written or locked, and the answer is
        what would be done. Raises `LakeBusy`, `LakeError`.
        """
        if dry_run:
            with self.snapshot() as snapshot, _saying_what_is_damaged(self.home):
                return preview(snapshot, self.book, start, end)
        with writer_lock(self.home), _saying_what_is_damaged(self.home):
            self._compact_locked()
            tables, connection = self._open_tables()
            with connection:
                done = reprice(connection, tables, self.book, start, end, on_step=on_step)
                roll_up(connection, tables, from_rows=self._rollups_from_rows)
                return done

    def unlanded(self, events: Iterable[Event]) -> set[str]:
        """Source ids of those `events` that would change the lake: it has no such event, nor had one that expired, or
        has other usage.

        Every event needs a `source_id`.
        """
        tables, connection = self._open_tables()
        with connection:
            now = datetime.now(UTC)
            lines = (
                encode_event(msgspec.structs.replace(event, arrived=event.arrived or now), "", n) + b"\n"
                for n, event in enumerate(events)
            )
            land(connection, lines, self.book, present=tables.events.stored(), expired=tables.sources.uris())
            return {source_id for (source_id,) in connection.execute("SELECT source_id FROM lines").fetchall()}

    def _marks(self, leaving: Leaving | None) -> dict[str, int]:
        if leaving is None:
            return {}
        with self.snapshot() as snapshot:
            mark = leaving(snapshot)
        return {} if mark is None else {mark: 1}

    def _open_tables(self) -> tuple[Tables, duckdb.DuckDBPyConnection]:
        tables = Tables(self.home)
        tables.load(create=True)
        connection = connect()
        tables.events.storage.attach(connection)
        return tables, connection


@contextmanager
def _saying_what_is_damaged(home: Home) -> Iterator[None]:
    """DuckDB's errors as `LakeError`, without its picture of our statement."""
    try:
        yield
    except duckdb.Error as error:
        said = str(error).partition("\n")[0]
        raise LakeError(f"{home.root}: the lake could not be read: {said}") from error
