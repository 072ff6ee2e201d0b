"""How a change reads on a tile: what it is compared with, beside what `service.change_wording` says of it."""

from __future__ import annotations

from agentgauge.dashboard.page import PageAsked
from agentgauge.service.change_wording import change_words
from agentgauge.service.reports.changes import Change, Changes


def tile_change(change: Change, of: Changes, asked: PageAsked) -> dict[str, object]:
    """The fields of a tile that tell of a change; none where there is nothing to compare with."""
    words = change_words(change, of)
    if words is None:
        return {}
    against = f"vs previous {asked.filters.words()}" if asked.filters.start is None else "vs the time before"
    return {"change": words.text, "rises": words.rises, "tone": words.tone, "against": against}
