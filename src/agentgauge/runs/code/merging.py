"""A change of code that was merged, as a mark in the stream: by it, merged changes have a cost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agentgauge.events import marks
from agentgauge.recorder import Gauge


def record_change_merged(
    gauge: Gauge,
    change: str | int,
    *,
    issue: str | int | None = None,
    ticket: str | int | None = None,
    run: str | None = None,
    session: str | None = None,
    project: str | None = None,
    commit_sha: str | None = None,
    at: datetime | None = None,
    attributes: dict[str, Any] | None = None,
) -> None:
    """Record that `change`, a merge or pull request or a commit by its id, was merged.

    The issue, ticket, run or session says whose work it is, where the scope of now does not. Recorded again for the
    same project it lands once, so a CI job may be run twice.
    """
    own = {"change": str(change)} | ({} if commit_sha is None else {"commit_sha": commit_sha})
    gauge.mark(
        marks.CHANGE_MERGED,
        success=True,
        at=at,
        source_id=f"change:{project or _project_of(gauge)}:{change}",
        attributes={**(attributes or {}), **own},
        issue=issue,
        ticket=ticket,
        run=run,
        session=session,
        project=project,
    )


def _project_of(gauge: Gauge) -> str:
    return (gauge.settings.project if gauge.settings is not None else None) or ""
