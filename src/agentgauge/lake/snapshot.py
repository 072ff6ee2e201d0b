"""A snapshot: all events once, the lake's files and the journal's tail together, as one relation `events`.

A reader lists the segments first, then reads the table at one version, then takes from each segment what that version
does not cover. It needs no lock: a segment is dropped only after the version that covers it is there, so one that
vanished is found in a newer version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import duckdb

from agentgauge.errors import JournalUnavailable, LakeError
from agentgauge.forwarding.spool import Spool, read_spool
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.scanner import Loss, Scan, is_dead, scan
from agentgauge.lake.blanking import blanked_mark
from agentgauge.lake.closed_days import closed_days
from agentgauge.lake.landing import Landed, connect, land
from agentgauge.lake.loss_rows import insert_losses, unreadable_losses
from agentgauge.lake.parquet import parquet_scan
from agentgauge.lake.plan import PlanDirectory, coverage
from agentgauge.lake.repriced import repriced
from agentgauge.lake.rollups.reading import Rollups
from agentgauge.lake.schema import DAILY, DERIVED, LOSSES, REPRICED, column_list, empty_relation
from agentgauge.lake.tables import Tables
from agentgauge.pricing import PriceBook
from agentgauge.settings import Home

TAIL = "SELECT * FROM internal.tail"
"""What a snapshot has of the journal."""

_TRIES = 6
_UNCERTAIN_TRIES = 3


class Snapshot:
    """Open until `close`. `connection` and its cursors have the views `events`, `losses` and `repriced`; use one per
    thread.
    """

    def __init__(self, home: Home, book: PriceBook) -> None:
        self.connection: duckdb.DuckDBPyConnection = connect()
        self._home = home
        self._tables = Tables(home)
        self._tables.events.storage.attach(self.connection)
        tail = self._read_consistently()
        self.version = self._tables.events.version
        """Version of the events table, -1 where nothing has been compacted yet."""
        self.files = len(self._tables.events.uris())
        landed = land(
            self.connection,
            (part.lines for _, part in tail),
            book,
            present=self._tables.events.stored(),
            expired=self._tables.sources.uris(),
            by_identity=self._by_identity,
        )
        self.tail_rows = landed.rows
        """Events that are not in the lake's files yet."""
        self.rollups = Rollups(self._tables, tail_rows=landed.rows, corrected=bool(landed.replaced))
        """What stands for events of this version, those that have expired included."""
        self._create_events_view(landed)
        losses = [loss for _, part in tail for loss in part.losses]
        losses += unreadable_losses(landed.unreadable, [(path, part.start) for path, part in tail])
        self._create_losses_view(losses)
        _create_closed_days(self.connection, closed_days(self._tables.daily))
        _create_repriced(self.connection, repriced(self._tables))

    def _read_consistently(self) -> list[tuple[Path, Scan]]:
        """The tail that goes with the version read. Read again where the compactor took something away meanwhile."""
        directory = JournalDirectory(self._home.root)
        plans = PlanDirectory(self._home.root / "plans")
        for attempt in range(1, _TRIES + 1):
            blanked = blanked_mark(self._home)
            paths = directory.segments()
            self._tables.load()
            covered = coverage(plans.newest_first(), self._tables.events.transaction, lambda: _id_of(directory))
            if not covered.certain and attempt < _UNCERTAIN_TRIES:
                continue  # a compactor may have run through all plans since the version was read
            spool = read_spool(self._home.root)
            try:
                scans = list(_scans(paths, covered.covered, spool))
            except FileNotFoundError:
                continue
            if blanked_mark(self._home) == blanked:
                self._by_identity = not covered.certain or any(part.copied for _, part in scans)
                return scans
        raise LakeError(f"{self._home.root}: the lake changed too quickly to be read {_TRIES} times running; try again")

    def _create_events_view(self, landed: Landed) -> None:
        # Tables and views of the database, not temporary ones: a cursor of this connection sees them.
        _create_tail(self.connection, landed)
        self.connection.execute(
            "CREATE TABLE internal.replaced AS SELECT unnest(?::VARCHAR[]) AS source_id", [landed.replaced]
        )
        self._corrected = bool(landed.replaced)
        parts = [TAIL]
        if uris := self._tables.events.uris():
            parts.append(self._landed(uris))
        _create_events(self.connection, " UNION ALL BY NAME ".join(parts))

    def data_files(self) -> list[str]:
        """The files that its views read, and those of the units of work."""
        tables = (self._tables.events, self._tables.losses, self._tables.daily, self._tables.repriced)
        return [*(uri for table in tables for uri in table.uris()), *self.rollups.unit_files()]

    def landed(self) -> Iterator[str]:
        """A SELECT for each data file, of its events: with those of `TAIL` they are all of `events`, once."""
        return (self._landed([uri]) for uri in self._tables.events.uris())

    def _landed(self, uris: list[str]) -> str:
        source = f"SELECT * REPLACE (attributes::JSON AS attributes) FROM {parquet_scan(uris)}"
        if self._corrected:
            source += " WHERE source_id IS NULL OR source_id NOT IN (FROM internal.replaced)"
        return source

    def _create_losses_view(self, tail: list[Loss]) -> None:
        self.connection.execute(f"CREATE TABLE internal.losses AS {empty_relation(LOSSES)}")
        insert_losses(self.connection, "internal.losses", tail)
        parts = ["SELECT * FROM internal.losses"]
        if uris := self._tables.losses.uris():
            # A batch reports its losses a moment after its events have landed: until then they are in the tail too.
            untold = 'SELECT file, "offset" FROM internal.losses'
            parts.append(
                f'SELECT {column_list(LOSSES)} FROM {parquet_scan(uris)} WHERE (file, "offset") NOT IN ({untold})'
            )
        self.connection.execute(f"CREATE VIEW losses AS {' UNION ALL '.join(parts)}")

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def in_memory(lines: bytes, book: PriceBook) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the views of a snapshot, over nothing but these framed lines."""
    with connect() as connection:
        landed = land(connection, [lines], book)
        _create_tail(connection, landed)
        _create_events(connection, TAIL)
        connection.execute(f"CREATE VIEW losses AS {empty_relation(LOSSES)}")
        _create_closed_days(connection, empty_relation(DAILY))
        _create_repriced(connection, empty_relation(REPRICED))
        yield connection


def _scans(paths: list[Path], covered: Mapping[str, int], spool: Spool | None) -> Iterator[tuple[Path, Scan]]:
    """What is in the journal alone. What a server counts, of segments that are still here, is left out; one of these
    that is gone was sent meanwhile. Raises FileNotFoundError where another has landed meanwhile.
    """
    for path in paths:
        start = max(covered.get(path.name, 0), 0 if spool is None else spool.start(path.name))
        try:
            yield path, scan(path, start, dead=is_dead(path))
        except FileNotFoundError:
            if spool is None or spool.is_local(path):
                raise


def _create_tail(connection: duckdb.DuckDBPyConnection, landed: Landed) -> None:
    connection.execute(f"CREATE SCHEMA internal; CREATE TABLE internal.tail AS {landed.select()}")


def _create_events(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    derived = ", ".join(f'{sql} AS "{name}"' for name, sql in DERIVED.items())
    connection.execute(f"CREATE VIEW events AS SELECT *, {derived} FROM ({source})")


def _create_closed_days(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    connection.execute(f"CREATE VIEW internal.closed_days AS {source}")


def _create_repriced(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    connection.execute(f"CREATE VIEW repriced AS {source}")


def _id_of(directory: JournalDirectory) -> str:
    """The journal's id; empty where it has none and reading must not make one."""
    try:
        return directory.id if directory.path.is_dir() else ""
    except JournalUnavailable:  # a copy that cannot be written
        return ""
