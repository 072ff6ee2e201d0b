"""The doctor: what was refused, torn or dropped, and whether the home is in order."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

import agentgauge
from agentgauge.errors import PriceBookError
from agentgauge.forwarding import standing as shipping
from agentgauge.forwarding.standing import Standing
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.layout import NOT_LOST, REFUSED_OF_OTHERS
from agentgauge.journal.scanner import is_dead
from agentgauge.lake import Lake, Snapshot
from agentgauge.meter import Meter
from agentgauge.pricing import PriceBook

_LITTLE_SPACE = 512 << 20
_REFUSED = "refused over the network, which whoever sent them was told"
_NAMED = 5
"""Of models without a price, how many a problem names; `Diagnosis.unpriced` has all."""


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
    file: str
    """Of the newest one: the segment that says so, the byte there, and what was wrong."""
    byte: int
    detail: str


class UnpricedModel(msgspec.Struct, frozen=True):
    """Model calls without a price."""

    model: str
    provider: str | None
    """Named where the model has a price with another provider, or without one; else None."""
    calls: int


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
    since: datetime | None
    """Losses and unpriced calls are those from then on."""
    losses: tuple[LossState, ...]
    unpriced: tuple[UnpricedModel, ...]
    price_book: str
    forwarding: Standing | None
    """Where the home ships to a server, did, or would."""
    problems: tuple[str, ...]
    """What needs somebody's attention, each with what to do."""
    channels: tuple[str, ...] = ()
    """Who is told of alerts: name and URL, without what is secret in it; for whoever knows the settings to fill in."""


def diagnose(meter: Meter, since: datetime | None = None) -> Diagnosis:
    """Look at a home, and at its losses and unpriced calls since an aware time. Reads only, and asks the server that
    the settings name, if any, whether it would take what is recorded.
    """
    home = meter.settings.home
    book, no_prices = _book(meter)
    with Lake(home, book).snapshot() as snapshot:
        events = _count_events(snapshot)
        unpriced = _unpriced(snapshot, book, since)
        losses = _losses(snapshot, since)
        tail, version, files = snapshot.tail_rows, snapshot.version, snapshot.files
    journal = JournalDirectory(home.root)
    segments = tuple(_segments(journal))
    forwarding = shipping.asked_standing(meter.settings)
    existing = _nearest_existing(home.root)
    free = shutil.disk_usage(existing).free
    writable = os.access(existing, os.W_OK)
    used, limit = journal.total_bytes(), meter.settings.journal_max_bytes
    problems = []
    if meter.settings.switched_off_by:
        by = " and ".join(meter.settings.switched_off_by)
        problems.append(f"recording is switched off by {by}: unset that to record and keep events")
    if not writable:
        problems.append(
            f"{existing} cannot be written: recorders drop their events; make it writable or set AGENTGAUGE_HOME"
        )
    if free < _LITTLE_SPACE:
        problems.append(f"{free >> 20} MiB are free on the disk of {existing}; recorders drop events when it is full")
    if used > limit // 2:
        ships = forwarding is not None and forwarding.endpoint is not None
        problems.append(
            f"the journal holds {used >> 20} of at most {limit >> 20} MiB and refuses events when full: "
            f"run 'agentgauge {'forward' if ships else 'compact'}'"
        )
    if forwarding is not None:
        problems += shipping.problems(forwarding)
    if no_prices is not None:
        problems.append(f"{no_prices}. Until it is mended, commands that read events end with this error")
    problems += _about_losses(losses)
    problems += _about_prices(unpriced, meter.settings.prices_file or home.prices)
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
        since=since,
        losses=losses,
        unpriced=unpriced,
        price_book=book.version,
        forwarding=forwarding,
        problems=tuple(problems),
    )


def _segments(journal: JournalDirectory) -> Iterator[SegmentState]:
    for path in journal.segments():
        with suppress(FileNotFoundError):  # compacted or shipped meanwhile
            yield SegmentState(path.name, path.stat().st_size, live=not is_dead(path))


def _book(meter: Meter) -> tuple[PriceBook, str | None]:
    """The prices; the ones that are built in, and what is wrong, where the user's file cannot be used."""
    try:
        return meter.book, None
    except PriceBookError as error:
        return PriceBook.load(), str(error)


def _about_losses(losses: Sequence[LossState]) -> Iterator[str]:
    """One line for what is lost, one for what a server refused and one for what was altered; the reasons are in
    `losses`.
    """
    counts: dict[str, Counter[str]] = {"lost": Counter(), _REFUSED: Counter(), "kept, but altered": Counter()}
    for loss in losses:
        reason = loss.reason.removeprefix(REFUSED_OF_OTHERS)
        fate = "kept, but altered" if loss.kept else "lost" if reason == loss.reason else _REFUSED
        counts[fate][reason] += loss.count
    for fate, reasons in counts.items():
        if reasons:
            yield f"{_counted(reasons.total(), 'event')} {fate}: {', '.join(reasons)}"


def _about_prices(unpriced: Sequence[UnpricedModel], file: Path) -> Iterator[str]:
    """One line for all models, the most called first: what is done about one is done about all."""
    if not unpriced:
        return
    named = [
        f"{found.model!r}{'' if found.provider is None else f' billed by {found.provider!r}'} ({found.calls:,})"
        for found in unpriced[:_NAMED]
    ]
    more = [f"{len(unpriced) - _NAMED} more"] if len(unpriced) > _NAMED else []
    yield (
        f"{_counted(sum(found.calls for found in unpriced), 'call')} unpriced: no price is known for "
        f"{', '.join([*named, *more])}. One added to {file} holds for calls that land in the lake from then on; "
        "'agentgauge reprice' gives it to those that have landed"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _count_events(snapshot: Snapshot) -> int:
    row = snapshot.connection.execute("SELECT count(*) FROM events").fetchone()
    return row[0] if row else 0


def _unpriced(snapshot: Snapshot, book: PriceBook, since: datetime | None) -> tuple[UnpricedModel, ...]:
    rows = snapshot.connection.execute(
        """
        SELECT model, provider, count(*) FROM events
        WHERE cost_source = 'unpriced' AND time >= coalesce(?, '-infinity'::TIMESTAMPTZ)
        GROUP BY ALL ORDER BY 3 DESC, 1, 2
        """,
        [since],
    ).fetchall()
    calls: Counter[tuple[str, str | None]] = Counter()
    for model, provider, count in rows:
        only_there = provider is not None and book.explain(model) and not book.explain(model, provider)
        calls[model, provider if only_there else None] += count
    return tuple(UnpricedModel(model, provider, count) for (model, provider), count in calls.most_common())


def _losses(snapshot: Snapshot, since: datetime | None) -> tuple[LossState, ...]:
    rows = snapshot.connection.execute(
        """
        SELECT reason, sum(count)::BIGINT, min(time), max(time),
            arg_max({'file': file, 'byte': "offset", 'detail': detail}, time)
        FROM losses WHERE time >= coalesce(?, '-infinity'::TIMESTAMPTZ) GROUP BY reason ORDER BY 2 DESC, 1
        """,
        [since],
    ).fetchall()
    return tuple(
        LossState(reason, count, reason in NOT_LOST, first, last, **newest)
        for reason, count, first, last, newest in rows
    )


def _nearest_existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
