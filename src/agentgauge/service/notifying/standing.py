"""How each channel does, as people look at it: what it is told, what waits, what is wrong; its weekly report too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from agentgauge.errors import SettingsError
from agentgauge.service.wording import count_of, moment
from agentgauge.settings import Home
from agentgauge.settings.notifying import Channel, NotifyingSettings, Severity, Step, get_notifying_settings
from agentgauge.state.notification_channels import ChannelState, ChannelStates
from agentgauge.state.report_mails import ReportMail, ReportMails
from agentgauge.state.store import Store


class ChannelStanding(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    url: str | None
    """Without what is secret in it; None of a channel that is in the settings no more."""
    severities: tuple[Severity, ...] = ()
    types: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    tell: tuple[Step, ...] = ()
    pending: int = 0
    """Steps of alerts that it is still to be told of."""
    oldest: datetime | None = None
    """Since when the first of these waits."""
    failures: int = 0
    """Attempts in a row that did not succeed, or are under way."""
    next_attempt: datetime | None = None
    """Not before then; None where none failed."""
    last_error: str | None = None
    """Of the last attempt, where that failed or was half a success."""
    last_sent: datetime | None = None
    sent: int = 0
    """Steps that it was told of, ever."""
    failed: int = 0
    """Steps that it could not be told of within a day, ever."""
    lost: int = 0
    """Those of them since it was last told anything."""


class ChannelsLook(msgspec.Struct, frozen=True):
    channels: tuple[str, ...]
    """Name and URL, without what is secret in it."""
    problems: tuple[str, ...]
    """As of `problems` and `report_problems`, or why the settings cannot be used."""


def standings(settings: NotifyingSettings, state: Store) -> tuple[ChannelStanding, ...]:
    """Of each channel of the settings, and of others for which something waits. Raises `StateError`."""
    states = {one.name: one for one in ChannelStates(state).all()}
    named = {channel.name for channel in settings.channels}
    others = [one for one in states.values() if one.pending and one.name not in named]
    return (
        *(_standing(_configured(channel), states.get(channel.name)) for channel in settings.channels),
        *(_standing(ChannelStanding(name=one.name, url=None), one) for one in others),
    )


def problems(found: Iterable[ChannelStanding]) -> Iterator[str]:
    """What needs somebody's attention, each with what to do."""
    for channel in found:
        why = f": {channel.last_error}" if channel.last_error else ""
        if channel.url is None:
            yield (
                f"channel {channel.name} is in no settings, and {count_of(channel.pending, 'step')} of alerts waited "
                "for it: name it again, or leave it: they are given up after a day"
            )
            continue
        where, advice = f"channel {channel.name} ({channel.url})", _advice(channel.name)
        if channel.lost:
            yield f"{where} could not be told of {count_of(channel.lost, 'step')} of alerts{why}; {advice}"
        if channel.pending and channel.last_error:
            since = f"{moment(channel.oldest, UTC)} UTC"
            yield f"{where} was not told of {count_of(channel.pending, 'step')} of alerts since {since}{why}; {advice}"
        elif channel.last_error and not channel.lost:
            yield f"{where} was told of alerts, but not as it should be{why}; {advice}"


def report_problems(settings: NotifyingSettings, state: Store) -> dict[str, str]:
    """The same of weekly reports, by channels: of the last one of each, until it has that or the one of a later week.

    Raises `StateError`.
    """
    found: dict[str, str] = {}
    last: dict[str, ReportMail] = {}
    for mail in ReportMails(state).all():
        if mail.channel not in last or mail.until > last[mail.channel].until:
            last[mail.channel] = mail
    for channel in settings.channels:
        if channel.name in last and (said := _said_of(last[channel.name], wanted=channel.weekly_report)) is not None:
            found[channel.name] = f"channel {channel.name} ({channel.shown}) {said}; {_advice(channel.name)}"
    for name in sorted(last.keys() - {channel.name for channel in settings.channels}):
        if last[name].state == "pending":
            found[name] = (
                f"channel {name} is in no settings, and the {_report(last[name])} waits for it: name it again, or "
                "leave it: it is given up after a day"
            )
    return found


def _said_of(mail: ReportMail, *, wanted: bool) -> str | None:
    """What is wrong with a report; of a channel that is to have none any more, only while this one is still sent."""
    if mail.state == "failed" and wanted:
        return f"did not get the {_report(mail)}, which was given up after a day: {mail.error}"
    if mail.state == "pending" and mail.error:
        return (
            f"does not have the {_report(mail)} after {count_of(mail.attempts, 'attempt')}, and there will be more: "
            f"{mail.error}"
        )
    if mail.state == "sent" and mail.error and wanted:
        return f"has the {_report(mail)}, but not as it should be: {mail.error}"
    return None


def _report(mail: ReportMail) -> str:
    return f"report of the week until {mail.until:%Y-%m-%d}"


def _advice(channel: str) -> str:
    return f"see 'agentgauge alerts test-notification {channel}'"


def look(home: Home, state: Store) -> ChannelsLook:
    """At the settings as they are now. Raises `StateError`."""
    try:
        settings = get_notifying_settings(home)
    except SettingsError as error:
        return ChannelsLook((), (str(error),))
    shown = tuple(f"{channel.name} ({channel.shown})" for channel in settings.channels)
    wrong = (*problems(standings(settings, state)), *report_problems(settings, state).values())
    return ChannelsLook(shown, wrong)


def _configured(channel: Channel) -> ChannelStanding:
    return ChannelStanding(
        name=channel.name, url=channel.shown, severities=channel.severities, types=channel.types,
        projects=channel.projects, tell=channel.tell,
    )  # fmt: skip


def _standing(channel: ChannelStanding, state: ChannelState | None) -> ChannelStanding:
    if state is None:
        return channel
    return msgspec.structs.replace(
        channel, pending=state.pending, oldest=state.oldest, failures=state.failures,
        next_attempt=state.next_attempt if state.failures else None, last_error=state.last_error or None,
        last_sent=state.last_sent, sent=state.sent, failed=state.failed, lost=state.lost,
    )  # fmt: skip
