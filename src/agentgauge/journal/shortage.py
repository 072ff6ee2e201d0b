"""While there is no room: how many events were dropped and why, kept where it outlives the process.

The count stands in the reserve of the last segment, which was allocated when there was room, and is written again with
each flush. The reserve has one line; what it cannot hold is told in a line of its own as soon as there is room for one.
"""

from __future__ import annotations

from agentgauge.interruption import is_interruption
from agentgauge.journal import layout
from agentgauge.journal.disk import FULL
from agentgauge.journal.losses import LossCounts
from agentgauge.journal.segment import Segment
from agentgauge.journal.series import JournalFull


class Shortage:
    """Of one journal, whose lock its callers hold. `last` is the journal's newest segment."""

    def __init__(self, losses: LossCounts) -> None:
        self.reason = ""
        """Why there is no room now; empty where there is."""
        self._losses = losses
        self._noted = 0
        self._unnoted = 0

    def drop(self, reason: str, detail: str, last: Segment | None) -> None:
        """Count an event for which there is no place, and say so, at first at once and then with each flush."""
        if reason != self.reason:
            if last is not None:  # its reserve has one line, which the new reason will take
                self._losses.tell_later(self.reason, self._noted)
                self._noted = 0
            self.end(last)
            self.reason = reason
        self._unnoted += 1
        self._losses.add("dropped", reason, detail, told=True)
        if self._noted + self._unnoted == 1:
            self.note(last)

    def note(self, last: Segment | None) -> None:
        """Say what was dropped: in the reserve, or, where there is none, in a line as soon as there is room for one."""
        if not self._unnoted:
            return
        dropped = self._noted + self._unnoted
        try:
            if last is not None:
                line = layout.loss_line(self._losses.line(self.reason, dropped))
                if last.note_loss(line):
                    self._noted, self._unnoted = dropped, 0
        except OSError as error:  # the line says it
            if is_interruption(error):
                raise
        self._losses.tell_later(self.reason, self._unnoted)
        self._unnoted = 0

    def end(self, last: Segment | None) -> None:
        """There is room again, or another reason why there is none."""
        self.note(last)
        self.reason, self._noted = "", 0


def reason_for(error: OSError | JournalFull) -> str:
    """Under which the events are counted that a segment which could not be made would have held."""
    if isinstance(error, JournalFull):
        return "journal full"
    return "disk full" if error.errno in FULL else "journal unavailable"
