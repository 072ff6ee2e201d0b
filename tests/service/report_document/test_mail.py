"""The weekly report by mail, to a real server."""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.notifying import send_notifications
from agentgauge.service.jobs.reporting import write_report
from agentgauge.settings.server import get_server_settings
from agentgauge.state.opening import served_state
from agentgauge.state.report_mails import ReportMails
from tests.servers.ports import free_port
from tests.service.notifying.receivers import Mailed, http_receiver, mail_server
from tests.service.report_document.reported import DAY, END, Page

_HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = END + timedelta(minutes=10)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def work(reported_home: Path, tmp_path: Path, clock: Clock) -> Iterator[Work]:
    home = shutil.copytree(reported_home, tmp_path / "home")
    settings = get_server_settings(home, {})
    state = served_state(settings)
    state.prepare()
    yield Work(settings, state, clock)
    state.close()


def channels(work: Work, *tables: str) -> None:
    work.settings.recording.home.alerts.write_text("".join(f"[[channel]]\n{table}\n" for table in tables))


def mail_of(received: Mailed) -> EmailMessage:
    (message,) = received.messages
    return message


def test_a_week_is_mailed_once_with_charts_that_are_seen_and_the_pdf(work: Work) -> None:
    with mail_server() as received:
        channels(work, f'name = "team"\nurl = "{received.url}"')
        assert write_report(work, END).endswith("1 report to be sent.")
        assert received.messages == []
        assert send_notifications(work, END) == "0 messages sent, 1 report sent"
        assert "to be sent" not in write_report(work, END)
        assert send_notifications(work, END) == "0 messages sent"
        mail = mail_of(received)
    assert re.fullmatch(r"Weekly report, 8 Nov to 14 Nov 2026: \$\S+ for \d+ tasks", mail["subject"])
    assert len(bytes(mail)) < 1_000_000
    parts = {part.get_filename() or part.get_content_type(): part for part in mail.walk() if not part.is_multipart()}
    assert [*parts] == [
        "text/plain", "text/html", "cost.png", "latency.png", "agentgauge-week-until-2026-11-15.pdf",
    ]  # fmt: skip
    page = Page(parts["text/html"].get_content())
    assert not {"script", "style", "svg", "link"} & {*page.elements}
    assert page.references == ["cid:cost.png", "cid:latency.png"]
    for name in ("cost.png", "latency.png"):
        assert parts[name]["content-id"] == f"<{name}>"
        width, _ = struct.unpack(">II", parts[name].get_payload(decode=True)[16:24])
        assert width == 1200
    assert "var(--" not in parts["text/html"].get_content()
    text = parts["text/plain"].get_content()
    assert "Total cost" in text
    assert "Cost of priced calls rose by" in text
    assert parts["agentgauge-week-until-2026-11-15.pdf"].get_payload(decode=True).startswith(b"%PDF")


def test_what_failed_is_sent_later_and_after_a_crash_it_has_the_same_id(work: Work, clock: Clock) -> None:
    port = free_port()
    nowhere = f'name = "team"\nurl = "mailto://localhost:{port}?from=a@example.org&to=b@example.org"'
    channels(work, nowhere)
    write_report(work, END)
    assert send_notifications(work, END) == "0 messages sent, 1 report failed"
    assert send_notifications(work, END) == "0 messages sent"
    with mail_server() as received:
        channels(work, f'name = "team"\nurl = "{received.url}"')
        clock.now += _HOUR
        # As by a process that dies after the server took the mail, and before it kept that.
        ReportMails(work.state).take("team", clock.now, lambda attempt: timedelta(minutes=1))
        assert send_notifications(work, END) == "0 messages sent"
        clock.now += _HOUR
        assert send_notifications(work, END) == "0 messages sent, 1 report sent"
        assert re.fullmatch(r"<agentgauge-report-[0-9a-f]{32}@localhost>", mail_of(received)["message-id"])


def test_who_has_it_is_said_by_settings(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver() as chat, mail_server() as received:
        channels(
            work,
            f'name = "off"\nurl = "{received.url}"\nweekly_report = false',
            f'name = "elsewhere"\nurl = "{received.url}"\nprojects = ["other"]',
            f'name = "quiet"\nurl = "{chat.url}"',
            f'name = "chat"\nurl = "{chat.url}"\nweekly_report = true',
        )
        write_report(work, END)
        assert {mail.channel for mail in ReportMails(work.state).all()} == {"chat"}
        send_notifications(work, END)
        assert received.messages == []
        assert len(chat.all) == 1
        monkeypatch.setenv("AGENTGAUGE_WEEKLY_REPORT", "no")
        channels(work, f'name = "by-default"\nurl = "{received.url}"')
        assert "to be sent" not in write_report(work, END)


def test_a_week_that_was_made_up_for_late_is_written_and_not_sent(work: Work, clock: Clock) -> None:
    channels(work, f'name = "team"\nurl = "mailto://localhost:{free_port()}?from=a@example.org&to=b@example.org"')
    clock.now = END + 7 * DAY
    assert "to be sent" not in write_report(work, END)
    assert (work.settings.recording.home.root / "reports" / "week-until-2026-11-15.json").exists()
    assert ReportMails(work.state).all() == ()
