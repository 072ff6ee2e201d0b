"""What is done about alerts and their rules: as the API does it, by who may, with the version that was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from agentgauge.dashboard.acts import Act, Acting, Done, Given, Undoing
from agentgauge.policies.alerts.checking import rule_from
from agentgauge.state.alert_steps import ITSELF
from agentgauge.state.alerts import Alert, AlertBook, Severity


class OfAlert(Given):
    alert_id: int
    version: int | None = None
    """What was seen; something else may have happened since."""


class OfRule(Given):
    rule: str
    version: int


class Switched(OfRule):
    enabled: Literal["yes", "no"]


class ChangedRule(OfRule):
    """What a type of rules has no use for is not sent; what was left empty is none."""

    threshold: float | None = None
    clear_threshold: float | None = None
    clear_after: int | None = None
    window_hours: int | None = None
    min_samples: int | None = None
    remind_after_hours: int | None = None
    severity: Severity | None = None


def _decides(do: Callable[..., Alert], words: str) -> Callable[[Acting, OfAlert], Done]:
    def does(acting: Acting, given: OfAlert) -> Done:
        alert = _done(do, acting, given)
        undo = Undoing(UNDO, {"alert_id": alert.id}, {"version": alert.version})
        return Done(words.format(id=alert.id), undo=undo)

    return does


def _undo(acting: Acting, given: OfAlert) -> str:
    alert = _done(AlertBook.undo, acting, given)
    return f"Taken back: alert {alert.id} is {alert.status}."


def _done(do: Callable[..., Alert], acting: Acting, given: OfAlert) -> Alert:
    book, who = AlertBook(acting.runtime.state), acting.principal
    return do(book, given.alert_id, who.name, acting.now, who.projects, version=given.version)


def _switch(acting: Acting, given: Switched) -> str:
    enabled = given.enabled == "yes"
    _change(acting, given, {"enabled": enabled})
    if enabled:
        return f"Rule {given.rule} is on: it is evaluated with the next full hour."
    return f"Rule {given.rule} is off: its open alerts resolve at the next evaluation."


def _edit(acting: Acting, given: ChangedRule) -> str:
    rule = acting.runtime.alerting.get(given.rule)
    has = {
        "threshold": rule.kind.unit is not None,
        "clear_threshold": rule.kind.has_clear_threshold,
        "window_hours": rule.kind.has_window,
        "min_samples": rule.kind.has_samples,
    }
    fields = given.model_dump(exclude={"rule", "version"})
    _change(acting, given, {name: value for name, value in fields.items() if has.get(name, True) or value is not None})
    return f"Rule {given.rule} is changed: it holds from the next evaluation on."


def _change(acting: Acting, given: OfRule, fields: Mapping[str, Any]) -> None:
    alerting = acting.runtime.alerting
    rule = rule_from(given.rule, fields, alerting.get(given.rule))
    alerting.replace(rule, acting.principal.name, acting.now, version=given.version)


def _reset(acting: Acting, given: OfRule) -> str:
    acting.runtime.alerting.delete(given.rule, acting.principal.name, acting.now, version=given.version)
    return f"What was changed of rule {given.rule} is taken back."


ACKNOWLEDGE = Act(
    path="/alerts/{alert_id}/acknowledge",
    given=OfAlert,
    does=_decides(AlertBook.acknowledge, "Alert {id} is acknowledged."),
)
RESOLVE = Act(
    path="/alerts/{alert_id}/resolve",
    given=OfAlert,
    does=_decides(AlertBook.resolve, "Alert {id} is resolved: it stays quiet while it gets no worse."),
)
UNDO = Act(path="/alerts/{alert_id}/undo", given=OfAlert, does=_undo)
SWITCH = Act(path="/alert-rules/{rule}/switch", given=Switched, does=_switch)
EDIT = Act(path="/alert-rules/{rule}", given=ChangedRule, does=_edit)
RESET = Act(
    path="/alert-rules/{rule}/reset",
    given=OfRule,
    does=_reset,
    question="Take back what was changed of this rule? A default is as it was; another rule is gone.",
)
OF_ALERTS: Mapping[str, Act] = {"acknowledge": ACKNOWLEDGE, "resolve": RESOLVE, "undo": UNDO}
"""By the names that `macros/alerts.html` has them by."""


def undoable(alert: Alert) -> bool:
    """Whether the last that happened is an act of a person, as far as its row tells: undoing decides."""
    if alert.status == "resolved":
        return alert.resolved_by != ITSELF
    return alert.status == "acknowledged"
