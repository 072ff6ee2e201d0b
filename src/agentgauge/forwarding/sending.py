"""Sending one segment: from where the server is to the end of what is here.

Whatever the server answers about bytes is settled here. Where it cannot be, the segment is `Held` with what to do, and
others go on:

    the server has less than was sent      it is sent again from there: the segment is here until it is closed
    a line was read half written           it is read again; the last one of a live segment in the next pass
    a line is damaged                      NULs are sent instead, and it is counted
    a line breaks a rule of the server     the same
    the key is for other projects, or the server older than the line       held, from that line on
    the server has other bytes there       `Diverged`: what it does not have goes on as another segment
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from agentgauge.forwarding.outgoing import Content, Outgoing, events_in
from agentgauge.forwarding.wire import Elsewhere, LineRefused, NotNow, Wire
from agentgauge.journal import layout
from agentgauge.journal.scanner import next_whole

_TURNS = 4
"""How often a server may say that it has less than a moment ago, of one segment in one pass."""
_OF_THE_KEY = ("foreign project: ", "missing project: ")
_OF_THE_VERSION = "no line of a journal that this server reads"


class Held(Exception):
    """A segment cannot be sent until somebody does something; the message says what."""


class Diverged(Exception):
    """The server has other bytes of a segment than are here, or takes no more of it."""


class Sent(msgspec.Struct):
    """What became of a segment in one pass."""

    end: int
    """Bytes from its beginning that the server has."""
    events: int = 0
    bytes: int = 0
    losses: Counter[str] = msgspec.field(default_factory=Counter)
    done: bool = False
    """The server has all that there will ever be of it here."""


def send(wire: Wire, segment: Outgoing, sent: Sent, on_sent: Callable[[int], object], *, closes: bool) -> None:
    """Send from byte `sent.end` on, telling `sent` and `on_sent` (bytes) of each range as it is acknowledged.

    With `closes` a dead segment ends on the server too: not one of a copied home, whose original may still be written.
    Raises `NotNow`, `Held`, `Diverged`, OSError.
    """
    _Sending(wire, segment, sent, on_sent, closes).run()


class _Sending:
    def __init__(
        self, wire: Wire, segment: Outgoing, sent: Sent, on_sent: Callable[[int], object], closes: bool
    ) -> None:
        self._closes = closes
        self._wire = wire
        self._segment = segment
        self._sent = sent
        self._on_sent = on_sent
        self._losses: dict[int, str] = {}
        """By the byte where NULs stand in place of a line."""

    def run(self) -> None:
        header, sent = self._segment.header, self._sent
        if header is None:
            raise Diverged("its header is damaged")
        content = self._segment.content(sent.end)
        until, turns = content.end, 0
        while True:
            if self._segment.dead and sent.end > content.end:
                raise Diverged(f"the server has more of {header.segment} than is here")
            piece = content.piece(sent.end)[: until - sent.end]
            last = self._segment.dead and sent.end + len(piece) == content.end
            if not piece and not last:
                return
            try:
                end = self._wire.put(header.journal, header.segment, sent.end, piece, closed=last and self._closes)
            except LineRefused as refused:
                if refused.start > sent.end or self._is_unfinished(content, refused):  # what stands in front of it
                    until = min(until, refused.start)
                else:
                    self._mend(content, refused)
            except Elsewhere as elsewhere:
                turns += 1
                if elsewhere.end >= sent.end or turns > _TURNS:
                    raise Diverged(str(elsewhere)) from elsewhere
                sent.end = elsewhere.end
                content = self._segment.content(sent.end)
                until = content.end
            else:
                self._acknowledged(piece, end)
                until = content.end
                if last:
                    sent.losses["torn record"] += content.torn
                    sent.done = True
                    return

    def _acknowledged(self, piece: bytes, end: int) -> None:
        sent = self._sent
        sent.events += events_in(piece)
        sent.bytes += len(piece)
        sent.end = max(end, sent.end + len(piece))  # where another process has sent more meanwhile
        for at in [at for at in self._losses if at < sent.end]:
            sent.losses[self._losses.pop(at)] += 1
        self._on_sent(len(piece))

    def _is_unfinished(self, content: Content, refused: LineRefused) -> bool:
        """Whether it may still be being written: nothing stands behind it. A writer can be stopped half way."""
        if self._segment.dead or not self._sent.end == refused.start < refused.end == content.end:
            return False
        return not layout.is_whole(content.data[refused.start - content.start :])

    def _mend(self, content: Content, refused: LineRefused) -> None:
        """Read what was refused again, or put NULs in its place."""
        start, end = refused.start, refused.end
        if not self._sent.end == start < end <= content.end:
            raise NotNow(f"the server refused bytes {start}-{end}, which were not sent: {refused}")
        line = content.data[start - content.start : end - content.start]
        again = self._segment.bytes_at(start, end)
        if again != line:
            content.put(start, again)
            return
        damaged = next_whole(line)  # a line whose newline was lost takes the next one with it
        if layout.is_whole(line):
            self._check_lasting(line, str(refused))
            damaged = len(line)
        self._losses[start] = _reason(line)
        content.put(start, bytes(damaged))

    def _check_lasting(self, line: bytes, said: str) -> None:
        """Raises `Held` where the line is right, and could be taken with another key or by another server."""
        if said.startswith(_OF_THE_KEY):
            raise Held(f"the key may not record what is in it ({said}): use a key for that project")
        if said.startswith(_OF_THE_VERSION) or line.startswith(layout.HEADER_OPENING):
            raise Held(f"the server does not take it ({said}): update the server")


def _reason(line: bytes) -> str:
    if layout.is_whole(line):
        return "refused by the server"
    return "torn record" if b"\0" in line else "corrupt record"
