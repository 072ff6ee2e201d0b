"""Looking at the channels before there is anything to tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from agentgauge.errors import SettingsError
from agentgauge.service.notifying.sending import Sender
from agentgauge.settings import Home
from agentgauge.settings.notifying import Channel, get_notifying_settings


def check_channels(home: Home) -> None:
    """Raises `SettingsError` where the settings of channels cannot be used, naming those whose URLs Apprise cannot
    read, and without the [server] extra. Takes half a second where there are channels, else nothing.
    """
    check_urls(get_notifying_settings(home).channels)


def check_urls(channels: Collection[Channel]) -> None:
    """As `check_channels`, of these."""
    if not channels:
        return
    with Sender() as sender:
        problems = list(_problems(sender, channels))
    if problems:
        raise SettingsError("; ".join(problems))


def _problems(sender: Sender, channels: Collection[Channel]) -> Iterator[str]:
    for channel in channels:
        if problem := sender.check(channel.url):
            yield f"channel {channel.name!r} ({channel.shown}): {problem}"
