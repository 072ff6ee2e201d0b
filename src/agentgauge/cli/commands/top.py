"""`agentgauge top`: what goes on now, on a screen that stays up to date."""

from __future__ import annotations

from typing import Annotated

import typer

from agentgauge.cli import options


def top(
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.1, max=3600, help="Between two looks.")
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print what goes on now and end.")] = False,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Watch agents at work, spend, budgets and alerts.

    Keys: q ends, p pauses, c, t and l sort agents by cost, time and last event. Where standard output is no terminal it
    prints what goes on now and ends. It needs no server.
    """
    import sys

    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import print_document
    from agentgauge.cli.top_reading import Reading
    from agentgauge.cli.top_watch import print_once, watch
    from agentgauge.cli.zones import reading_zone

    _, zone = reading_zone(tz)
    with Reading(home, zone) as reading:
        if as_json or not reading.home.root.exists():
            note_absent(reading.home)
        if as_json:
            print_document(reading.look().document())
        elif once or not sys.stdout.isatty():
            print_once(reading, zone)
        else:
            watch(reading, zone, interval)
