"""`agentgauge alerts test-notification`: whether the channels can be told anything."""

from __future__ import annotations

from typing import Annotated

import typer

from agentgauge.cli import options
from agentgauge.cli.exits import FINDING


def send_test_message(
    channel: Annotated[
        str | None,
        typer.Argument(metavar="CHANNEL", help="A channel's name; left out, each channel.", show_default=False),
    ] = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Send a test message to a channel, or to each, now.

    Channels are what AGENTGAUGE_NOTIFY and <home>/alerts.toml say. Ends with 1 where a message was not delivered.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.homes import check_writable
    from agentgauge.cli.output import print_document, print_sentence
    from agentgauge.service.notifying.trying import try_channels
    from agentgauge.settings.notifying import get_notifying_settings
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state

    settings = get_server_settings(home)
    check_writable(settings.recording.home)
    channels = get_notifying_settings(settings.recording.home)
    tried = try_channels(channels, shared_state(settings), datetime.now(UTC), channel)
    if as_json:
        print_document(tried)
    else:
        for one in tried:
            came_of = "delivered" if one.delivered else f"not delivered: {one.problem}"
            print_sentence(f"{one.channel} ({one.url}): {came_of}")
    if not all(one.delivered for one in tried):
        raise typer.Exit(FINDING)
