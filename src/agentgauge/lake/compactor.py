"""The compactor: takes what segments hold into the lake, each event exactly once, whatever dies in between.

A batch goes through these steps; the name of each is given to `on_step`, so that a test can stop the process there:

    planned    the byte ranges are chosen, written and synced           a crash: the plan is found and repeated
    written    Parquet files are written and synced, not yet named      the same; vacuum finds the orphans
    committed  one Delta commit holds the files and (journal, batch)    its version shows that the batch landed
    sealed     the log entry and its directory are synced
    reported   losses of the ranges are in the losses table             repeated; its own transaction makes it once
    dropped    dead segments that are fully covered are removed         nobody reads what is covered

Small files are merged then, and data files get their rollups, table by table (`agentgauge.lake.rollups.upkeep`):

    written <table>, committed <table>                                  a crash: made by the next compaction

A home that ships is a spool (`agentgauge.forwarding.spool`): what waits in it for a server is left alone.

One compactor at a time holds the lock of the home. Several hosts may share a lake on an object store: each compacts its
own journal, and delta-rs refuses the commit of whoever lost the race, which then plans anew from the version it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from agentgauge.errors import LakeBusy, LakeError
from agentgauge.files import LockHeld, file_lock, make_directory
from agentgauge.forwarding.spool import local_segments
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.layout import LARGEST_LINE_BYTES
from agentgauge.journal.scanner import Loss, Scan, is_dead, scan
from agentgauge.lake.landing import Landed, connect, land
from agentgauge.lake.loss_rows import insert_losses, unreadable_losses
from agentgauge.lake.merging import merge_small_files
from agentgauge.lake.parquet import write_file
from agentgauge.lake.plan import Coverage, Plan, PlanDirectory, Range, coverage, next_batch
from agentgauge.lake.rewrite import without_rows
from agentgauge.lake.rollups.upkeep import FROM_ROWS, roll_up
from agentgauge.lake.schema import LOSSES, empty_relation
from agentgauge.lake.table import DataFile
from agentgauge.lake.tables import Tables
from agentgauge.pricing import PriceBook
from agentgauge.settings import Home

BATCH_BYTES = 192 << 20
"""Journal bytes of one batch: about 600,000 events, so that memory stays bounded on any backlog."""
_VACUUM_HOURS = 1
_ID_SEQUENCE = "event-ids"
_RETRIES = 5


class Compaction(msgspec.Struct, frozen=True):
    """What one run did."""

    batches: int = 0
    events: int = 0
    losses: int = 0
    segments_dropped: int = 0
    files_merged: int = 0
    files_rolled_up: int = 0


@contextmanager
def writer_lock(home: Home, *, wait: bool = False) -> Iterator[None]:
    """Held by whoever changes the lake of this home. Raises `LakeBusy` at once where another process holds it, unless
    it is to `wait`.
    """
    make_directory(home.root)
    try:
        with file_lock(home.root / "lake.lock", blocking=wait):
            yield
    except LockHeld as error:
        raise LakeBusy(
            f"{home.root}: another process is compacting this home; nothing is lost, try again when it is done"
        ) from error


class Compactor:
    """Used inside `writer_lock`."""

    def __init__(
        self,
        home: Home,
        book: PriceBook,
        on_step: Callable[[str], None] = lambda name: None,
        rollups_from_rows: int = FROM_ROWS,
    ) -> None:
        self._home = home
        self._rollups_from_rows = rollups_from_rows
        self._book = book
        self._step = on_step
        self._journal = JournalDirectory(home.root)
        self._plans = PlanDirectory(home.root / "plans")
        self._tables = Tables(home)
        self._connection = connect()
        self._tables.events.storage.attach(self._connection)

    def run(self, *, briefly: bool = False) -> Compaction:
        """Land everything that is in the journal now, then merge small files and roll up what is new.

        `briefly`: nothing is rolled up, and no file merged that is large enough for rollups, which would lose them.
        """
        self._tables.load(create=True)
        self._tables.clean()
        done = self._finish_last_plan()
        while True:
            scans = self._collect()
            if not scans:
                break
            done = _sum(done, self._land_new(scans))
        most_rows = self._rollups_from_rows if briefly else None
        merged = merge_small_files(self._connection, self._tables.events, most_rows)
        if done.batches or merged:
            self._tables.events.vacuum(_VACUUM_HOURS)
        rolled_up = 0
        if not briefly:
            rolled_up = roll_up(self._connection, self._tables, from_rows=self._rollups_from_rows, on_step=self._step)
        dropped = self._drop_covered()
        return _sum(done, Compaction(segments_dropped=dropped, files_merged=merged, files_rolled_up=rolled_up))

    def close(self) -> None:
        self._connection.close()

    def _newest_plan(self) -> Plan | None:
        return next(self._plans.newest_first(), None)

    def _coverage(self) -> Coverage:
        return coverage(self._plans.newest_first(), self._tables.events.transaction, lambda: self._journal.id)

    def _finish_last_plan(self) -> Compaction:
        """Finish or repeat the batch whose plan a crash may have left behind."""
        plan = self._newest_plan()
        if plan is None:
            return Compaction()
        transaction = self._tables.events.transaction(plan.journal)
        landed = transaction == plan.batch
        reported = not plan.losses or self._tables.losses.transaction(plan.journal) == plan.batch
        # Segments are dropped only after the report, so one that is gone has been reported.
        if landed and (reported or not all((self._home.journal / part.segment).exists() for part in plan.ranges)):
            return Compaction()
        certain = transaction in (plan.batch, plan.previous)
        # Where a copy of this home has committed since, a segment that is gone was dropped once its batch had landed.
        scans = [self._rescan(part) for part in plan.ranges if certain or (self._home.journal / part.segment).exists()]
        return self._finish(plan, scans, self._ready(scans, certain=certain)) if scans else Compaction()

    def _rescan(self, part: Range) -> tuple[Range, Scan]:
        path = self._home.journal / part.segment
        try:
            again = scan(path, part.start, dead=part.dead, limit_bytes=part.end - part.start)
        except FileNotFoundError:
            # Somebody removed it. What is left of the batch lands, and the rest is said to be lost.
            gone = Loss("segment gone", 1, part.segment, part.start, detail=f"{part.end - part.start} bytes")
            return part, Scan(b"", 0, part.start, part.end, (gone,), 0)
        if again.end != part.end:
            raise LakeError(
                f"{path}: bytes {part.start}-{part.end} read differently now (end {again.end}); the file was changed"
            )
        return part, again

    def _collect(self) -> list[tuple[Range, Scan]]:
        """Ranges that no batch covers yet, up to the size of a batch."""
        covered = self._coverage().covered
        room = BATCH_BYTES
        found: list[tuple[Range, Scan]] = []
        for path, with_a_server in self._segments():
            start = max(covered.get(path.name, 0), with_a_server)
            try:
                dead = is_dead(path)
                part = scan(path, start, dead=dead, limit_bytes=room)
            except FileNotFoundError:  # the owner's home was removed under it
                continue
            if part.lines or part.losses:
                found.append((Range(path.name, part.start, part.end, dead), part))
                room -= part.end - part.start
            if room < LARGEST_LINE_BYTES:
                break
        return found

    def _segments(self) -> Iterator[tuple[Path, int]]:
        """Segments that land here, each with the bytes at its beginning that another server has and counts."""
        paths, spool = local_segments(self._home.root, self._journal.segments())
        return ((path, 0 if spool is None else spool.start(path.name)) for path in paths)

    def _land_new(self, scans: list[tuple[Range, Scan]]) -> Compaction:
        for attempt in range(1, _RETRIES + 1):
            landed = self._ready(scans, certain=self._coverage().certain)
            last = self._newest_plan()
            present = {path.name for path in self._journal.segments()}
            covered = {name: end for name, end in (last.covered if last else {}).items() if name in present}
            previous = self._tables.events.transaction(self._journal.id)
            plan = Plan(
                sequence=(last.sequence if last else 0) + 1,
                journal=self._journal.id,
                batch=next_batch(previous),
                previous=previous,
                ranges=tuple(part for part, _ in scans),
                covered=covered | {part.segment: part.end for part, _ in scans},
                losses=len(landed.unreadable) + sum(len(part.losses) for _, part in scans),
            )
            self._plans.write(plan)
            self._step("planned")
            try:
                return self._finish(plan, scans, landed)
            except LakeError:
                self._tables.load()
                if attempt == _RETRIES or self._tables.events.transaction(plan.journal) == plan.batch:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _ready(self, scans: list[tuple[Range, Scan]], *, certain: bool) -> Landed:
        """Read the lines and look up what the version read has of them. Nothing is written yet."""
        return land(
            self._connection,
            (part.lines for _, part in scans),
            self._book,
            present=self._tables.events.stored(),
            expired=self._tables.sources.uris(),
            by_identity=not certain or any(part.copied for _, part in scans),
        )

    def _finish(self, plan: Plan, scans: list[tuple[Range, Scan]], landed: Landed) -> Compaction:
        """The steps of a batch after its plan, leaving out those that a crash came after."""
        events = 0
        if self._tables.events.transaction(plan.journal) != plan.batch:
            self._commit_events(plan, landed)
            events = landed.rows
        self._step("sealed")
        losses = [loss for _, part in scans for loss in part.losses]
        losses += unreadable_losses(
            landed.unreadable, [(self._home.journal / part.segment, part.start) for part, _ in scans]
        )
        self._report(plan, losses)
        self._step("reported")
        dropped = self._drop_covered()
        self._step("dropped")
        return Compaction(batches=1, events=events, losses=sum(loss.count for loss in losses), segments_dropped=dropped)

    def _commit_events(self, plan: Plan, landed: Landed) -> None:
        table = self._tables.events
        first_id = table.transaction(_ID_SEQUENCE) + 1
        add: list[DataFile] = []
        remove: list[DataFile] = []
        if landed.replaced:
            add, remove, _ = without_rows(
                self._connection, table, "list_contains(?, source_id)", [list(landed.replaced)]
            )
        order = "" if landed.in_order else " ORDER BY time, id"
        for month in landed.months:
            select = landed.select(first_id=first_id, month=month) + order
            add.append(write_file(self._connection, table.storage, select, month=f"{month:%Y-%m}", span="time"))
        self._step("written")
        table.commit(add, remove, {plan.journal: plan.batch, _ID_SEQUENCE: first_id + landed.lines - 1})
        self._step("committed")

    def _report(self, plan: Plan, losses: list[Loss]) -> None:
        table = self._tables.losses
        if not losses or table.transaction(plan.journal) == plan.batch:
            return
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE reported AS {empty_relation(LOSSES)}")
        insert_losses(self._connection, "reported", losses)
        file = write_file(self._connection, table.storage, "SELECT * FROM reported")
        self._connection.execute("DROP TABLE reported")
        table.commit([file], transactions={plan.journal: plan.batch})

    def _drop_covered(self) -> int:
        """Remove dead segments whose every byte has landed.

        A reader that wanted one finds its events in the version that covers it.
        """
        covered = self._coverage().covered
        dropped = 0
        for path, with_a_server in self._segments():
            if not is_dead(path):
                continue
            rest = scan(path, max(covered.get(path.name, 0), with_a_server), dead=True, limit_bytes=1)
            if not rest.lines and not rest.losses and rest.end >= path.stat().st_size:
                path.unlink()
                dropped += 1
        return dropped


def _sum(a: Compaction, b: Compaction) -> Compaction:
    return Compaction(*(x + y for x, y in zip(msgspec.structs.astuple(a), msgspec.structs.astuple(b), strict=True)))
