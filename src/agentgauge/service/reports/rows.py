"""The rows of an answer, and how an answer was found."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from agentgauge.engines.answer import Way

Row = TypeVar("Row")


class Found(Protocol):
    """What says how it was found: an engine's answer, or one made of them."""

    @property
    def way(self) -> Way: ...

    @property
    def exact(self) -> bool: ...

    @property
    def missing_before(self) -> datetime | None: ...


class Rows(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    rows: tuple[Row, ...]
    way: Way
    exact: bool
    """Else medians and percentiles are within 1 % of their value; everything else is exact in any case."""
    missing_before: datetime | None
    """Where not None, events before it have expired and no sums of them are kept that answer this: it is without them.
    """


def found_by(*answers: Found) -> dict[str, Any]:
    """How an answer was found that these were put together for: its `way`, `exact` and `missing_before`."""
    ways: list[Way] = [answer.way for answer in answers]
    missing = [answer.missing_before for answer in answers if answer.missing_before is not None]
    return {
        "way": ways[0] if len(set(ways)) == 1 else "rollups and raw",
        "exact": all(answer.exact for answer in answers),
        "missing_before": max(missing, default=None),
    }
