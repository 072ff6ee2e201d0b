"""A time in which a budget could not be checked and work went on: how it is counted, and said once in the stream.

What passes unchecked is counted in `gauge.health()` as altered, `budget not checked`: a block that is entered, a call,
and an event outside of a call that costs something, each once; the first is logged as a warning. The mark
`budget.unchecked`, one per outage, is what rules of alerts see: it is recorded when the outage is over, when the last
block of the budget ends, or after a minute, whichever comes first, with their number until then.
"""

from __future__ import annotations

from agentgauge.events.marks import BUDGET_UNCHECKED
from agentgauge.recorder.entry import Entry
from agentgauge.recorder.scope import Scope

REASON = "budget not checked"
LONG_S = 60.0
_REASON_CHARACTERS = 300


class Outage:
    def __init__(self, entry: Entry, scope: Scope, budget: str, reason: str, began: float) -> None:
        self._entry = entry
        self._scope = scope.guarded_by(())
        self._budget = budget
        self._reason = reason[:_REASON_CHARACTERS]
        self._began = began
        self._calls = 0
        self.is_told = False

    def add(self, entry: Entry) -> None:
        """A block, a call or a cost was not checked: counted where it is recorded, which may be another gauge's."""
        self._calls += 1
        entry.sink.count(
            "altered",
            REASON,
            f"budget {self._budget} is NOT ENFORCED, work goes on without it (fail_open): {self._reason}",
        )

    def is_long(self, now: float) -> bool:
        return now - self._began >= LONG_S

    def tell(self) -> None:
        if self.is_told:
            return
        self.is_told = True
        self._entry.values(
            "mark",
            self._scope,
            {},
            {"name": BUDGET_UNCHECKED},
            attributes={"budget": self._budget, "reason": self._reason, "calls": self._calls},
        )
