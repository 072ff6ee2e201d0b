"""A test message, now: whether a channel can be told anything, before something has to be told."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches

import msgspec

from agentgauge.errors import NotFound, SettingsError
from agentgauge.service.notifying.post import Message
from agentgauge.service.notifying.sending import Sender
from agentgauge.settings.notifying import Channel, NotifyingSettings
from agentgauge.state.notifications import Outbox
from agentgauge.state.store import Store


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    channel: str
    url: str
    """Without what is secret in it."""
    delivered: bool
    problem: str | None
    """Why not, or not to all whom the URL names."""


def try_channels(settings: NotifyingSettings, state: Store, at: datetime, name: str | None = None) -> tuple[Tried, ...]:
    """Send a test message to a channel, or to each. They are told of what happens from now on, too.

    Raises `NotFound` for a name that no channel has, `SettingsError` where there is none at all or the [server] extra
    is missing, and `StateError`.
    """
    chosen = _chosen(settings.channels, name)
    with Sender() as sender:
        Outbox(state).gather(settings.channels, at)
        return tuple(_try(sender, channel, settings.url) for channel in chosen)


def _chosen(channels: Sequence[Channel], name: str | None) -> Sequence[Channel]:
    if not channels:
        raise SettingsError(
            "no channels are set: set AGENTGAUGE_NOTIFY to a URL, as mailtos://user:password@example.org, or write "
            "[[channel]] tables into alerts.toml of the home"
        )
    if name is None:
        return channels
    by_name = {channel.name: channel for channel in channels}
    if name not in by_name:
        near = get_close_matches(name, by_name, n=1)
        hint = f": did you mean {near[0]}?" if near else "."
        raise NotFound(f"no channel {name!r}{hint} There are {', '.join(by_name)}", field="channel", allowed=[*by_name])
    return [by_name[name]]


def _try(sender: Sender, channel: Channel, server: str | None) -> Tried:
    message = Message(
        id=f"agentgauge-test-{secrets.token_hex(8)}",
        subject="agentgauge: a test message",
        body=f"Channel {channel.name} can be told of alerts: severities {', '.join(channel.severities)}; "
        f"steps {', '.join(channel.tell)}." + ("" if server is None else f"\n\nServer: {server}"),
    )
    problem = sender.send(channel.url, message).problem
    return Tried(channel=channel.name, url=channel.shown, delivered=not problem, problem=problem or None)
