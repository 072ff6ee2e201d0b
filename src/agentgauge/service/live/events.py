"""One snapshot that many questions share, taken anew when there is something new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec

from agentgauge.engines import Engine
from agentgauge.meter import Meter


class Seen(msgspec.Struct, frozen=True):
    """The events as one question sees them."""

    engine: Engine
    version: str
    """Names the data: equal for equal data, in every process that reads this home."""
    as_of: datetime
    """When it was read; aware."""


class LiveEvents:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def version(self) -> str:
        """The version of the data that `reading` would give now, without reading it."""
        return ""

    @contextmanager
    def reading(self, *, fresh: bool = False) -> Iterator[Seen]:
        """The events, at most five seconds old; `fresh`: as of now. Raises `LakeError`."""
        as_of = datetime.now(UTC)
        with self._meter.engine() as engine:
            yield Seen(engine, self.version(), as_of)

    def close(self) -> None: ...
