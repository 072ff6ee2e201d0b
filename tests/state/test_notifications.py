"""What each channel is to be told, once; who sends it; and what came of it. On every store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import pytest

from agentgauge.settings.notifying import TOLD, Channel, Severity, Step
from agentgauge.settings.secret import Secret
from agentgauge.state import alert_lifecycle
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.notification_channels import ChannelState, ChannelStates
from agentgauge.state.notifications import KEPT, Outbox, Taken
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FOUND = Detected(
    condition="slow", type="performance_degradation", severity="warning", metric="execution_time", project="shop",
    message="slow",
)  # fmt: skip
OPS = Channel(name="ops", url=Secret("json://localhost/T0ps3cret"), min_severity="warning")


def detect(store: Store, *conditions: str, at: datetime = NOON, **different: str) -> None:
    for condition in conditions:
        AlertBook(store).detect(msgspec.structs.replace(FOUND, condition=condition, **different), at)


def minute(attempt: int) -> timedelta:
    return MINUTE


def taken(store: Store, at: datetime = NOON, channel: str = "ops") -> Taken:
    found = Outbox(store).take(channel, at, minute)
    assert found is not None
    return found


def told(found: Taken) -> list[tuple[int, str]]:
    return [(one.alert.id, one.step.kind) for one in found.told]


def state_of(store: Store) -> ChannelState:
    (state,) = ChannelStates(store).all()
    return state


def test_settings_and_state_have_the_same_words_for_severities_and_steps() -> None:
    assert get_args(Severity) == get_args(alert_lifecycle.Severity)
    assert get_args(Step) == get_args(alert_lifecycle.StepKind)


def test_a_channel_is_told_of_what_follows_its_first_sight_once(store: Store) -> None:
    outbox = Outbox(store)
    detect(store, "before")
    assert outbox.gather([OPS], NOON) == 0
    assert outbox.take("ops", NOON, minute) is None
    detect(store, "a", "b")
    assert [outbox.gather([OPS], NOON) for _ in range(2)] == [2, 0]
    found = taken(store)
    assert told(found) == [(2, "opened"), (3, "opened")]
    outbox.sent(found, NOON)
    assert outbox.take("ops", NOON + DAY, minute) is None
    assert outbox.gather([OPS], NOON + DAY) == 0
    assert [(one.alert_id, one.state, one.attempts, one.sent) for one in outbox.notifications()] == [
        (3, "sent", 1, NOON), (2, "sent", 1, NOON),
    ]  # fmt: skip


def test_a_channel_is_told_of_the_severities_types_projects_and_steps_that_it_names(store: Store) -> None:
    channels = [
        OPS,
        msgspec.structs.replace(OPS, name="bad", min_severity="error"),
        msgspec.structs.replace(OPS, name="budgets", types=("budget_overrun",)),
        msgspec.structs.replace(OPS, name="shop", projects=("shop",)),
        msgspec.structs.replace(OPS, name="acts", tell=("acknowledged",)),
    ]
    outbox, book = Outbox(store), AlertBook(store)
    outbox.gather(channels, NOON)
    detect(store, "slow")
    detect(store, "worst", severity="critical", project="other")
    detect(store, "small", severity="info")
    detect(store, "spent", type="budget_overrun", project="")
    book.acknowledge(1, "ann", NOON)
    outbox.gather(channels, NOON)
    found = {channel.name: told(taken(store, channel=channel.name)) for channel in channels}
    assert found == {
        "ops": [(1, "opened"), (2, "opened"), (4, "opened")],
        "bad": [(2, "opened")],
        "budgets": [(4, "opened")],
        "shop": [(1, "opened")],
        "acts": [(1, "acknowledged")],
    }


def test_what_is_told_by_default_is_what_somebody_may_have_to_act_on(store: Store) -> None:
    outbox, book = Outbox(store), AlertBook(store)
    outbox.gather([OPS], NOON)
    detect(store, "slow")
    detect(store, "slow", severity="error")
    book.acknowledge(1, "ann", NOON)
    book.resolve(1, "ann", NOON)
    outbox.gather([OPS], NOON)
    assert told(taken(store)) == [(1, "opened"), (1, "escalated"), (1, "resolved")]
    assert {"reminded", "reopened"} < set(TOLD)


def test_a_channel_that_was_away_is_told_of_what_still_stands_and_of_no_more(store: Store) -> None:
    outbox = Outbox(store)
    outbox.gather([OPS], NOON)
    detect(store, "over", "stands")
    AlertBook(store).resolve(1, "ann", NOON)
    back = NOON + 30 * DAY
    assert outbox.gather([OPS], back) == 1
    assert told(taken(store, back)) == [(2, "opened")]


def test_who_is_told_of_an_end_is_told_that_it_was_taken_back(store: Store) -> None:
    outbox, book = Outbox(store), AlertBook(store)
    outbox.gather([OPS], NOON)
    detect(store, "slow")
    book.resolve(1, "ann", NOON)
    book.undo(1, "ann", NOON)
    outbox.gather([OPS], NOON)
    found = taken(store)
    assert told(found) == [(1, "opened"), (1, "resolved"), (1, "undone")]
    assert found.told[-1].step.status == "active"


def test_what_failed_waits_and_is_then_taken_with_what_came_since_in_its_order(store: Store) -> None:
    outbox = Outbox(store)
    outbox.gather([OPS], NOON)
    detect(store, "a")
    outbox.gather([OPS], NOON)
    assert outbox.failed(taken(store), "connection refused", NOON - DAY) == 0
    AlertBook(store).resolve(1, "ann", NOON)
    outbox.gather([OPS], NOON)
    assert outbox.take("ops", NOON + MINUTE / 2, minute) is None
    assert (state_of(store).failures, state_of(store).last_error) == (1, "connection refused")
    again = taken(store, NOON + MINUTE)
    assert (told(again), again.attempt) == ([(1, "opened"), (1, "resolved")], 2)
    outbox.sent(again, NOON + MINUTE)
    state = state_of(store)
    assert (state.failures, state.last_error, state.pending, state.sent, state.lost) == (0, "", 0, 2, 0)
    assert [one.attempts for one in outbox.notifications()] == [1, 2]


def test_what_a_process_took_and_did_not_live_to_answer_for_is_taken_again_and_no_more(store: Store) -> None:
    outbox = Outbox(store)
    outbox.gather([OPS], NOON)
    detect(store, "a")
    outbox.gather([OPS], NOON)
    first = taken(store)
    detect(store, "b")
    outbox.gather([OPS], NOON)
    assert outbox.take("ops", NOON + MINUTE / 2, minute) is None
    again = taken(store, NOON + MINUTE)
    assert told(again) == told(first) == [(1, "opened")]
    outbox.sent(again, NOON + MINUTE)
    assert told(taken(store, NOON + MINUTE)) == [(2, "opened")]


@pytest.mark.parametrize("ahead", [400 * DAY, 20 * HOUR], ids=["a year", "most of a day"])
def test_a_clock_that_was_ahead_keeps_no_message_back(store: Store, ahead: timedelta) -> None:
    outbox = Outbox(store)
    outbox.gather([OPS], NOON)
    detect(store, "a")
    outbox.gather([OPS], NOON)
    taken(store, NOON + ahead)
    assert told(taken(store, NOON)) == [(1, "opened")]


def test_what_could_not_be_sent_for_a_day_is_given_up_and_counted_until_something_is(store: Store) -> None:
    outbox = Outbox(store)
    outbox.gather([OPS], NOON)
    detect(store, "a", "b")
    outbox.gather([OPS], NOON)
    later = NOON + DAY + MINUTE
    assert outbox.failed(taken(store, later), "HTTP 500", later - DAY) == 2
    state = state_of(store)
    assert (state.pending, state.failed, state.lost) == (0, 2, 2)
    assert {(one.state, one.error) for one in outbox.notifications()} == {("failed", "HTTP 500")}
    detect(store, "c", at=later)
    outbox.gather([OPS], later)
    last = taken(store, later + MINUTE)
    assert (told(last), last.lost) == ([(3, "opened")], 2)
    outbox.sent(last, later + MINUTE)
    assert (state_of(store).lost, state_of(store).failed, state_of(store).sent) == (0, 2, 1)


def test_what_waits_for_a_channel_that_is_no_more_is_given_up(store: Store) -> None:
    outbox = Outbox(store)
    outbox.gather([OPS], NOON)
    detect(store, "a")
    outbox.gather([OPS], NOON)
    assert outbox.give_up_others(["ops"], NOON + HOUR) == 0
    assert outbox.give_up_others([], NOON) == 0
    assert outbox.give_up_others([], NOON + HOUR) == 1
    assert (state_of(store).failed, state_of(store).pending) == (1, 0)


def test_what_was_told_is_forgotten_after_a_month_and_told_no_second_time(store: Store) -> None:
    outbox = Outbox(store)
    outbox.gather([OPS], NOON)
    detect(store, "a")
    outbox.gather([OPS], NOON)
    outbox.sent(taken(store), NOON)
    detect(store, "b")
    later = NOON + KEPT + HOUR
    assert outbox.gather([OPS], later) == 1
    assert [one.alert_id for one in outbox.notifications()] == [2]


def test_the_newest_come_first_page_after_page(store: Store) -> None:
    outbox = Outbox(store)
    assert outbox.notifications() == ()
    outbox.gather([OPS], NOON)
    detect(store, *"abc")
    outbox.gather([OPS], NOON)
    page = outbox.notifications(limit=2)
    assert [one.alert_id for one in page] == [3, 2]
    assert [one.alert_id for one in outbox.notifications(before=page[-1].id)] == [1]


def test_of_several_who_gather_and_take_at_once_one_has_each_message(opened: Callable[[], Store]) -> None:
    stores = [opened() for _ in range(4)]
    Outbox(stores[0]).gather([OPS], NOON)
    detect(stores[0], *map(str, range(20)))
    together, had = threading.Barrier(len(stores)), []

    def work(store: Store) -> None:
        together.wait(60)
        outbox = Outbox(store)
        outbox.gather([OPS], NOON)
        if (found := outbox.take("ops", NOON, minute)) is not None:
            had.append(found)

    run_all([threading.Thread(target=work, args=(store,)) for store in stores])
    assert [len(found.told) for found in had] == [20]
    assert len(Outbox(stores[0]).notifications(limit=100)) == 20


def run_all(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
