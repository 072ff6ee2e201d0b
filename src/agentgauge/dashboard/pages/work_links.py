"""Where the page of what an event belongs to is: its operation, and its run, session or ticket."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.runs_links import task_link, work_link
from agentgauge.service.records.work import WorkKind
from agentgauge.service.reports.feedback import Interaction
from agentgauge.service.reports.origins import Origin
from agentgauge.service.unpriced_calls import Unpriced


def entity_link(asked: PageAsked, kind: Literal["agent", "role"], name: str) -> str:
    """The page of an agent or a role, whatever is in its name."""
    return asked.link(f"/{kind}s/{quote(name, safe='')}")


def named(column: str, name: str | None) -> dict[str, str]:
    """What the page of runs is asked for what names this in a column, or none."""
    return {"without": column} if name is None else {column: name}


def unpriced_link(asked: PageAsked, row: Unpriced, **window: str) -> str:
    """The calls without a price that a row is of, which may name no provider."""
    absent = tuple(column for column in ("model", "provider") if getattr(row, column) is None)
    return asked.link(
        "/runs", view="calls", priced="no", model=row.model, provider=row.provider, without=absent, **window
    )


_PLACES: tuple[WorkKind, ...] = ("run", "session", "ticket")


def interaction_link(asked: PageAsked, interaction: Interaction) -> str:
    """The page of what a score is about."""
    if interaction.kind == "operation":
        return task_link(asked, interaction.name)
    return work_link(asked, interaction.kind, interaction.name, interaction.project)


def origin_links(asked: PageAsked, origin: Origin | None) -> tuple[str | None, str | None, str | None]:
    """What an event belongs to in words, the page of that, and the page of its operation; each None where there is
    none.
    """
    if origin is None:
        return None, None, None
    own = None if origin.operation is None else task_link(asked, origin.operation)
    for kind in _PLACES:
        name = getattr(origin, kind)
        if name is not None:
            return f"{kind} {name}", work_link(asked, kind, name, origin.project), own
    return ("its operation" if own else None), own, own
