"""The tables of rollups, one per level of detail, and the names of their files.

    rollup_sums               quarters of an hour, by all dimensions
    rollup_sums_of_agents     hours, by project and agent
    rollup_sums_single        half hours, by one dimension, and by none
    rollup_sums_daily         UTC days, by all dimensions
    rollup_histograms         hours, by one dimension, and by none
    rollup_histograms_daily   UTC days, likewise
    rollup_units              units of work

A file of one is one of these, and counts

    month=2026-11/<id>.parquet               the rollup of the data file of that name   while the data file is there
    month=2026-11/expired-<k>-<id>.<n>...    of the rows that the k-th expiry took      from the version of `events` on
                                                                                        with that transaction
    month=2026-11/merged-<k>-<id>.<n>...     of a month's files of expiries up to k     likewise, in place of these
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePosixPath

import msgspec

from agentgauge.lake.rollups import histograms, sums, units
from agentgauge.lake.rollups.figures import DIMENSIONS

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
    dimensions: tuple[str, ...] = DIMENSIONS
    """Those that rows are told apart by, or by one of."""

    @property
    def span(self) -> str | None:
        """The column that tells where in time a row is."""
        return "time" if self.seconds else None


SUMS = Level("rollup_sums", sums.COLUMNS, partial(sums.sums, seconds=sums.QUARTER), sums.QUARTER)
SINGLE_SUMS = Level(
    "rollup_sums_single",
    sums.SINGLE_COLUMNS,
    partial(sums.single_sums, seconds=sums.HALF_HOUR),
    sums.HALF_HOUR,
    single=True,
)
AGENT_SUMS = Level(
    "rollup_sums_of_agents",
    sums.AGENT_COLUMNS,
    partial(sums.sums, seconds=sums.HOUR, dimensions=sums.AGENTS),
    sums.HOUR,
    dimensions=sums.AGENTS,
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

LEVELS = (SUMS, AGENT_SUMS, SINGLE_SUMS, DAILY_SUMS, HISTOGRAMS, DAILY_HISTOGRAMS, UNITS)


class Expired(msgspec.Struct, frozen=True):
    """What the name of a file says that is of expired rows."""

    application: str
    """Whose transaction makes the file count."""
    number: int
    """Of the last expiry that it is of, counted from 1."""
    is_merged: bool
    """Whether it takes the place of the month's files of expiries up to `number`."""


def expired_name(number: int, identity: str, *, is_merged: bool = False) -> str:
    """The application of an expiry, or of a merging; names of its files go on with a dot."""
    return f"{'merged' if is_merged else 'expired'}-{number}-{identity}"


def expired_of(name: str) -> Expired | None:
    """None of a file that is the rollup of a data file: these have hexadecimal names."""
    application = PurePosixPath(name).name.partition(".")[0]
    what, _, rest = application.partition("-")
    if what not in ("expired", "merged"):
        return None
    return Expired(application, int(rest.partition("-")[0]), is_merged=what == "merged")
