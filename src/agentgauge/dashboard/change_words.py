"""How a change reads on a tile: its arrow, its share and whether it is good; `no change` where the test shows none."""

from __future__ import annotations

import math

from agentgauge.dashboard.page import PageAsked
from agentgauge.service import short_wording
from agentgauge.service.reports.changes import Change, Changes

NO_CHANGE = "no change shown"


def tile_change(change: Change, of: Changes, asked: PageAsked) -> dict[str, object]:
    """The fields of a tile that tell of a change; none where there is nothing to compare with."""
    against = f"vs previous {asked.filters.words()}" if asked.filters.start is None else "vs the time before"
    if of.recorded_since is not None or math.isnan(change.p_adjusted):
        return {}
    if not change.is_shown or math.isnan(change.relative):
        return {"change": NO_CHANGE, "against": against}
    tone = "plain" if change.name == "tasks" else "good" if change.verdict == "better" else "bad"
    return {
        "change": short_wording.percent(abs(change.relative)),
        "rises": change.relative > 0,
        "tone": tone,
        "against": against,
    }
