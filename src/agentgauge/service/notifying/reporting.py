"""Sending the reports that are due: each to its channel, tried again as messages about alerts are, for a day."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import msgspec

from agentgauge.service.notifying.dispatching import GIVEN_UP_AFTER, wait_after
from agentgauge.service.notifying.post import Message
from agentgauge.service.notifying.sending import Sender
from agentgauge.service.wording import count_of
from agentgauge.settings.notifying import NotifyingSettings
from agentgauge.state.report_mails import ReportMails
from agentgauge.state.store import Store

_log = logging.getLogger("agentgauge.notifications")


def send_reports(
    settings: NotifyingSettings,
    state: Store,
    now: Callable[[], datetime],
    is_ending: Callable[[], bool] = lambda: False,
) -> str:
    """What came of it, in half a line; empty where nothing was due. Raises `StateError`, and `SettingsError` without
    the [server] extra.
    """
    mails = ReportMails(state)
    mails.give_up_others([channel.name for channel in settings.channels], now() - GIVEN_UP_AFTER)
    came_of: Counter[str] = Counter()
    for channel in settings.channels:
        if is_ending() or (taken := mails.take(channel.name, now(), wait_after)) is None:
            continue
        with Sender() as sender:
            posted = sender.send(channel.url, msgspec.json.decode(taken.message, type=Message))
        if posted.is_told:
            came_of["sent"] += 1
            mails.sent(taken, now(), posted.problem)
            _log.info("channel %s has its weekly report", channel.name)
            continue
        came_of["failed"] += 1
        is_given_up = mails.failed(taken, posted.problem, now() - GIVEN_UP_AFTER)
        what = "given up after a day" if is_given_up else f"attempt {taken.attempt}"
        _log.warning("channel %s (%s) has no weekly report, %s: %s", channel.name, channel.shown, what, posted.problem)
    parts = [f"{count_of(came_of[word], 'report')} {word}" for word in ("sent", "failed") if came_of[word]]
    return ", ".join(parts)
