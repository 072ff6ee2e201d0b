"""What is said of weekly reports that a channel does not have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentgauge.service.notifying.standing import look
from agentgauge.settings.server import ServerSettings, get_server_settings
from agentgauge.state.opening import served_state
from agentgauge.state.report_mails import ReportMails
from agentgauge.state.store import Store

SUNDAY = datetime(2026, 11, 15, tzinfo=UTC)
WEEK = timedelta(weeks=1)
TEAM = '[[channel]]\nname = "team"\nurl = "mailto://mail.example.org?from=a@example.org&to=b@example.org"\n'
ADVICE = "; see 'agentgauge alerts test-notification team'"


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    settings = get_server_settings(tmp_path, {})
    settings.recording.home.alerts.write_text(TEAM)
    return settings


@pytest.fixture
def state(settings: ServerSettings) -> Iterator[Store]:
    state = served_state(settings)
    state.prepare()
    yield state
    state.close()


@pytest.fixture
def mails(state: Store) -> ReportMails:
    return ReportMails(state)


def told(settings: ServerSettings, state: Store) -> list[str]:
    """Without the channel's name and URL, and without the advice, which are the same each time."""
    found = [problem.removesuffix(ADVICE) for problem in look(settings.recording.home, state).problems]
    return [problem.partition(") ")[2] or problem for problem in found]


def attempt(mails: ReportMails, until: datetime, problem: str, *, given_up: bool = False) -> None:
    mails.add(until, {"team": "{}"}, until)
    taken = mails.take("team", until + timedelta(days=1), lambda attempt: timedelta(minutes=1))
    assert taken is not None
    mails.failed(taken, problem, until + timedelta(days=1) if given_up else until)


def test_a_report_that_waits_for_its_first_attempt_is_no_problem(
    settings: ServerSettings, state: Store, mails: ReportMails
) -> None:
    mails.add(SUNDAY, {"team": "{}"}, SUNDAY)
    assert told(settings, state) == []


def test_a_report_that_could_not_be_sent_is_named_with_the_reason_and_what_to_do(
    settings: ServerSettings, state: Store, mails: ReportMails
) -> None:
    attempt(mails, SUNDAY, "the server refused the connection")
    (said,) = told(settings, state)
    assert said.startswith("does not have the report of the week until 2026-11-15 after 1 attempt, and there will be")
    assert said.endswith(": the server refused the connection")
    (whole,) = look(settings.recording.home, state).problems
    assert whole.startswith("channel team (mailto://mail.example.org")
    assert whole.endswith(ADVICE)


def test_one_that_was_given_up_is_named_until_the_channel_has_that_of_a_later_week(
    settings: ServerSettings, state: Store, mails: ReportMails
) -> None:
    attempt(mails, SUNDAY, "no such mailbox", given_up=True)
    assert told(settings, state) == [
        "did not get the report of the week until 2026-11-15, which was given up after a day: no such mailbox"
    ]
    mails.add(SUNDAY + WEEK, {"team": "{}"}, SUNDAY + WEEK)
    taken = mails.take("team", SUNDAY + WEEK, lambda attempt: timedelta(minutes=1))
    assert taken is not None
    mails.sent(taken, SUNDAY + WEEK)
    assert told(settings, state) == []


def test_who_wants_no_report_any_more_is_not_told_of_one_that_was_given_up(
    settings: ServerSettings, state: Store, mails: ReportMails
) -> None:
    attempt(mails, SUNDAY, "no such mailbox", given_up=True)
    settings.recording.home.alerts.write_text(TEAM + "weekly_report = false\n")
    assert told(settings, state) == []


def test_a_report_that_one_of_several_refused_is_named_too(
    settings: ServerSettings, state: Store, mails: ReportMails
) -> None:
    mails.add(SUNDAY, {"team": "{}"}, SUNDAY)
    taken = mails.take("team", SUNDAY, lambda attempt: timedelta(minutes=1))
    assert taken is not None
    mails.sent(taken, SUNDAY, "c@example.org was refused")
    assert told(settings, state) == [
        "has the report of the week until 2026-11-15, but not as it should be: c@example.org was refused"
    ]


def test_a_report_for_a_channel_that_is_in_no_settings_is_named(
    settings: ServerSettings, state: Store, mails: ReportMails
) -> None:
    mails.add(SUNDAY, {"gone": "{}"}, SUNDAY)
    (said,) = told(settings, state)
    assert said.startswith("channel gone is in no settings, and the report of the week until 2026-11-15 waits for it")
