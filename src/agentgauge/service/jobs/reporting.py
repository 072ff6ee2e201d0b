"""The weekly report: what seven days used, why that differs from the seven before, and what to do.

It is `<home>/reports/week-until-<day>.json`, with the answers of `agentgauge.service.reports` as `--json` has them. The
channels that are to have it have the same as a document (`agentgauge.service.report_document`), each about the projects
that it is of: it is written once for all of the same projects, and sent by the job `notifications`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import msgspec

from agentgauge.engines import Engine, Filter
from agentgauge.errors import QueryError
from agentgauge.events.plain import document
from agentgauge.files import make_directory, write_atomically
from agentgauge.service import explain_wording
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.recommending import recommended
from agentgauge.service.report_document.building import build
from agentgauge.service.report_document.question import Question
from agentgauge.service.report_document.writing import written
from agentgauge.service.reports import explain
from agentgauge.service.usage_report import usage_report
from agentgauge.service.window import Window
from agentgauge.service.wording import count_of
from agentgauge.settings.notifying import get_notifying_settings
from agentgauge.state.report_mails import ReportMails

_WEEK, _DAY = timedelta(weeks=1), timedelta(days=1)


def write_report(work: Work, scheduled: datetime) -> str:
    """Of the seven days that end at the midnight (UTC) when it is due."""
    end = scheduled.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    week, before = Window(end - _WEEK, end), Window(end - 2 * _WEEK, end - _WEEK)
    with work.engine() as engine:
        found = {
            name: usage_report(engine, week, by=(name,), zone="UTC", now=scheduled, bucket="day")
            for name in ("agent", "model")
        }
        try:
            change = explain(engine, week, before, book=work.meter.book, now=scheduled)
            why, said = document(change), explain_wording.sentence(change)
        except QueryError as error:
            why, said = None, str(error)
        advice = recommended(work, engine, scheduled)
        report = {
            "since": document(week.start),
            "until": document(week.end),
            "summary": said,
            "by_agent": document(found["agent"]),
            "by_model": document(found["model"]),
            "change": why,
            "recommendations": document(advice),
        }
        folder = work.settings.recording.home.root / "reports"
        make_directory(folder)
        file = folder / f"week-until-{end:%Y-%m-%d}.json"
        write_atomically(file, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
        to_send = _add_mails(work, engine, week)
    return f"{file.name}: {said}" + (f" {count_of(to_send, 'report')} to be sent." if to_send else "")


def _add_mails(work: Work, engine: Engine, week: Window) -> int:
    """Of the channels that are to have the report of this week and have none yet; how many. A week that was made up for
    after the next one ended is no news, and one in which nothing happened none either.
    """
    assert week.end is not None
    mails, now = ReportMails(work.state), work.now()
    if now >= week.end + _WEEK:
        return 0
    known = mails.known(week.end)
    of_projects: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for channel in get_notifying_settings(work.settings.recording.home).channels:
        if channel.weekly_report and channel.name not in known:
            of_projects[tuple(sorted(set(channel.projects)))].append(channel.name)
    messages: dict[str, str] = {}
    for projects, channels in of_projects.items():
        found = build(_question(work, engine, week, projects))
        if found.nothing:
            continue
        message = written(found, "", f"agentgauge-week-until-{week.end:%Y-%m-%d}.pdf")
        for name in channels:
            own = msgspec.structs.replace(message, id=_id(week.end, name))
            messages[name] = msgspec.json.encode(own).decode()
    return mails.add(week.end, messages, now)


def _question(work: Work, engine: Engine, week: Window, projects: tuple[str, ...]) -> Question:
    assert week.start is not None
    assert week.end is not None
    first, last = week.start, week.end - _DAY
    return Question(
        engine=engine, state=work.state, book=work.meter.book, window=week, now=work.now(),
        title=f"Weekly report, {first.day} {first:%b} to {last.day} {last:%b %Y}",
        filters=(Filter("project", "in", projects),) if projects else (),
        conditions=tuple(f"project={name}" for name in projects),
    )  # fmt: skip


def _id(until: datetime, channel: str) -> str:
    """The same for the same week in the same channel, whoever sends it again."""
    named = hashlib.sha256(f"{until.isoformat()} {channel}".encode()).hexdigest()
    return f"agentgauge-report-{named[:32]}"
