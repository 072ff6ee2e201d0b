"""The doctor: what was refused, torn or dropped, and whether the home is in order."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import datetime
from pathlib import Path

import msgspec

import agentgauge
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.layout import NOT_LOST
from agentgauge.journal.scanner import is_dead
from agentgauge.lake import Snapshot
from agentgauge.service.meter import Meter

_LITTLE_SPACE = 512 << 20


class SegmentState(msgspec.Struct, frozen=True):
    file: str
    bytes: int
    live: bool
    """A process still writes to it."""


class LossState(msgspec.Struct, frozen=True):
    """What happened to events on the way in, by reason."""

    reason: str
    count: int
    kept: bool
    """The events were kept, but altered; else they are lost."""
    first: datetime | None
    last: datetime | None
    example: str
    """The newest one: file, offset and what was wrong."""


class Diagnosis(msgspec.Struct, frozen=True):
    version: str
    python: str
    home: str
    lake: str
    writable: bool
    free_bytes: int
    segments: tuple[SegmentState, ...]
    journal_bytes: int
    journal_limit_bytes: int
    tail_events: int
    """Events not yet compacted."""
    events: int
    lake_version: int
    """Version of the Delta table, -1 before the first compaction."""
    lake_files: int
    losses: tuple[LossState, ...]
    unpriced: tuple[tuple[str, int], ...]
    """Models without a price, with their calls."""
    price_book: str
    problems: tuple[str, ...]
    """What needs somebody's attention, each with what to do."""


def diagnose(meter: Meter) -> Diagnosis:
    """Look at a home. Reads only."""
    home = meter.settings.home
    with meter.lake.snapshot() as snapshot:
        events, unpriced = _count_events(snapshot)
        losses = _losses(snapshot)
        tail, version, files = snapshot.tail_rows, snapshot.version, snapshot.files
    journal = JournalDirectory(home.root)
    segments = tuple(
        SegmentState(path.name, path.stat().st_size, live=not is_dead(path)) for path in journal.segments()
    )
    existing = _nearest_existing(home.root)
    free = shutil.disk_usage(existing).free
    writable = os.access(existing, os.W_OK)
    used, limit = journal.total_bytes(), meter.settings.journal_max_bytes
    problems = []
    if not writable:
        problems.append(
            f"{existing} cannot be written: recorders drop their events; make it writable or set AGENTGAUGE_HOME"
        )
    if free < _LITTLE_SPACE:
        problems.append(f"{free >> 20} MiB are free on the disk of {existing}; recorders drop events when it is full")
    if used > limit // 2:
        problems.append(
            f"the journal holds {used >> 20} of at most {limit >> 20} MiB and refuses events when full: "
            "run 'agentgauge compact'"
        )
    problems += [
        f"{loss.count} events {'kept, but altered' if loss.kept else 'lost'}: {loss.reason} (last: {loss.example})"
        for loss in losses
    ]
    problems += [
        f"{calls} calls of {model!r} have no price and count as unpriced: add one to {home.prices}"
        for model, calls in unpriced
    ]
    return Diagnosis(
        version=agentgauge.__version__,
        python=sys.version.split()[0],
        home=str(home.root),
        lake=home.lake,
        writable=writable,
        free_bytes=free,
        segments=segments,
        journal_bytes=used,
        journal_limit_bytes=limit,
        tail_events=tail,
        events=events,
        lake_version=version,
        lake_files=files,
        losses=losses,
        unpriced=unpriced,
        price_book=meter.book.version,
        problems=tuple(problems),
    )


def _count_events(snapshot: Snapshot) -> tuple[int, tuple[tuple[str, int], ...]]:
    row = snapshot.connection.execute("SELECT count(*) FROM events").fetchone()
    unpriced = snapshot.connection.execute(
        "SELECT model, count(*) FROM events WHERE cost_source = 'unpriced' GROUP BY model ORDER BY 2 DESC, 1"
    ).fetchall()
    return (row[0] if row else 0), tuple(unpriced)


def _losses(snapshot: Snapshot) -> tuple[LossState, ...]:
    rows = snapshot.connection.execute(
        """
        SELECT reason, sum(count)::BIGINT, min(time), max(time),
            arg_max(concat(file, ' at byte ', "offset", ': ', detail), time)
        FROM losses GROUP BY reason ORDER BY 2 DESC, 1
        """
    ).fetchall()
    return tuple(LossState(reason, count, reason in NOT_LOST, *rest) for reason, count, *rest in rows)


def _nearest_existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
