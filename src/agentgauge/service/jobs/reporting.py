"""The weekly report: a file that says what seven days used, why it differs from the seven before, and what to do.

It is `<home>/reports/week-until-<day>.json`, with the answers of `agentgauge.service.reports` as `--json` has them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from agentgauge.errors import QueryError
from agentgauge.events.plain import document
from agentgauge.files import make_directory, write_atomically
from agentgauge.service import explain_wording
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.recommending import recommended
from agentgauge.service.reports import explain
from agentgauge.service.usage_report import usage_report
from agentgauge.service.window import Window

_WEEK = timedelta(weeks=1)


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
    return f"{file.name}: {said}"
