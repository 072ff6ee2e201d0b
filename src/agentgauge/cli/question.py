"""What a question about a part of the events begins with: which part, of which home, by which clocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from agentgauge.cli import wording
from agentgauge.cli.homes import note_absent
from agentgauge.cli.zones import reading_zone
from agentgauge.engines import Engine, Filter
from agentgauge.meter import Meter
from agentgauge.service.filters import parse_filters
from agentgauge.service.recorded import check_recorded
from agentgauge.service.window import Window, parse_window
from agentgauge.settings import get_settings


@dataclass(frozen=True)
class Question:
    """The options that such commands share, understood; the engine answers while the question is open."""

    meter: Meter
    engine: Engine
    window: Window
    filters: tuple[Filter, ...]
    now: datetime
    zone_name: str
    zone: tzinfo
    where: Sequence[str]
    """The filters as they were written."""

    def check_recorded(self, by: Sequence[str] = (), window: Window | None = None) -> None:
        """Raises `QueryError` where nothing recorded has what the conditions, or dimensions, name."""
        check_recorded(self.engine, window or self.window, self.filters, by)

    @property
    def part(self) -> str:
        """Which part of the events the answer is of, for the screen; empty where it is of all."""
        return f"where {', '.join(self.where)}" if self.where else ""

    @property
    def about(self) -> str:
        """Which events the answer is of, for the screen."""
        window = f"{wording.window(self.window.start, self.window.end, self.zone)} ({self.zone_name})"
        return f"{window}, {self.part}" if self.part else window


@contextmanager
def question(
    since: str | None,
    until: str | None,
    where: Sequence[str] | None,
    tz: str | None,
    home: str | None,
    *,
    agent: str | None = None,
    role: str | None = None,
) -> Iterator[Question]:
    """Raises `QueryError` for options that cannot be understood, before anything is read."""
    named = {name: value for name, value in (("agent", agent), ("role", role)) if value}
    now = datetime.now(UTC)
    zone_name, zone = reading_zone(tz)
    window, filters = parse_window(since, until, zone, now), parse_filters(where or ())
    filters += tuple(Filter(name, "=", value) for name, value in named.items())
    written = (*(where or ()), *(f"{name}={value}" for name, value in named.items()))
    meter = Meter(get_settings(home))
    note_absent(meter.settings.home)
    with meter.engine() as engine:
        yield Question(meter, engine, window, filters, now, zone_name, zone, written)
