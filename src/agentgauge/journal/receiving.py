"""The journal of a server: lines that others sent, kept or refused while whoever sent them still waits.

A recorder drops and counts what it has no place for. Here the sender has the events still, so nothing is counted: the
error goes back, and what was acknowledged is never among it.
"""

from __future__ import annotations

import errno

from agentgauge.interruption import is_interruption
from agentgauge.journal.segment import Segment
from agentgauge.journal.series import JournalFull
from agentgauge.journal.writer import Journal


class ReceivingJournal(Journal):
    syncs_refused = 0
    """How often the disk refused a sync. A later sync that succeeds says nothing of what was written before."""

    def append_lines(self, lines: bytes, count: int) -> None:
        """Write `count` framed lines, all or none of them.

        Raises OSError with what the disk said, and `JournalFull`.
        """
        with self._lock:
            try:
                if self._closed:
                    raise OSError(errno.EBADF, "the journal is closed")
                try:
                    self._write(lines)
                except ValueError:  # no segment is open, or it has too little room left
                    self._open_segment(lines)
            except (OSError, JournalFull):
                self._not_written += count
                raise
        if not self._flusher.armed:
            self._flusher.arm()

    def _count_unsynced(self, segment: Segment, error: OSError) -> bool:
        if not is_interruption(error):
            self.syncs_refused += 1
        return super()._count_unsynced(segment, error)
