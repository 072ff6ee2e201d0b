"""The tail: what the journal holds and the lake does not, which every snapshot reads anew."""

from __future__ import annotations

from collections.abc import Mapping

from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.ends import SegmentEnds
from agentgauge.lake.blanking import blanked_mark
from agentgauge.lake.plan import PlanDirectory
from agentgauge.settings import Home


class JournalTail:
    """Of one home. Not safe for threads."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._plans = PlanDirectory(home.root / "plans")
        self._ends = SegmentEnds(JournalDirectory(home.root))
        self.forgotten = b""
        """Changes whenever bytes of the journal are overwritten, so that what they said is gone."""

    def ends(self) -> Mapping[str, int]:
        """How far each segment has been written, by its file's name."""
        forgotten = blanked_mark(self._home)
        if forgotten != self.forgotten:
            self._ends.forget()
            self.forgotten = forgotten
        return self._ends.look(self._covered)

    def bytes(self) -> int:
        """Bytes of lines that have not landed. A batch that is landing counts as landed."""
        covered, ends = self._covered(), self.ends()
        return sum(max(end - (covered.get(name) or self._ends.start(name)), 0) for name, end in ends.items())

    def _covered(self) -> Mapping[str, int]:
        plan = next(self._plans.newest_first(), None)
        return plan.covered if plan is not None else {}
