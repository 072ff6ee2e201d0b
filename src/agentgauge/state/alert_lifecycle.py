"""What happens to an alert, decided from how it stands: no clock, no database.

opened -> [escalated | reminded]... -> acknowledged -> [escalated] -> resolved

found      a condition that stands for nothing yet opens an alert. While one is open its severity only rises
           (`escalated`, and whoever acknowledged it has to do so again), and nobody's is told of again (`reminded`)
clear      found to be over so many times in a row it is `resolved` by itself, and found later it is a new alert
resolved   by a person while the condition holds it stays quiet (`quieted`), until it is worse than when it was
           resolved or the interval of reminders is over: then it is `reopened`. Once it was over it is a new alert
undone     the last act of a person, while nothing but time has passed since
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

Status = Literal["active", "acknowledged", "resolved"]
Severity = Literal["critical", "error", "warning", "info"]
StepKind = Literal["opened", "escalated", "reminded", "acknowledged", "resolved", "reopened", "undone", "quieted"]
_BAD: dict[Severity, int] = {"info": 0, "warning": 1, "error": 2, "critical": 3}


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How the alerts of a rule are treated."""

    remind_after: timedelta | None = None
    """None: never."""
    clear_after: int = 1
    """Evaluations in a row that must find a condition over."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the alert about a condition stands that was not over since."""

    status: Status
    severity: Severity
    told_at: datetime
    """When somebody was last to be told of it."""
    resolved_at: datetime | None
    is_quiet: bool = False
    """Resolved by a person, and found again since."""


class Happened(msgspec.Struct, frozen=True):
    """A step, as far as undoing it is concerned."""

    kind: StepKind
    actor: str | None
    """None: by itself."""


def worse(severity: Severity, than: Severity) -> bool:
    return _BAD[severity] > _BAD[than]


def when_found(standing: Standing | None, severity: Severity, at: datetime, terms: Terms) -> StepKind | None:
    """What a condition that is found to hold does to its alert; None: nothing but renewing its figures."""
    if standing is None:
        return "opened"
    is_worse = worse(severity, standing.severity)
    if standing.status != "resolved":
        if is_worse:
            return "escalated"
        return "reminded" if standing.status == "active" and _over(standing.told_at, at, terms) else None
    if is_worse or (standing.resolved_at is not None and _over(standing.resolved_at, at, terms)):
        return "reopened"
    return None if standing.is_quiet else "quieted"


def undoable(steps: Iterable[Happened]) -> Happened | None:
    """The act that undoing takes back, of all steps of an alert in their order; None: there is none."""
    acts: list[Happened] = []
    for step in steps:
        match step.kind:
            case "acknowledged" | "resolved" if step.actor is not None:
                acts.append(step)
            case "undone":
                acts = acts[:-1]
            case "reminded" | "quieted":
                pass
            case _:
                acts = []
    return acts[-1] if acts else None


def _over(since: datetime, at: datetime, terms: Terms) -> bool:
    return terms.remind_after is not None and at - since >= terms.remind_after
