"""What a message says: what happened, where, the figures, since when, and how to attend to it. Plain text.

Names come from programs, and may be anything: what they hold is one line, commands no terminal and calls nobody. Of one
alert a message says all that happened since the last one; of several it is a digest, the worst first.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC

import msgspec

from agentgauge.analysis.metrics import NAMED
from agentgauge.service.notifying.post import Message, Tone
from agentgauge.service.wording import count_of, moment, number, percent
from agentgauge.settings.notifying import SEVERITIES
from agentgauge.state.alerts import Alert
from agentgauge.state.notifications import Taken, Told

LISTED = 10
"""Alerts of a digest that are told of one by one."""
_LONGEST_SUBJECT = 120
_LONGEST_TEXT = 500
_CALLS = re.compile(r"(?<!\w)@(?=\w)|@(?=everyone|here|channel)|<(?=[^\s=\d])|\](?=\()", re.IGNORECASE)
"""What begins a mention, a command, or a link under another text, in one service or another: `@here`, `<!channel>`,
`<https://...|text>`, `[text](https://...)`.
"""
_UNITS = {"budget_utilization": "USD", **{name: metric.unit for name, metric in NAMED.items()}}
_RATES = ("error_rate", "success_rate")
_WORDS = {
    "tokens": "tokens", "quality_score": "of 100", "satisfaction": "of 1", "operations": "operations",
    "hours_without_events": "hours", "unchecked_calls": "calls", "unpriced_calls": "calls",
}  # fmt: skip


class _Course(msgspec.Struct, frozen=True):
    """All that a message tells of one alert."""

    told: tuple[Told, ...]

    @property
    def last(self) -> Told:
        return self.told[-1]

    @property
    def is_over(self) -> bool:
        return self.last.step.status == "resolved"

    @property
    def happened(self) -> str:
        """`opened and resolved`; of what happened several times, once."""
        kinds = list(dict.fromkeys(one.step.kind for one in self.told))
        return " and ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))


def message_of(taken: Taken, server: str | None) -> Message:
    """The message about all of this. `server` is where people reach it, for links."""
    courses = _courses(taken.told)
    subject, body = _one(courses[0], server) if len(courses) == 1 else _digest(courses, server)
    if taken.lost:
        body += f"\n\n{_lost(taken.lost)}"
    return Message(id=_id(taken), subject=one_line(subject, _LONGEST_SUBJECT), body=body, tone=_tone(courses))


def bare_message_of(taken: Taken) -> Message:
    """The same without a word that comes from a program or a person: for a service that refuses the other."""
    courses = _courses(taken.told)
    lines = [f"alert {one.last.alert.id}: {one.last.step.severity}, {one.happened}" for one in courses[:LISTED]]
    if len(courses) > LISTED:
        lines.append(_more(len(courses) - LISTED))
    lines += ["", "This service refuses the message that says more. Each of them: agentgauge alerts show NUMBER"]
    if taken.lost:
        lines += ["", _lost(taken.lost)]
    return Message(
        id=f"{_id(taken)}-bare", subject=f"agentgauge: {_counted(courses)}", body="\n".join(lines), tone=_tone(courses)
    )


def one_line(text: str, longest: int = _LONGEST_TEXT) -> str:
    """A text of others as part of a message: one line, with nothing in it that a service would obey."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    quiet = _CALLS.sub(lambda found: f"{found[0]}\u200b", " ".join(plain.split()))
    return quiet if len(quiet) <= longest else f"{quiet[: longest - 1]}…"


def _courses(told: Sequence[Told]) -> list[_Course]:
    """One for each alert, the worst first, those that are over last."""
    of_alert: dict[int, list[Told]] = {}
    for one in told:
        of_alert.setdefault(one.alert.id, []).append(one)
    courses = [_Course(tuple(steps)) for steps in of_alert.values()]
    return sorted(courses, key=lambda one: (one.is_over, SEVERITIES.index(one.last.step.severity), one.last.alert.id))


def _one(course: _Course, server: str | None) -> tuple[str, str]:
    alert, step = course.last.alert, course.last.step
    of = alert.agent_name or (f"project {alert.project}" if alert.project else None)
    where = "" if of is None else f", {of}"
    subject = f"{_standing(course)}: {alert.type.replace('_', ' ')}{where} (alert {alert.id})"
    lines = [one_line(step.figures.message), "", *_facts(course)]
    acts = [f"Acknowledge: agentgauge alerts ack {alert.id}"] if step.status == "active" else []
    if server is not None:
        acts.append(f"History: {server}/api/v1/metrics/alerts/{alert.id}/history")
    return subject, "\n".join([*lines, *([""] if acts else []), *acts])


def _facts(course: _Course) -> list[str]:
    alert, step = course.last.alert, course.last.step
    figures = step.figures
    facts = [
        ("alert", f"{alert.id}, {course.happened}, {step.severity}"),
        ("about", f"{one_line(alert.metric)} ({one_line(alert.type)})"),
        ("agent", None if alert.agent_name is None else one_line(alert.agent_name)),
        ("project", None if alert.project is None else one_line(alert.project)),
        ("value", figure(alert, figures.current_value)),
        ("expected", figure(alert, figures.expected_value)),
        ("threshold", figure(alert, figures.threshold_value)),
        ("deviation", None if figures.deviation_percent is None else f"{figures.deviation_percent:+,.1f} %"),
        ("since", f"{moment(alert.detected_at, UTC)} UTC"),
        ("resolved", _resolved(course)),
    ]
    return [f"{name}: {said}" for name, said in facts if said is not None]


def _resolved(course: _Course) -> str | None:
    if not course.is_over:
        return None
    step = course.last.step
    by = "by itself" if step.actor is None else f"by {one_line(step.actor)}"
    return f"{moment(step.time, UTC)} UTC, {by}"


def figure(alert: Alert, value: float | None) -> str | None:
    """A value of an alert in the unit of its metric; None where it has none."""
    if value is None:
        return None
    if alert.metric in _RATES:  # rules of error rates count in percent, others have it as a ratio
        return percent(value / 100 if alert.type == alert.metric else value)
    word = _WORDS.get(alert.metric)
    return f"{number(value, _UNITS.get(alert.metric, ''))}{'' if word is None else f' {word}'}"


def _digest(courses: Sequence[_Course], server: str | None) -> tuple[str, str]:
    lines = []
    for course in courses[:LISTED]:
        said = one_line(course.last.step.figures.message, _LONGEST_TEXT // 2)
        lines.append(f"{course.last.alert.id}. {_standing(course)}: {said}")
    if len(courses) > LISTED:
        lines.append(_more(len(courses) - LISTED))
    return _counted(courses), "\n".join([*lines, "", *_next(courses, server)])


def _next(courses: Sequence[_Course], server: str | None) -> list[str]:
    """What can be done about several: of those that are over, look at them."""
    if all(course.is_over for course in courses):
        return ["Each of them: agentgauge alerts show NUMBER"]
    acts = ["All that are open: agentgauge alerts list", "Acknowledge: agentgauge alerts ack NUMBER"]
    return acts if server is None else [*acts, f"Active: {server}/api/v1/metrics/alerts?status=active"]


def _counted(courses: Sequence[_Course]) -> str:
    standing = Counter(_standing(course) for course in courses)
    order = (*SEVERITIES, "resolved")
    parts = ", ".join(f"{standing[word]} {word}" for word in order if standing[word])
    return f"{count_of(len(courses), 'alert')}: {parts}"


def _more(count: int) -> str:
    return f"and {count_of(count, 'more alert')}"


def _standing(course: _Course) -> str:
    return "resolved" if course.is_over else course.last.step.severity


def _lost(count: int) -> str:
    return (
        f"{count_of(count, 'earlier step')} of alerts could not be told here within a day: "
        "'agentgauge alerts list --status all' has all alerts."
    )


def _tone(courses: Sequence[_Course]) -> Tone:
    open_ = [course.last.step.severity for course in courses if not course.is_over]
    if not open_:
        return "success"
    worst = min(open_, key=SEVERITIES.index)
    return "failure" if worst in ("critical", "error") else "warning" if worst == "warning" else "info"


def _id(taken: Taken) -> str:
    """The same for the same steps in the same channel, whoever sends them again."""
    named = msgspec.json.encode((taken.channel, [(one.step.id, one.step.time) for one in taken.told]))
    return f"agentgauge-{hashlib.sha256(named).hexdigest()[:32]}"
