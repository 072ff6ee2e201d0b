"""The tables of rollups, one per level of detail, and the names of their files.

    rollup_sums               quarters of an hour, by all dimensions
    rollup_sums_single        quarters of an hour, by one dimension, and by none
    rollup_sums_daily         UTC days, by all dimensions
    rollup_histograms         hours, by one dimension, and by none
    rollup_histograms_daily   UTC days, likewise
    rollup_units              units of work

A file of one is either the rollup of a data file of `events` and has its name, `month=2026-11/<id>.parquet`, or that of
the rows that one expiry took away, `month=2026-11/expired-<id>.<n>.parquet`. The latter counts for readers of a version
of `events` that carries the application transaction `expired-<id>`, since that version no longer has the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePosixPath

import msgspec

from agentgauge.lake.rollups import histograms, sums, units

_EXPIRED = "expired-"
EXPIRIES = "expiries"
"""Application of the transaction that counts the expiries of the events table."""


class Level(msgspec.Struct, frozen=True):
    name: str
    columns: Mapping[str, str]
    """By their SQL types."""
    select: Callable[[str], str]
    """A SELECT of the columns from a FROM item of raw rows."""
    seconds: int = 0
    """Of a row's stretch of time, which begins at its `time`; 0 where rows have none."""
    single: bool = False
    """Whether rows are by one dimension each."""

    @property
    def span(self) -> str | None:
        """The column that tells where in time a row is."""
        return "time" if self.seconds else None


SUMS = Level("rollup_sums", sums.COLUMNS, partial(sums.sums, seconds=sums.QUARTER), sums.QUARTER)
SINGLE_SUMS = Level(
    "rollup_sums_single",
    sums.SINGLE_COLUMNS,
    partial(sums.single_sums, seconds=sums.QUARTER),
    sums.QUARTER,
    single=True,
)
DAILY_SUMS = Level("rollup_sums_daily", sums.COLUMNS, partial(sums.sums, seconds=sums.DAY), sums.DAY)
HISTOGRAMS = Level(
    "rollup_histograms",
    histograms.COLUMNS,
    partial(histograms.histograms, seconds=sums.HOUR),
    sums.HOUR,
    single=True,
)
DAILY_HISTOGRAMS = Level(
    "rollup_histograms_daily",
    histograms.COLUMNS,
    partial(histograms.histograms, seconds=sums.DAY),
    sums.DAY,
    single=True,
)
UNITS = Level("rollup_units", units.COLUMNS, units.units)

LEVELS = (SUMS, SINGLE_SUMS, DAILY_SUMS, HISTOGRAMS, DAILY_HISTOGRAMS, UNITS)


def expiry_of(name: str) -> str | None:
    """The application whose transaction makes a file count; None of a file that is the rollup of a data file."""
    stem = PurePosixPath(name).name
    return stem.partition(".")[0] if stem.startswith(_EXPIRED) else None


def expiry_named(identity: str) -> str:
    return f"{_EXPIRED}{identity}"
