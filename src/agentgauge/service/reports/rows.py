"""The rows of an answer, with how they were found."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from agentgauge.engines.answer import Way

Row = TypeVar("Row")


class Rows(msgspec.Struct, Generic[Row], frozen=True):
    rows: tuple[Row, ...]
    way: Way
    exact: bool
    """Else medians and percentiles are within 1 % of the value; everything else is exact in any case."""


def way_of(*ways: Way) -> Way:
    """How an answer was found that several were put together for."""
    first = ways[0]
    return first if all(way == first for way in ways) else "rollups and raw"
