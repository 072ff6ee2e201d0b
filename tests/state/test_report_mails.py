"""Which channel is to have the report of which week, once; and who sends it. On every store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agentgauge.state.report_mails import KEPT, ReportMails
from agentgauge.state.store import Store

SUNDAY = datetime(2026, 11, 15, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def minute(attempt: int) -> timedelta:
    return attempt * MINUTE


def test_a_channel_has_the_report_of_a_week_once(store: Store) -> None:
    mails = ReportMails(store)
    assert mails.add(SUNDAY, {"ops": "one", "team": "one"}, SUNDAY) == 2
    assert mails.add(SUNDAY, {"ops": "two", "new": "two"}, SUNDAY + DAY) == 1
    assert mails.known(SUNDAY) == {"ops", "team", "new"}
    assert mails.known(SUNDAY - 7 * DAY) == frozenset()
    taken = mails.take("ops", SUNDAY, minute)
    assert taken is not None
    assert (taken.message, taken.attempt) == ("one", 1)
    mails.sent(taken, SUNDAY)
    assert mails.take("ops", SUNDAY + DAY, minute) is None
    assert mails.add(SUNDAY, {"ops": "three"}, SUNDAY + DAY) == 0


def test_who_has_taken_one_is_the_only_one_to_send_it_until_its_next_attempt(store: Store) -> None:
    mails = ReportMails(store)
    mails.add(SUNDAY, {"ops": "report"}, SUNDAY)
    assert mails.take("ops", SUNDAY, minute) is not None
    assert mails.take("ops", SUNDAY, minute) is None
    again = mails.take("ops", SUNDAY + MINUTE, minute)
    assert again is not None
    assert (again.message, again.attempt) == ("report", 2)


def test_what_could_not_be_sent_waits_and_is_given_up_in_the_end(store: Store) -> None:
    mails = ReportMails(store)
    mails.add(SUNDAY, {"ops": "report"}, SUNDAY)
    taken = mails.take("ops", SUNDAY, minute)
    assert taken is not None
    assert not mails.failed(taken, "Connection refused", SUNDAY - DAY)
    (mail,) = mails.all()
    assert (mail.state, mail.error, mail.attempts) == ("pending", "Connection refused", 1)
    assert mails.failed(taken, "Connection refused", SUNDAY + DAY)
    assert mails.take("ops", SUNDAY + DAY, minute) is None
    assert mails.all()[0].state == "failed"


def test_of_a_channel_that_is_in_the_settings_no_more_nothing_waits_for_ever(store: Store) -> None:
    mails = ReportMails(store)
    mails.add(SUNDAY, {"gone": "report", "ops": "report"}, SUNDAY)
    mails.give_up_others(["ops"], SUNDAY + DAY)
    assert {mail.channel: mail.state for mail in mails.all()} == {"gone": "failed", "ops": "pending"}


def test_it_is_forgotten_at_last_what_was_sent(store: Store) -> None:
    mails = ReportMails(store)
    mails.add(SUNDAY, {"ops": "report"}, SUNDAY)
    taken = mails.take("ops", SUNDAY, minute)
    assert taken is not None
    mails.sent(taken, SUNDAY)
    mails.add(SUNDAY + KEPT + DAY, {"ops": "report"}, SUNDAY + KEPT + DAY)
    assert [mail.until for mail in mails.all()] == [SUNDAY + KEPT + DAY]
