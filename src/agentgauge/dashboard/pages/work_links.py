"""Where the page of what an event belongs to is: its operation, and its run, session or ticket."""

from __future__ import annotations

from urllib.parse import quote

from agentgauge.dashboard.page import PageAsked
from agentgauge.service.reports.origins import Origin

_PAGES = (("run", "/runs"), ("session", "/sessions"), ("ticket", "/tickets"))


def work_link(asked: PageAsked, kind: str, name: str, project: str | None) -> str:
    """Of a run, session, ticket or operation, whenever it was; its project where it has one."""
    pages = {**dict(_PAGES), "operation": "/operations"}
    return asked.link(
        f"{pages[kind]}/{quote(name, safe='')}", range=None, start=None, end=None, agent=None, role=None, model=None,
        project=project,
    )  # fmt: skip


def origin_links(asked: PageAsked, origin: Origin | None) -> tuple[str | None, str | None, str | None]:
    """What an event belongs to in words, the page of that, and the page of its operation; each None where there is
    none.
    """
    if origin is None:
        return None, None, None
    own = None if origin.operation is None else work_link(asked, "operation", origin.operation, origin.project)
    for kind, _ in _PAGES:
        name = getattr(origin, kind)
        if name is not None:
            return f"{kind} {name}", work_link(asked, kind, name, origin.project), own
    return ("its operation" if own else None), own, own
