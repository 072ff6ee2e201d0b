"""What happens to alerts reaches real receivers, once, however often it is tried and by whomever."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentgauge.service.notifying.dispatching import GIVEN_UP_AFTER, send_due, wait_after
from agentgauge.service.notifying.sending import SECONDS
from agentgauge.service.notifying.standing import problems, standings
from agentgauge.settings.notifying import Channel, NotifyingSettings
from agentgauge.settings.secret import Secret
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.database import Database
from agentgauge.state.notification_channels import ChannelStates
from agentgauge.state.notifications import Outbox
from agentgauge.state.sql import SqlStore
from tests.servers.ports import free_port
from tests.service.notifying.receivers import http_receiver, mail_server

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    opened = SqlStore.of_file(tmp_path / "state.db") if url is None else SqlStore(url)
    with closing(opened):
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Database:
    return Database(tmp_path / "state.db")


def settings(*urls: str, names: tuple[str, ...] = ("ops", "second")) -> NotifyingSettings:
    channels = tuple(
        Channel(name=name, url=Secret(url), min_severity="warning") for name, url in zip(names, urls, strict=False)
    )
    return NotifyingSettings(channels=channels, url="https://gauge.example.org")


def found(condition: str = "slow", message: str = "coder is slow", agent: str = "coder") -> Detected:
    return Detected(
        condition=condition, type="performance_degradation", severity="warning", metric="execution_time",
        agent_name=agent, project="shop", current_value=5200.0, expected_value=3000.0, threshold_value=4500.0,
        deviation_percent=73.3, message=message,
    )  # fmt: skip


def detect(store: SqlStore | Database, *conditions: str, at: datetime = NOON) -> None:
    for condition in conditions or ("slow",):
        AlertBook(store).detect(found(condition, f"{condition}: coder is slow"), at)


def test_an_alert_is_told_once_and_its_end_once(store: SqlStore, clock: Clock) -> None:
    with http_receiver() as received:
        to = settings(received.url)
        assert send_due(to, store, clock) == "0 messages sent"
        detect(store)
        assert send_due(to, store, clock) == "1 message sent"
        assert send_due(to, store, clock) == "0 messages sent"
        AlertBook(store).resolve(1, "ann", NOON + HOUR)
        clock.time += HOUR
        assert send_due(to, store, clock) == "1 message sent"
    first, last = received.bodies
    assert first["title"] == "warning: performance degradation, coder (alert 1)"
    assert first["message"].splitlines() == [
        "slow: coder is slow",
        "",
        "alert: 1, opened, warning",
        "about: execution_time (performance_degradation)",
        "agent: coder",
        "project: shop",
        "value: 5.2 s",
        "expected: 3.0 s",
        "threshold: 4.5 s",
        "deviation: +73.3 %",
        "since: 2026-03-02 12:00 UTC",
        "",
        "Acknowledge: agentgauge alerts ack 1",
        "History: https://gauge.example.org/api/v1/metrics/alerts/1/history",
    ]
    assert (last["title"], last["type"]) == ("resolved: performance degradation, coder (alert 1)", "success")
    assert "resolved: 2026-03-02 13:00 UTC, by ann" in last["message"].splitlines()


def test_an_alert_that_is_over_before_it_was_told_is_one_message(file: Database, clock: Clock) -> None:
    with http_receiver() as received:
        to = settings(received.url)
        send_due(to, file, clock)
        detect(file)
        AlertBook(file).resolve(1, "ann", NOON)
        assert send_due(to, file, clock) == "1 message sent"
    (body,) = received.bodies
    assert body["title"] == "resolved: performance degradation, coder (alert 1)"
    assert "alert: 1, opened and resolved, warning" in body["message"].splitlines()


def test_many_alerts_at_once_are_one_message(store: SqlStore, clock: Clock) -> None:
    with http_receiver() as received, mail_server() as mailed:
        to = settings(received.url, mailed.url)
        send_due(to, store, clock)
        detect(store, *(f"condition {number}" for number in range(200)))
        AlertBook(store).resolve(7, "ann", NOON)
        assert send_due(to, store, clock) == "2 messages sent"
        assert send_due(to, store, clock) == "0 messages sent"
    (body,), (mail,) = received.bodies, mailed.messages
    assert body["title"] == mail["Subject"] == "200 alerts: 199 warning, 1 resolved"
    lines = body["message"].splitlines()
    assert lines[0] == "1. warning: condition 0: coder is slow"
    assert lines[10] == "and 190 more alerts"
    assert "Acknowledge: agentgauge alerts ack NUMBER" in lines
    assert {one.state for one in Outbox(store).notifications(limit=1000)} == {"sent"}


def test_a_receiver_that_is_down_is_told_once_when_it_is_up_again(
    store: SqlStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    port = free_port()
    to = settings(f"json://localhost:{port}/hooks/T0ps3cret")
    send_due(to, store, clock)
    detect(store)
    assert send_due(to, store, clock) == "0 messages sent, 1 failed and to be tried again"
    assert send_due(to, store, clock) == "0 messages sent"
    (state,) = ChannelStates(store).all()
    assert "Connection refused" in state.last_error
    clock.time += 2 * MINUTE
    with http_receiver(port) as received:
        assert send_due(to, store, clock) == "1 message sent"
        clock.time += HOUR
        assert send_due(to, store, clock) == "0 messages sent"
    assert len(received.all) == 1
    said = f"{caplog.text} {state} {Outbox(store).notifications()}"
    assert "json://localhost" in caplog.text
    assert "T0ps3cret" not in said


def test_a_receiver_that_answers_with_errors_is_told_when_it_does_not(file: Database, clock: Clock) -> None:
    with http_receiver() as received:
        to = settings(received.url)
        send_due(to, file, clock)
        detect(file)
        for status in (500, 503, 429):
            received.status = status
            assert "1 failed" in send_due(to, file, clock)
            clock.time += HOUR
        received.status = 200
        assert send_due(to, file, clock) == "1 message sent"
    assert len(received.all) == 1
    (row,) = Outbox(file).notifications()
    assert (row.state, row.attempts, row.error) == ("sent", 4, "")


def test_a_channel_that_fails_holds_up_no_other(file: Database, clock: Clock) -> None:
    with http_receiver() as received:
        to = settings(f"json://localhost:{free_port()}", received.url)
        send_due(to, file, clock)
        detect(file)
        assert send_due(to, file, clock) == "1 message sent, 1 failed and to be tried again"
    assert len(received.all) == 1


def test_a_message_that_is_refused_for_what_it_says_holds_up_no_other(file: Database, clock: Clock) -> None:
    with http_receiver() as received:
        received.refuses = "DROP TABLE"
        to = settings(received.url)
        send_due(to, file, clock)
        AlertBook(file).detect(found("odd", agent="DROP TABLE"), NOON)
        assert send_due(to, file, clock) == "1 message sent"
        (problem,) = problems(standings(to, file))
        assert "was told of alerts, but not as it should be: told of alerts by number alone" in problem
        detect(file)
        assert send_due(to, file, clock) == "1 message sent"
        assert list(problems(standings(to, file))) == []
    bare, full = received.bodies
    assert bare["title"] == "agentgauge: 1 alert: 1 warning"
    assert bare["message"].splitlines()[0] == "alert 1: warning, opened"
    assert full["title"].endswith("(alert 2)")


def test_who_was_told_is_not_told_again_for_another_in_the_same_url(file: Database, clock: Clock) -> None:
    with mail_server() as received:
        received.unknown = "left@example.org"
        to = settings(f"{received.url},left@example.org")
        send_due(to, file, clock)
        detect(file)
        assert send_due(to, file, clock) == "1 message sent"
        clock.time += HOUR
        assert send_due(to, file, clock) == "0 messages sent"
    assert len(received.messages) == 1
    (row,) = Outbox(file).notifications()
    assert row.state == "sent"
    assert row.error.startswith("not all were told")


def test_what_could_not_be_told_for_a_day_is_given_up_and_the_next_message_says_so(
    file: Database, clock: Clock
) -> None:
    port = free_port()
    to = settings(f"json://localhost:{port}")
    send_due(to, file, clock)
    detect(file, "a", "b")
    send_due(to, file, clock)
    clock.time += GIVEN_UP_AFTER + MINUTE
    send_due(to, file, clock)
    assert [one.state for one in Outbox(file).notifications()] == ["failed", "failed"]
    detect(file, "c", at=clock.time)
    clock.time += HOUR
    with http_receiver(port) as received:
        send_due(to, file, clock)
    (body,) = received.bodies
    assert "2 earlier steps of alerts could not be told here within a day" in body["message"]


def test_attempts_are_farther_and_farther_apart_and_never_nearer_than_one_may_take() -> None:
    for attempt, minutes in enumerate((1, 2, 4, 8, 16, 30, 30), 1):
        waits = [wait_after(attempt) for _ in range(50)]
        assert all(minutes * MINUTE * 0.8 <= wait <= minutes * MINUTE * 1.2 for wait in waits)
        assert len(set(waits)) > 1
    assert wait_after(10_000) <= 36 * MINUTE
    assert timedelta(seconds=SECONDS) < MINUTE * 0.8


def test_of_two_who_send_at_once_one_does(store: SqlStore, clock: Clock) -> None:
    with http_receiver() as received:
        to = settings(received.url)
        send_due(to, store, clock)
        detect(store, "a", "b")
        together, said = threading.Barrier(2), []

        def work() -> None:
            together.wait(60)
            said.append(send_due(to, store, clock))

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(said) == ["0 messages sent", "1 message sent"]
    assert len(received.all) == 1


_SENDS = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from agentgauge.service.notifying.dispatching import send_due
from agentgauge.settings import Home
from agentgauge.settings.notifying import get_notifying_settings
from agentgauge.state.database import Database
home, now = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
print(send_due(get_notifying_settings(Home(home, "")), Database(home / "state.db"), lambda: now), flush=True)
"""


def test_a_process_that_is_killed_while_it_sends_has_it_sent_again_under_the_same_id(tmp_path: Path) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def hold() -> bool:
        arrived.set()
        return go_on.wait(60)

    file = Database(tmp_path / "state.db")
    with http_receiver(answer=hold) as received:
        environment = {**os.environ, "AGENTGAUGE_NOTIFY": f"{received.url}?rto=60"}

        def start(at: datetime) -> subprocess.Popen[str]:
            words = [sys.executable, "-c", _SENDS, str(tmp_path), at.isoformat()]
            return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)

        assert start(NOON).communicate(timeout=60)[0] == "0 messages sent\n"
        detect(file)
        killed = start(NOON)
        assert arrived.wait(60)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        go_on.set()
        detect(file, "later")
        assert start(NOON + MINUTE / 2).communicate(timeout=60)[0] == "0 messages sent\n"
        assert start(NOON + 2 * MINUTE).communicate(timeout=60)[0] == "1 message sent\n"
        assert start(NOON + 2 * MINUTE).communicate(timeout=60)[0] == "1 message sent\n"
    (_, first, body), (_, second, again), (_, _, later) = received.all
    assert later["title"].endswith("(alert 2)")
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    assert body == again


def test_names_add_no_lines_no_headers_and_call_nobody(file: Database, clock: Clock) -> None:
    name = "co\r\nBcc: all@example.org\r\n\r\n<!channel> @everyone [a](b) \x1b[31m Zoë"
    with http_receiver() as received, mail_server() as mailed:
        to = settings(received.url, mailed.url)
        send_due(to, file, clock)
        AlertBook(file).detect(found(message=f"{name} is slow", agent=name), NOON)
        assert send_due(to, file, clock) == "2 messages sent"
    (body,), (mail,) = received.bodies, mailed.messages
    assert mail["Bcc"] is None
    assert set(mail.keys()) == {
        "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "X-Application", "Subject", "From", "To",
        "Message-ID", "Date",
    }  # fmt: skip
    said = "co Bcc: all@example.org <\u200b!channel> @\u200beveryone [a]\u200b(b) [31m Zoë"
    assert body["title"] == mail["Subject"] == f"warning: performance degradation, {said} (alert 1)"
    for text in (body["message"], mail.get_content()):
        assert f"agent: {said}" in text.splitlines()
        assert text.splitlines()[0] == f"{said} is slow"
