"""Sending what is due: steps of alerts become rows of the outbox, and those of each channel one message.

A channel that fails is tried again after 1, 2, 4, ... minutes, at most half an hour, until it succeeds; what it could
not be told for a day is given up and counted, and the next message says so. Channels that succeeded last come first, so
that one that does not answer holds up none of these.

What a service refuses for what it says is told at once in other words, which have none of a program in them. What some
of those took whom a URL names is told: trying again would tell these again.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from agentgauge.service.notifying.sending import Sender
from agentgauge.service.notifying.wording import bare_message_of, message_of
from agentgauge.service.wording import count_of
from agentgauge.settings.notifying import Channel, NotifyingSettings
from agentgauge.state.notification_channels import ChannelStates
from agentgauge.state.notifications import Outbox, Taken
from agentgauge.state.store import Store

GIVEN_UP_AFTER = timedelta(days=1)
_LONGEST_WAIT_MINUTES = 30
_log = logging.getLogger("agentgauge.notifications")


def wait_after(attempt: int) -> timedelta:
    """How long after the n-th attempt in a row the next one is: a fifth more or less of it, so that servers that failed
    together do not come back together.
    """
    minutes = min(2 ** (min(attempt, 10) - 1), _LONGEST_WAIT_MINUTES)
    return timedelta(minutes=minutes * random.uniform(0.8, 1.2))


def send_due(
    settings: NotifyingSettings,
    state: Store,
    now: Callable[[], datetime],
    is_ending: Callable[[], bool] = lambda: False,
) -> str:
    """Send what is due; one line that says what came of it. Where a channel fails, so it says; nothing is raised. While
    the process ends no other channel is begun with: whoever runs next tells it.

    Raises `StateError`, and `SettingsError` without the [server] extra.
    """
    outbox = Outbox(state)
    outbox.gather(settings.channels, now())
    outbox.give_up_others([channel.name for channel in settings.channels], now() - GIVEN_UP_AFTER)
    if not settings.channels:
        return "no channels are set"
    came_of: Counter[str] = Counter()
    with Sender() as sender:
        for channel in _in_order(settings.channels, state):
            if is_ending():
                break
            taken = outbox.take(channel.name, now(), wait_after)
            if taken is None:
                continue
            posted = sender.send(channel.url, message_of(taken, settings.url), bare_message_of(taken))
            if posted.is_told:
                came_of["sent"] += 1
                outbox.sent(taken, now(), posted.problem)
                _sent(channel, taken, posted.problem)
            else:
                came_of["failed"] += 1
                _failed(outbox, channel, taken, posted.problem, now())
    said = f"{count_of(came_of['sent'], 'message')} sent"
    return f"{said}, {came_of['failed']} failed and to be tried again" if came_of["failed"] else said


def _sent(channel: Channel, taken: Taken, problem: str) -> None:
    _log.info("channel %s was told of %s", channel.name, count_of(len(taken.told), "step"))
    if problem:
        _log.warning("channel %s (%s): %s", channel.name, channel.shown, problem)


def _failed(outbox: Outbox, channel: Channel, taken: Taken, problem: str, at: datetime) -> None:
    given_up = outbox.failed(taken, problem, at - GIVEN_UP_AFTER)
    _log.warning("channel %s (%s) was not told, attempt %d: %s", channel.name, channel.shown, taken.attempt, problem)
    if given_up:
        _log.error("channel %s: %s given up after a day", channel.name, count_of(given_up, "step"))


def _in_order(channels: Sequence[Channel], state: Store) -> list[Channel]:
    failures = {one.name: one.failures for one in ChannelStates(state).all()}
    return sorted(channels, key=lambda channel: failures.get(channel.name, 0))
