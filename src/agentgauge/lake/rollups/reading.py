"""Reading rollups: which of a snapshot's events they stand for, and the relation of both, rollups and the rest.

A data file that has its rollups is read from them, one that has none from its rows, and the journal's tail is rows. A
window that begins or ends inside a row's stretch of time is read from a finer level there, and from rows at last. What
has expired counts wherever the version of the events table says that it has expired.

The logs of the rollup tables are read when a question first needs them, so that a snapshot that asks nothing of them
pays nothing. They may then be newer than the snapshot, which matters to none of this: a data file that has been
rewritten meanwhile is still read from its rows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property

import msgspec

from agentgauge.events.event import from_micros, to_micros
from agentgauge.lake.parquet import parquet_scan
from agentgauge.lake.rollups import units
from agentgauge.lake.rollups.figures import DIMENSIONS
from agentgauge.lake.rollups.levels import (
    AGENT_SUMS,
    DAILY_HISTOGRAMS,
    DAILY_SUMS,
    EXPIRIES,
    HISTOGRAMS,
    SINGLE_SUMS,
    SUMS,
    UNITS,
    Level,
    expired_of,
)
from agentgauge.lake.rollups.relations import HistogramRows, Rows, SumRows
from agentgauge.lake.rollups.upkeep import counting_files
from agentgauge.lake.table import DataFile
from agentgauge.lake.tables import Tables

_SUM_LEVELS = (DAILY_SUMS, AGENT_SUMS, SINGLE_SUMS, SUMS)
_HISTOGRAM_LEVELS = (DAILY_HISTOGRAMS, HISTOGRAMS)
_MICROS = 1_000_000
_ALWAYS = 1 << 62
"""Microseconds beyond every time there is."""

Span = tuple[int, int]
"""From a moment to before another, microseconds since 1970."""


class Relation(msgspec.Struct, frozen=True):
    """Rows of rollups, and events as if they were such rows, which together are all events of a window."""

    sql: str
    """A SELECT."""
    spared_rows: int
    """About how many raw rows it stands for that are still there."""
    has_rollups: bool
    has_raw_rows: bool
    has_expired: bool
    missing_before: datetime | None
    """Where events before this moment have expired whose rollups cannot be cut as the window would have it."""


class _LevelFiles(msgspec.Struct, frozen=True):
    of_data: dict[str, str]
    """URIs by the name of the data file."""
    expired: tuple[tuple[str, Span], ...]
    """URIs, and the stretch of time that their rows are of."""


class Rollups:
    """Of one version of the events table. Threads may share it."""

    def __init__(self, tables: Tables, *, tail_rows: int, corrected: bool) -> None:
        """`corrected`: the tail replaces rows of data files, which are then read from the view `events` only."""
        self._tables = tables
        self._data = [(file, _span_of(file, 0)) for file in tables.events.files()]
        self._tail_rows = tail_rows
        self._corrected = corrected
        self._levels: dict[str, _LevelFiles] = {}
        self._lock = threading.Lock()

    def rows_between(self, start: datetime | None, end: datetime | None) -> int:
        """About how many rows of data files a window has."""
        window = _window(start, end)
        return sum(_share(file, span, [window]) for file, span in self._data)

    @cached_property
    def any_expired(self) -> bool:
        """Whether there are rollups of events that are gone."""
        return self._tables.events.transaction(EXPIRIES) > 0

    def deleted(self, mark: str) -> bool:
        """Whether the version is without the events of the deletion that left this mark."""
        return self._tables.events.transaction(mark) > 0

    def missing_before(self, start: datetime | None, end: datetime | None) -> datetime | None:
        """The moment before which raw rows of a window are not all there; None where they are."""
        return self._expired_within(SUMS, [_window(start, end)])

    def sums(
        self, dimensions: Sequence[str], start: datetime | None, end: datetime | None, *, longest_seconds: int
    ) -> Relation:
        """The sums of a window by kind and these dimensions, in rows of at most so long a stretch of UTC."""
        fitting = (level for level in _SUM_LEVELS if level.seconds <= longest_seconds)
        levels = [level for level in fitting if _answers(level, dimensions)]
        return self._relation(levels, SumRows(tuple(dimensions)), _window(start, end))

    def histograms(
        self, metric: str, dimension: str, start: datetime | None, end: datetime | None, *, longest_seconds: int
    ) -> Relation:
        """The buckets of a value's histograms by kind and one dimension, '' for none; rows likewise."""
        levels = [level for level in _HISTOGRAM_LEVELS if level.seconds <= longest_seconds]
        return self._relation(levels, HistogramRows(metric, dimension), _window(start, end))

    def units(self) -> str:
        """A SELECT of all units of work, those of expired events included; columns as in
        `agentgauge.lake.rollups.units`."""
        level = self._files_of(UNITS)
        covered = [file for file, _ in self._data if file.name in level.of_data and not self._corrected]
        others = [file for file, _ in self._data if file not in covered]
        uris = [*(level.of_data[file.name] for file in covered), *(uri for uri, _ in level.expired)]
        parts = [f"SELECT {', '.join(units.COLUMNS)} FROM {parquet_scan(uris)}"] if uris else []
        parts += [units.units(item) for item in self._raw_items([(others, (-_ALWAYS, _ALWAYS))], (-_ALWAYS, _ALWAYS))]
        return units.merged(" UNION ALL BY NAME ".join(parts or [units.units("internal.tail")]))

    def unit_files(self) -> list[str]:
        """The rollups that `units` reads."""
        level = self._files_of(UNITS)
        return [*level.of_data.values(), *(uri for uri, _ in level.expired)]

    def _relation(self, levels: Sequence[Level], rows: Rows, window: Span) -> Relation:
        stretches, edges = _split(window, levels)
        files = [self._files_of(level) for level in levels]
        covered = [
            (file, span)
            for file, span in self._data
            if not self._corrected and all(file.name in level.of_data for level in files)
        ]
        parts: list[str] = []
        has_expired = False
        for level, level_files, stretch in ((levels[i], files[i], stretch) for i, stretch in stretches):
            uris = [level_files.of_data[file.name] for file, span in covered if _overlap(span, stretch)]
            expired = [uri for uri, span in level_files.expired if _overlap(span, stretch)]
            has_expired = has_expired or bool(expired)
            if uris or expired:
                parts.append(rows.of_rollups(level, parquet_scan([*uris, *expired]), _within(stretch)))
        names = {file.name for file, _ in covered}
        uncovered = [file for file, span in self._data if file.name not in names and _overlap(span, window)]
        wanted = [(uncovered, window)]
        wanted += [([file for file, span in covered if _overlap(span, edge)], edge) for edge in edges]
        items = self._raw_items(wanted, window)
        inner = [stretch for _, stretch in stretches]
        return Relation(
            sql=" UNION ALL ".join([*parts, *(rows.of_events(item) for item in items)]),
            spared_rows=sum(_share(file, span, inner) for file, span in covered),
            has_rollups=bool(parts),
            has_raw_rows=bool(items),
            has_expired=has_expired,
            missing_before=self._expired_within(SUMS, edges),
        )

    def _raw_items(self, wanted: Iterable[tuple[Sequence[DataFile], Span]], window: Span) -> list[str]:
        """FROM items of raw rows: files, each within a span, and the tail within the window."""
        if self._corrected:
            return [f"(SELECT * FROM events WHERE {_within(window)})"]
        uri = self._tables.events.storage.uri
        items = [
            f"(SELECT * FROM {parquet_scan([uri(file.name) for file in files])} WHERE {_within(span)})"
            for files, span in wanted
            if files
        ]
        if self._tail_rows:
            items.append(f"(SELECT * FROM internal.tail WHERE {_within(window)})")
        return items

    def _expired_within(self, level: Level, spans: Sequence[Span]) -> datetime | None:
        if not self.any_expired or not spans:
            return None
        ends = [
            min(expired[1], span[1])
            for _, expired in self._files_of(level).expired
            for span in spans
            if _overlap(expired, span)
        ]
        return from_micros(max(ends)) if ends else None

    def _files_of(self, level: Level) -> _LevelFiles:
        with self._lock:
            if level.name not in self._levels:
                self._levels[level.name] = self._read(level)
            return self._levels[level.name]

    def _read(self, level: Level) -> _LevelFiles:
        table = self._tables.rollups[level.name]
        table.load()
        files = table.files()
        uri = table.storage.uri
        expired = [file for month in counting_files(self._tables.events, files).values() for file in month]
        return _LevelFiles(
            of_data={file.name: uri(file.name) for file in files if expired_of(file.name) is None},
            expired=tuple((uri(file.name), _span_of(file, level.seconds)) for file in expired),
        )


def _answers(level: Level, dimensions: Sequence[str]) -> bool:
    """Whether a level of sums has these dimensions, and none other has them in fewer rows."""
    if level.single:
        return len(dimensions) <= 1
    return level.dimensions == DIMENSIONS or set(level.dimensions) == set(dimensions)


def _window(start: datetime | None, end: datetime | None) -> Span:
    return -_ALWAYS if start is None else to_micros(start), _ALWAYS if end is None else to_micros(end)


def _span_of(file: DataFile, seconds: int) -> Span:
    """The time that a file's rows are of; `seconds` long each, 0 for moments."""
    if file.first is None or file.last is None:
        return -_ALWAYS, _ALWAYS
    return to_micros(file.first), to_micros(file.last) + (seconds * _MICROS or 1)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _share(file: DataFile, span: Span, windows: Sequence[Span]) -> int:
    """About how many rows of a file are in windows that have nothing in common: as if they were spread evenly."""
    within = sum(max(0, min(span[1], end) - max(span[0], start)) for start, end in windows)
    return file.rows * within // (span[1] - span[0])


def _split(window: Span, levels: Sequence[Level]) -> tuple[list[tuple[int, Span]], list[Span]]:
    """The stretches of a window that each level can answer whole, the coarsest first, by the level's number; and the
    edges that none can."""
    stretches: list[tuple[int, Span]] = []
    rest = [window]
    for number, level in enumerate(levels):
        width = level.seconds * _MICROS
        remaining: list[Span] = []
        for start, end in rest:
            inner = (-(-start // width) * width, end // width * width)
            if start == -_ALWAYS:
                inner = (start, inner[1])
            if end == _ALWAYS:
                inner = (inner[0], end)
            if inner[0] < inner[1]:
                stretches.append((number, inner))
                remaining += [edge for edge in ((start, inner[0]), (inner[1], end)) if edge[0] < edge[1]]
            elif start < end:
                remaining.append((start, end))
        rest = remaining
    return stretches, rest


def _within(span: Span) -> str:
    """SQL: whether `time` is in a span."""
    start, end = span
    bounds = [f"time >= make_timestamptz({start})"] if start > -_ALWAYS else []
    bounds += [f"time < make_timestamptz({end})"] if end < _ALWAYS else []
    return " AND ".join(bounds) or "true"
