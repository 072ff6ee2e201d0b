"""How a change reads beside its figure: its share, which way, and whether that is good; `no change shown` where the
test shows none.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from agentgauge.service import short_wording
from agentgauge.service.reports.changes import Change, Changes

NO_CHANGE = "no change shown"
Tone = Literal["plain", "good", "bad"]


class ChangeWords(msgspec.Struct, frozen=True):
    text: str
    """`14.8 %`, of a rate `2.1 points`, without a sign: `rises` has it."""
    rises: bool | None = None
    """None where no change is shown."""
    tone: Tone = "plain"


def change_words(change: Change, of: Changes) -> ChangeWords | None:
    """None where there is nothing to compare with."""
    if of.recorded_since is not None or math.isnan(change.p_adjusted):
        return None
    if not change.is_shown or math.isnan(change.relative):
        return ChangeWords(NO_CHANGE)
    tone: Tone = "plain" if change.name == "tasks" else "good" if change.verdict == "better" else "bad"
    return ChangeWords(_size(change), change.relative > 0, tone)


def _size(change: Change) -> str:
    """A ratio moves by points: 80 % more of a rate would be read as a rate."""
    if change.unit == "1" and isinstance(change.before, float) and isinstance(change.after, float):
        return f"{abs(change.after - change.before) * 100:.1f} points"
    return short_wording.percent(abs(change.relative))
