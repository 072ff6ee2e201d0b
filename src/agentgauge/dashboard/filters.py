"""What part of the events a page is about: a range of time, and names. It is in the address, and in every link.

    ?range=7d&agent=coder&model=gpt-5&tz=Europe/Berlin
    ?start=2026-11-01&end=2026-11-07            instead of a range: whole days, or times

A name may be given several times: any of them. Parameters that are as they are by default are left out of links, so
that the address of a page is as short as what it shows is plain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agentgauge.api.beyond.question import Moment, Words, Zone, naming
from agentgauge.engines import Filter
from agentgauge.engines.time_buckets import Width, zone_named
from agentgauge.errors import QueryError
from agentgauge.service.window import Window, parse_window

Range = Literal["1h", "24h", "7d", "30d", "90d", "all"]
RANGES: dict[Range, tuple[str, timedelta | None]] = {
    "1h": ("1 hour", timedelta(hours=1)),
    "24h": ("24 hours", timedelta(hours=24)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
    "all": ("Everything", None),
}
NAMES = ("project", "agent", "role", "model")
"""The columns that any page can be filtered by."""
_CARRIED = ("range", "start", "end", *NAMES, "tz")
_LATELY = timedelta(days=3)
_FINEST: tuple[tuple[timedelta, Width], ...] = (
    (timedelta(hours=6), "15min"),
    (timedelta(days=3), "hour"),
    (timedelta(days=130), "day"),
    (timedelta(days=900), "week"),
)
Csv = Annotated[str | None, Field(max_length=64, pattern=r"^[a-z0-9-]+$")]


class PageFilters(BaseModel):
    """The parameters of every page; a page may add its own, which only its own links carry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    range: Range = "30d"
    start: Moment | None = None
    end: Moment | None = None
    project: Words = ()
    agent: Words = ()
    role: Words = ()
    model: Words = ()
    tz: Zone = "UTC"
    sort: Annotated[str, Field(max_length=128, pattern=r"^[a-z0-9-]+:-?[a-z0-9_]+$")] | None = None
    """`card:column`, `card:-column` descending."""
    rows: Csv = None
    """A card of which all rows are wanted, however many there are."""
    csv: Csv = None
    """A card whose table is wanted as CSV instead of the page."""
    svg: Csv = None
    """A card whose chart is wanted as a picture instead of the page."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Any) -> Any:
        """A form that no script has trimmed sends its empty fields too: they ask for nothing."""
        if not isinstance(given, dict):
            return given
        lists = {name: [one for one in value if one != ""] for name, value in given.items() if isinstance(value, list)}
        return {name: value for name, value in (given | lists).items() if value not in ("", [])}

    def zone(self) -> tzinfo:
        """Raises `QueryError`."""
        with naming("tz"):
            return zone_named(self.tz)

    def window(self, now: datetime) -> Window:
        """Raises `QueryError`."""
        if self.start is not None or self.end is not None:
            with naming("start"):
                return parse_window(self.start, self.end, self.zone(), now)
        length = RANGES[self.range][1]
        return Window(None if length is None else now - length, None)

    def recorded(self, now: datetime, first: datetime | None) -> Window:
        """The window, from where recording began in it: from the day of the `first` event there is, or its hour where
        that was lately. Nothing is left out, and courses are not drawn over time before there was anything.
        """
        window = self.window(now)
        if first is None or window.start is None or first <= window.start:
            return window
        began = first.astimezone(self.zone()).replace(minute=0, second=0, microsecond=0)
        if now - first > _LATELY:
            began = began.replace(hour=0)
        start = max(began.astimezone(UTC), window.start)
        return window if window.end is not None and start >= window.end else Window(start, window.end)

    def previous(self, now: datetime) -> Window | None:
        """As long as the window, and before it; None of a window without a start."""
        window = self.window(now)
        if window.start is None:
            return None
        try:
            return Window(window.start - ((window.end or now) - window.start), window.start)
        except OverflowError:
            raise QueryError("the range is longer than the time before it", field="start") from None

    def width(self, now: datetime, first: datetime | None = None) -> Width:
        """Of the buckets that a course over the window has; `first`: where what is recorded begins."""
        window = self.window(now)
        start = window.start if first is None else max(first, window.start or first)
        if start is None:
            return "month"
        length = (window.end or now) - start
        return next((width for longest, width in _FINEST if length <= longest), "month")

    def conditions(self, *without: str) -> tuple[Filter, ...]:
        """What events must meet, but for the columns `without`."""
        return tuple(
            Filter(name, "=", values[0]) if len(values) == 1 else Filter(name, "in", tuple(sorted(values)))
            for name in NAMES
            if name not in without and (values := getattr(self, name))
        )

    def of_projects(self, seen: Collection[str] | None) -> Collection[str] | None:
        """Those chosen, of those that may be seen. None: all, and what is of none."""
        if not self.project:
            return seen
        return [name for name in self.project if seen is None or name in seen]

    def words(self) -> str:
        """The range in words: `30 days`, `2026-11-01 to 2026-11-07`."""
        if self.start is None and self.end is None:
            return RANGES[self.range][0].lower()
        start, end = ((moment or "").replace("T", " ") for moment in (self.start, self.end))
        return f"{start or 'the first event'} to {end or 'now'}"

    def on_clocks(self, moment: datetime | None) -> str:
        """A time as a field for one takes it, by the clocks of the zone; empty where there is none."""
        return "" if moment is None else f"{moment.astimezone(self.zone()):%Y-%m-%dT%H:%M}"

    def link(self, path: str, **changes: Any) -> str:
        """The address of another page with the filters of this one, changed; None and () leave one out."""
        return _address(path, self._given(_CARRIED) | changes)

    def here(self, path: str, **changes: Any) -> str:
        """The address of this page, changed."""
        own = [name for name in type(self).model_fields if name not in ("csv", "svg")]
        return _address(path, self._given(own) | changes)

    def hidden(self, *without: str) -> Iterator[tuple[str, str]]:
        """What a form of this page has to send besides what is chosen in it: names and values."""
        for name, value in self._given([name for name in type(self).model_fields if name not in without]).items():
            for one in value if isinstance(value, tuple) else (value,):
                yield name, str(one)

    def _given(self, names: Sequence[str]) -> dict[str, Any]:
        fields = type(self).model_fields
        return {name: value for name in names if (value := getattr(self, name)) != fields[name].default}


def _address(path: str, given: dict[str, Any]) -> str:
    pairs = [
        (name, str(one))
        for name, value in given.items()
        if value is not None
        for one in (value if isinstance(value, (tuple, list)) else (value,))
    ]
    return quote(path, safe="/%:@") + (f"?{urlencode(pairs)}" if pairs else "")
