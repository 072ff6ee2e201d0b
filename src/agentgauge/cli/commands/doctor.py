"""`agentgauge doctor`: whether everything that was recorded is there, and the home in order."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Literal

import typer

from agentgauge.cli import options
from agentgauge.cli.exits import FINDING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from agentgauge.service.doctor import Diagnosis, LossState
    from agentgauge.service.notifying.standing import ChannelsLook

_WORDS_WIDTH = 24
"""Columns that an example needs beside the other columns; on a narrower screen it stands below them."""


def doctor(
    since: options.Since = None, tz: options.TimeZone = None, home: options.Home = None, as_json: options.Json = False
) -> None:
    """Show what was lost and whether the home is in order.

    What was refused, torn or dropped, and the state of journal, lake and disk. With --since, losses and unpriced calls
    before then no longer count. Ends with 1 where there are problems.
    """
    from datetime import UTC, datetime

    from msgspec.structs import replace

    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone
    from agentgauge.meter import Meter
    from agentgauge.service.doctor import diagnose
    from agentgauge.service.window import parse_window
    from agentgauge.settings import get_settings

    _, zone = reading_zone(tz)
    window = parse_window(since, None, zone, datetime.now(UTC))
    settings = get_settings(home)
    note_absent(settings.home)
    diagnosis = diagnose(Meter(settings), window.start)
    # What keeps the whole file of alerts from being read is wrong with rules and channels alike.
    told = _of_channels(home)
    of_alerts = dict.fromkeys((*_of_rules(home), *told.problems))
    diagnosis = replace(diagnosis, problems=(*diagnosis.problems, *of_alerts), channels=told.channels)
    if as_json:
        print_document(diagnosis)
    else:
        _show(diagnosis, zone)
    if diagnosis.problems:
        raise typer.Exit(FINDING)


def _of_rules(home: str | None) -> tuple[str, ...]:
    """What is wrong with what is alerted of."""
    from agentgauge.cli.said_once import said_once
    from agentgauge.errors import SettingsError, StateError
    from agentgauge.service.alerting import Alerting
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state

    try:
        settings = get_server_settings(home)
        with said_once():
            return Alerting(shared_state(settings), settings.recording.home).rules().problems
    except (SettingsError, StateError) as error:
        return (str(error),)


def _of_channels(home: str | None) -> ChannelsLook:
    """Who is told of alerts, and what is wrong with that."""
    from agentgauge.errors import SettingsError, StateError
    from agentgauge.service.notifying.standing import ChannelsLook, look
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state

    try:
        settings = get_server_settings(home)
        return look(settings.recording.home, shared_state(settings))
    except (SettingsError, StateError) as error:
        return ChannelsLook((), (str(error),))


def _show(diagnosis: Diagnosis, zone: tzinfo) -> None:
    from rich.table import Table
    from rich.text import Text

    from agentgauge.cli.output import screen

    out = screen()
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _state(diagnosis):
        table.add_row(label, Text(value))
    out.print(table)
    for title, kept in (("Lost events", False), ("Events that were kept, but altered", True)):
        if rows := [loss for loss in diagnosis.losses if loss.kept == kept]:
            out.print()
            out.print(_losses_table(title, rows, zone, out.width))
    out.print()
    if not diagnosis.problems:
        out.print("No problems.", style="green")
    for problem in diagnosis.problems:
        out.print(Text.assemble(("problem: ", "bold red"), problem))


def _losses_table(title: str, losses: Sequence[LossState], zone: tzinfo, width: int) -> Table:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.tables import natural_width, plain_table, table_width

    table = plain_table(title)
    cells: list[tuple[str, Callable[[LossState], str]]] = [
        ("reason", lambda loss: loss.reason),
        ("events", lambda loss: wording.count(loss.count)),
        ("last", lambda loss: wording.moment(loss.last, zone)),
    ]
    beside = table_width([*(natural_width(*cell, losses) for cell in cells), _WORDS_WIDTH]) <= width
    for heading, _ in cells:
        justify: Literal["left", "right"] = "right" if heading == "events" else "left"
        table.add_column(heading, justify=justify, no_wrap=heading != "reason", overflow="fold")
    if beside:
        table.add_column("example", overflow="fold")
    for loss in losses:
        shown = [Text(show(loss)) for _, show in cells]
        table.add_row(*shown, *([Text(_example(loss))] if beside else []))
    if not beside:
        table.caption = Text("\n".join(f"{loss.reason}: {_example(loss)}" for loss in losses))
        table.caption_justify = "left"
    return table


def _example(loss: LossState) -> str:
    return f"{loss.detail}{' ' if loss.detail else ''}({loss.file}, byte {loss.byte})"


def _state(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    from agentgauge.cli import wording

    live = sum(segment.live for segment in diagnosis.segments)
    segments = wording.count_of(len(diagnosis.segments), "segment")
    used, limit = wording.size(diagnosis.journal_bytes), wording.size(diagnosis.journal_limit_bytes)
    files = wording.count_of(diagnosis.lake_files, "file")
    return [
        ("agentgauge", f"{diagnosis.version} on Python {diagnosis.python}"),
        ("home", f"{diagnosis.home}{'' if diagnosis.writable else ' (cannot be written)'}"),
        ("free space", wording.size(diagnosis.free_bytes)),
        (
            "events",
            f"{wording.count(diagnosis.events)}, of them {wording.count(diagnosis.tail_events)} still in the journal",
        ),
        (
            "journal",
            f"{segments}, {wording.count(live)} being written, {used} of at most {limit}",
        ),
        (
            "lake",
            f"{diagnosis.lake}: "
            + ("nothing yet" if diagnosis.lake_version < 0 else f"{files}, version {diagnosis.lake_version}"),
        ),
        *_shipping(diagnosis),
        ("prices", diagnosis.price_book),
        *([("channels", ", ".join(diagnosis.channels))] if diagnosis.channels else []),
    ]


def _shipping(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    from agentgauge.cli import wording

    found = diagnosis.forwarding
    if found is None:
        return []
    asked = [("server", found.asked.words)] if found.asked is not None else []
    if found.since is None:
        return asked
    sent = f"{wording.count_of(found.sent_events, 'event')} sent"
    if found.endpoint is None:
        return [("ships to", f"nobody any more; {sent}"), *asked]
    return [("ships to", f"{found.endpoint}: {sent}, {found.waiting.split(' event')[0]} waiting"), *asked]
