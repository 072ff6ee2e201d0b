"""Model calls on their way into the view, summed by whom they belong to.

They are what a run has most of, and a fold takes them in any order and only for their sums. So they are summed as they
were kept, without an `Event` for each, which would take as long as recording them.
"""

from __future__ import annotations

from agentgauge.events.event import from_micros
from agentgauge.recorder.entry import Kept
from agentgauge.runs.fold import RunFold
from agentgauge.runs.tallies import Share

_Owner = tuple[str | None, str | None, str | None]


class CallSums:
    def __init__(self) -> None:
        self._shares: dict[_Owner, tuple[Share, int]] = {}

    def add(self, kept: Kept) -> None:
        """Take a model call of the run in."""
        items, members = kept.scope.items, kept.members
        parent = members.get("parent_id") or items.get("parent_id")
        owner = items.get("issue"), parent, items.get("project")
        share, last = self._shares.get(owner) or (Share(), 0)
        share.usage.add_members(members)
        self._shares[owner] = share, max(last, kept.micros)

    def apply_to(self, fold: RunFold) -> None:
        for (issue, parent, project), (share, last) in self._shares.items():
            share.touch(from_micros(last))
            fold.apply_share(share, issue, parent, project)
