"""An axis of time on which little is drawn for long pauses: where on it a time is, in percent of its width.

A pause in which nothing went on is cut where it is longer than 30 seconds and than a seventh of all the time that is
left without it, the longest first and 12 at most. What is left has one scale.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

import msgspec

from agentgauge.service import short_wording

_SHORTEST_CUT = timedelta(seconds=30)
_MOST_CUTS = 12
_CUT_WIDTH = 2.0
_STEPS_MS = (
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000,
    2_419_200_000,
)  # fmt: skip
_MOST_TICKS = 8
_LETTER = 1.6
"""Percent of the width that a letter of a label needs, where the axis is narrow."""
_LAST = 95.0
"""Percent beyond which no label has room."""
_MILLISECOND = timedelta(milliseconds=1)

Span = tuple[datetime, datetime]


class Tick(msgspec.Struct, frozen=True):
    at: float
    label: str


class Cut(msgspec.Struct, frozen=True):
    """A pause that was shortened."""

    at: float
    width: float
    label: str


class TimeAxis(msgspec.Struct, frozen=True):
    start: datetime
    end: datetime
    stretches: tuple[tuple[datetime, datetime, float, float], ...]
    """What has the scale: from and to when, and where on the axis."""
    cuts: tuple[Cut, ...]
    ticks: tuple[Tick, ...]

    def at(self, time: datetime) -> float:
        """Percent of the width, within 0-100."""
        place = 0.0
        for start, end, left, right in self.stretches:
            if time < start:
                return place if place == 0.0 else (place + left) / 2
            if time <= end:
                return left if end == start else left + (right - left) * ((time - start) / (end - start))
            place = right
        return place


def time_axis(spans: Iterable[Span], zone: tzinfo) -> TimeAxis | None:
    """Of what went on; None of nothing."""
    busy = _merged(sorted(spans))
    if not busy:
        return None
    start, end = busy[0][0], busy[-1][1]
    cut = _cut(busy, end - start)
    stretches = _stretches(busy, cut)
    left = sum(((to - since) for since, to in stretches), timedelta())
    width = _CUT_WIDTH if left else 100 / max(len(cut), 1)
    per_ms = (100 - width * len(cut)) / (left / _MILLISECOND) if left else 0.0
    placed, place = [], 0.0
    for since, to in stretches:
        right = place + (to - since) / _MILLISECOND * per_ms
        placed.append((since, to, place, right))
        place = right + width
    cuts = tuple(
        Cut(before[3], width, short_wording.duration((after[0] - before[1]) / _MILLISECOND))
        for before, after in itertools.pairwise(placed)
    )
    ticks = _clock_ticks(placed, zone) if cuts else _offsets(start, end)
    return TimeAxis(start, end, tuple(placed), cuts, ticks)


def _merged(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _cut(busy: Sequence[Span], length: timedelta) -> set[datetime]:
    """Where the pauses begin that are cut."""
    pauses = sorted(((after[0] - before[1], before[1]) for before, after in itertools.pairwise(busy)), reverse=True)
    found: set[datetime] = set()
    for pause, since in pauses[:_MOST_CUTS]:
        if pause < _SHORTEST_CUT or pause * 7 < length - pause:
            break
        found.add(since)
        length -= pause
    return found


def _stretches(busy: Sequence[Span], cut: set[datetime]) -> list[Span]:
    found: list[Span] = []
    since = busy[0][0]
    for at, (_, end) in enumerate(busy):
        if end in cut:
            found.append((since, end))
            since = busy[at + 1][0]
    return [*found, (since, busy[-1][1])]


def _offsets(start: datetime, end: datetime) -> tuple[Tick, ...]:
    length = (end - start) / _MILLISECOND
    if length <= 0:
        return (Tick(0.0, "0 s"),)
    step = next((one for one in _STEPS_MS if length / one <= _MOST_TICKS), length / _MOST_TICKS)
    return tuple(Tick(at * step / length * 100, _offset(at * step)) for at in range(int(length / step) + 1))


def _offset(ms: float) -> str:
    """`0 s`, `250 ms`, `2.5 s`, `3 m`, `3 m 20 s`, `2 h 30 m`: without what is zero."""
    if 0 < ms < 1000:
        return f"{ms:g} ms"
    if ms < 60_000:
        return f"{ms / 1000:g} s"
    parts = ((ms // 86_400_000, "d"), (ms // 3_600_000 % 24, "h"), (ms // 60_000 % 60, "m"), (ms // 1000 % 60, "s"))
    return " ".join(f"{value:g} {unit}" for value, unit in parts if value)


def _clock_ticks(placed: Sequence[tuple[datetime, datetime, float, float]], zone: tzinfo) -> tuple[Tick, ...]:
    """Where stretches begin and round times in them, by the clock; with the day where it is another than before."""
    left = sum((to - since) / _MILLISECOND for since, to, *_ in placed)
    step = next((one for one in _STEPS_MS if left / one <= _MOST_TICKS), left)
    found: list[Tick] = []
    day = None
    for since, to, begin, end in placed:
        for time in (since, *_round_times(since, to, step)):
            at = begin if to == since else begin + (end - begin) * ((time - since) / (to - since))
            if (found and at - found[-1].at < (len(found[-1].label) + 1) * _LETTER) or at > _LAST:
                continue
            local = time.astimezone(zone)
            clock = f"{local:%H:%M}" if step >= 60_000 else f"{local:%H:%M:%S}"
            found.append(Tick(at, clock if local.date() == day else f"{local.day} {local:%b} {clock}"))
            day = local.date()
    return tuple(found)


def _round_times(since: datetime, to: datetime, step_ms: float) -> Iterator[datetime]:
    """Whole steps after the hour zero of UTC."""
    if step_ms <= 0:
        return
    step = timedelta(milliseconds=step_ms)
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    time = midnight + step * (int((since - midnight) / step) + 1)
    while time <= to:
        yield time
        time += step
