"""What bytes of a journal have to be before a server makes them part of its own.

Whole lines with the checksum that their recorder gave them, each an event that keeps the rules and is of a project
that the sender may record into. NULs may stand between lines: what was never written, or what its sender blanked
because it was damaged or refused. Nothing else may, since readers of this journal would stumble over it: a line that
DuckDB cannot read would fail every question, so a name that stands twice in a line is refused as well.

Costs about 25 us per event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from agentgauge.errors import EventRefused, EventUnreadable, RangeRefused
from agentgauge.events import validation
from agentgauge.events.codec import decode_line
from agentgauge.events.event import from_micros
from agentgauge.journal import layout
from agentgauge.recorder.attributes import as_json

_NULS = re.compile(rb"\0+")
_CONTROL = re.compile(rb"[\x00-\x1f]")
_SEGMENT = re.compile(r"[0-9a-f]{12}-\d{6,12}")
_LARGEST = 1 << 53


class RangeRules:
    """Of one segment and one sender."""

    def __init__(
        self, journal: str, segment: str, projects: Collection[str] | None, default_project: str | None
    ) -> None:
        """`default_project` is what lines that name none will have."""
        self._journal = journal
        self._segment = segment
        self._projects = projects
        self._default_project = default_project

    def check(self, data: bytes, start: int) -> None:
        """Raise `RangeRefused` where `data`, which begins at byte `start` of the segment, is anything else."""
        if start == 0 and data.startswith(b"\0"):
            raise RangeRefused("a segment begins with its header", 0, 1)
        for at, line in _lines(data, start):
            try:
                self._check_line(line, is_first=at == 0)
            except (EventRefused, EventUnreadable) as error:
                raise RangeRefused(str(error), at, at + len(line)) from error

    def _check_line(self, line: bytes, *, is_first: bool) -> None:
        if len(line) > layout.LARGEST_LINE_BYTES:
            raise EventRefused("event too large", f"a line has at most {layout.LARGEST_LINE_BYTES} bytes")
        if not line.startswith(layout.CURRENT_OPENING) or _CONTROL.search(line, 0, len(line) - 1):
            raise EventUnreadable(
                "no line of a journal that this server reads; a newer agentgauge needs a newer server"
            )
        if not layout.is_whole(line):
            raise EventUnreadable("the checksum is wrong")
        if is_first or line.startswith(layout.HEADER_OPENING):
            self._check_header(line, is_first=is_first)
        elif line.startswith(layout.LOSS_OPENING):
            _check_loss(line)
        else:
            self._check_event(line)

    def _check_header(self, line: bytes, *, is_first: bool) -> None:
        header = layout.read_header(line)
        if header is None or not is_first:
            raise EventUnreadable("a segment begins with its header, which stands nowhere else")
        if header.journal != self._journal or header.segment != self._segment:
            raise EventUnreadable("the header is of another segment")
        smallest, largest = 2 * layout.BLOCK, 2 * layout.LARGEST_SEGMENT_BYTES
        if header.size and (header.size % layout.BLOCK or not smallest <= header.size <= largest):
            raise EventUnreadable("the header states a size that no segment has")

    def _check_event(self, line: bytes) -> None:
        _check_names(line)
        try:
            event = decode_line(line)
        except OverflowError as error:
            raise EventUnreadable("a time that no calendar has") from error
        validation.check(event)
        if event.attributes is not None:
            as_json(event.attributes)
        if event.segment is None or event.n is None or not 0 <= event.n < _LARGEST:
            raise EventUnreadable("an event has its segment and its number there")
        if not _SEGMENT.fullmatch(event.segment):
            raise EventUnreadable("the event is of no segment")
        if self._projects is None:
            return
        if (event.project or self._default_project) is None:
            raise EventRefused("missing project", "this key is for several projects: the event has to name one of them")
        if event.project is not None and event.project not in self._projects:
            raise EventRefused("foreign project", "project is none that this key may record into")


def _lines(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Each line with the byte of the segment where it begins."""
    position = 0
    while position < len(data):
        if nuls := _NULS.match(data, position):
            position = nuls.end()
            continue
        end = data.find(b"\n", position) + 1
        if not end:
            raise RangeRefused("a range ends with a whole line", start + position, start + len(data))
        yield start + position, data[position:end]
        position = end


def _check_loss(line: bytes) -> None:
    try:
        loss = layout.decode_loss(line)
        if not 0 <= loss.count < _LARGEST:
            raise EventUnreadable("a loss counts events")
        from_micros(loss.time)
    except (msgspec.MsgspecError, OverflowError) as error:
        raise EventUnreadable(f"not a loss: {error}") from error


def _check_names(line: bytes) -> None:
    def once(pairs: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in pairs}) < len(pairs):
            raise EventUnreadable("a name stands twice in the line")

    try:
        json.loads(line, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        if isinstance(error, EventUnreadable):
            raise
        raise EventUnreadable("no JSON") from error
