"""The rows of a relation over rollups, from either source: a table of rollups, or events as rollups of themselves."""

from __future__ import annotations

from typing import Protocol

import msgspec

from agentgauge.lake.parquet import literal
from agentgauge.lake.rollups import histograms
from agentgauge.lake.rollups.figures import FIGURES
from agentgauge.lake.rollups.levels import Level

_FIGURES = ", ".join(figure.name for figure in FIGURES)
_OF_ONE = ", ".join(f"{figure.of_one} AS {figure.name}" for figure in FIGURES)


class Rows(Protocol):
    def of_rollups(self, level: Level, scan: str, within: str) -> str:
        """A SELECT from a FROM item of a level's rows, of those that meet a condition on `time`."""

    def of_events(self, events: str) -> str:
        """A SELECT of the same columns from a FROM item of raw rows."""


class SumRows(msgspec.Struct, frozen=True):
    """`time`, `kind`, the dimensions asked for and all figures."""

    dimensions: tuple[str, ...]

    def of_rollups(self, level: Level, scan: str, within: str) -> str:
        if not level.single:
            return f"SELECT {self._keys}, {_FIGURES} FROM {scan} WHERE {within}"
        value, condition = _single(self.dimensions[0] if self.dimensions else "")
        return f"SELECT time, kind, {value}{_FIGURES} FROM {scan} WHERE {condition} AND {within}"

    def of_events(self, events: str) -> str:
        return f"SELECT {self._keys}, {_OF_ONE} FROM {events}"

    @property
    def _keys(self) -> str:
        return ", ".join(("time", "kind", *self.dimensions))


class HistogramRows(msgspec.Struct, frozen=True):
    """`time`, `kind`, the dimension where one is asked for, `bucket` and `count`."""

    metric: str
    dimension: str

    def of_rollups(self, level: Level, scan: str, within: str) -> str:
        value, condition = _single(self.dimension)
        return (
            f"SELECT time, kind, {value}bucket, count FROM {scan} "
            f"WHERE metric = {literal(self.metric)} AND {condition} AND {within}"
        )

    def of_events(self, events: str) -> str:
        dimension = f"{self.dimension}, " if self.dimension else ""
        return (
            f"SELECT * FROM (SELECT time, kind, {dimension}{histograms.bucket(self.metric)} AS bucket, "
            f"1::BIGINT AS count FROM {events}) WHERE bucket IS NOT NULL"
        )


def _single(dimension: str) -> tuple[str, str]:
    """The value's column under the dimension's name, and the condition for its rows."""
    return f"value AS {dimension}, " if dimension else "", f"dimension = {literal(dimension)}"
