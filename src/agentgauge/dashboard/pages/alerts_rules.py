"""Rules of alerts: the table of them, and `/alert-rules/{rule}`, where one is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from agentgauge.dashboard.alert_acts import EDIT, RESET, SWITCH
from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Facts, Note, Own, Sentence
from agentgauge.dashboard.page import Page, PageAsked, path_of
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service.alerting import RuleInForce, Source
from agentgauge.service.wording import moment
from agentgauge.state.alerts import AlertBook
from agentgauge.state.job_runs import JobRun, JobRuns

_PATH = "/alert-rules/{rule}"
_SOURCES: dict[Source, str] = {"default": "default", "file": "alerts.toml", "http": "changed here"}
_JOBS = {"budget_overrun": "budgets"}
"""Of types that the job of all others does not evaluate."""
_ALL_OTHERS = "alert-rules"


def rules(asked: PageAsked) -> Iterator[Content]:
    found = asked.runtime.alerting.rules(asked.principal.projects)
    for problem in found.problems:
        yield Sentence(text=problem, tone="bad")
    opened = AlertBook(asked.runtime.state).open_by_rule(asked.principal.projects)
    runs = {job: JobRuns(asked.runtime.state).last(job, "succeeded") for job in (_ALL_OTHERS, *_JOBS.values())}
    links = {rule.name: asked.link(path_of(_PATH, {"rule": rule.name})) for rule in found.rules}
    rows = tuple(
        Row(
            values={
                "rule": rule.name, "what": rule.sentence, "source": _SOURCES[rule.source], "enabled": rule.enabled,
                "threshold": rule.threshold, "unit": rule.unit, "severity": rule.severity or "as found",
                "evaluated": _evaluated(rule, runs[_JOBS.get(rule.type, _ALL_OTHERS)]),
                "open": opened.get(rule.name, 0),
            },
            links={"rule": links[rule.name]},
        )
        for rule in found.rules
    )  # fmt: skip
    columns = (
        Column(key="rule", title="Rule", kind="name"),
        Column(key="what", title="Alerts of"),
        Column(key="threshold", title="Threshold", kind="number"),
        Column(key="unit", title="Unit"),
        Column(key="severity", title="Severity"),
        Column(key="source", title="From"),
        Column(key="evaluated", title="Last evaluated", kind="time"),
        Column(key="open", title="Open alerts", kind="count"),
        Column(key="enabled", title="On", kind="flag"),
    )
    table = Table(columns=columns, rows=rows, caption="Rules of alerts")
    values = {"rules": found.rules, "rows": rows, "links": links, "switch": SWITCH}
    yield Own(template="alerts/rules.html", values=values, table=table)
    yield Note(
        "Rules are evaluated once an hour, of the hour before; those about budgets within minutes too. "
        "Last evaluated is when the job that does so last succeeded, if the rule was then as it is now."
    )


def _evaluated(rule: RuleInForce, run: JobRun | None) -> datetime | None:
    """When a rule was last evaluated as it is now, by the last run of its job."""
    if run is None or not rule.enabled or (rule.updated is not None and rule.updated > run.started):
        return None
    return run.finished


def _rule(asked: PageAsked) -> RuleInForce:
    return asked.runtime.alerting.get(asked.at["rule"], asked.principal.projects)


def _check(asked: PageAsked) -> None:
    _rule(asked)


def _what(asked: PageAsked) -> Iterator[Content]:
    rule = _rule(asked)
    yield Sentence(text=f"{rule.sentence[:1].upper()}{rule.sentence[1:]}.")
    changed = () if rule.updated is None else (("Changed", f"{_when(asked, rule)} by {rule.updated_by}"),)
    yield Facts(
        (
            ("State", "on" if rule.enabled else "off"),
            ("From", _SOURCES[rule.source]),
            ("Type", rule.type),
            ("Told apart by", rule.by or "nothing: one condition"),
            ("Of", ", ".join(f"{name} {value}" for name, value in rule.filters.items()) or "everything recorded"),
            *changed,
        )
    )


def _when(asked: PageAsked, rule: RuleInForce) -> str:
    return f"{moment(rule.updated, asked.filters.zone())} ({asked.filters.tz})"


def _form(asked: PageAsked) -> Iterator[Content]:
    rule = _rule(asked)
    if rule.source == "file":
        yield Sentence(text="This rule is one of alerts.toml in the server's home: change it there.")
        return
    if not asked.may_act:
        yield Sentence(text="Who has the scope admin, of all projects, may change it.")
        return
    yield Own(template="alerts/rule.html", values={"rule": rule, "edit": EDIT, "reset": RESET, "switch": SWITCH})


RULE = Page(
    path=_PATH,
    title="Rule {rule}",
    of_menu="/alerts",
    filtered=False,
    check=_check,
    cards=(
        Card(id="what", title="What it alerts of", build=_what, low=True),
        Card(id="terms", title="Change it", build=_form),
    ),
    topics=("alert_rules",),
    acts=(EDIT, RESET),
)
