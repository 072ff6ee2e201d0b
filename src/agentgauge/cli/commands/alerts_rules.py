"""`agentgauge alerts rules`: what is alerted of, and whether a file of rules can be used.

Rules are changed in `alerts.toml` or over HTTP. There is no third way here: what a command had changed would be found
in neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options
from agentgauge.cli.exits import FINDING

if TYPE_CHECKING:
    from agentgauge.service.alerting import RuleInForce

rules = typer.Typer(rich_markup_mode=None)

_LEGIBLE_WIDTH = 64
"""What a rule alerts of is half a sentence: on a wide screen or in a pipe it wraps all the same."""


@rules.callback(invoke_without_command=True)
def show(context: typer.Context, home: options.Home = None, as_json: options.Json = False) -> None:
    """Show the rules in force, and where each comes from: the defaults, alerts.toml, or HTTP.

    Ends with 1 where some that were written cannot be used.
    """
    if context.invoked_subcommand is not None:
        return
    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import note, print_document
    from agentgauge.cli.said_once import said_once
    from agentgauge.service.alerting import Alerting
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state

    settings = get_server_settings(home)
    if settings.database_url is None:
        note_absent(settings.recording.home)
    with said_once():
        found = Alerting(shared_state(settings), settings.recording.home).rules()
    if as_json:
        print_document(found)
    else:
        _print_table(found.rules)
        for problem in found.problems:
            note(f"problem: {problem}")
    if found.problems:
        raise typer.Exit(FINDING)


@rules.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Such as alerts.toml before it is put into the home.")],
    as_json: options.Json = False,
) -> None:
    """Say whether the rules and channels of a file can be used; exit code 1 where they cannot."""
    from agentgauge.cli.output import print_document, print_sentence
    from agentgauge.errors import SettingsError
    from agentgauge.service.wording import count_of

    if not file.is_file():
        raise SettingsError(f"{file} is no file: name one with tables [[rule]] or [[channel]]")
    names: dict[str, list[str]] = {"rule": [], "channel": []}
    problems: dict[str, None] = {}  # what keeps the whole file from being read is said of both, and once here
    for kind, read in (("rule", _rules_of), ("channel", _channels_of)):
        try:
            names[kind] = read(file)
        except SettingsError as error:
            problems[str(error)] = None
    if as_json:
        print_document({"rules": names["rule"], "channels": names["channel"], "problems": list(problems)})
    elif problems:
        for problem in problems:
            print_sentence(problem)
    else:
        found = (f"{count_of(len(of), kind)}{': ' if of else ''}{', '.join(of)}" for kind, of in names.items())
        print_sentence(f"{file}: {'; '.join(found)}")
    if problems:
        raise typer.Exit(FINDING)


def _rules_of(file: Path) -> list[str]:
    from agentgauge.service.alert_rule_file import file_rules

    return list(file_rules(file))


def _channels_of(file: Path) -> list[str]:
    from agentgauge.service.notifying.checking import check_urls
    from agentgauge.settings.notifying import channels_of_file

    channels = channels_of_file(file)
    check_urls(channels.values())
    return list(channels)


def _print_table(found: tuple[RuleInForce, ...]) -> None:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    from agentgauge.cli.output import screen
    from agentgauge.cli.tables import plain_table

    table = plain_table()
    table.add_column("rule, and what it alerts of", overflow="fold", max_width=_LEGIBLE_WIDTH)
    for heading in ("severity", "reminder", "from"):
        table.add_column(heading, no_wrap=True)
    for rule in found:
        type_ = () if rule.name == rule.type else (f" ({rule.type})",)
        off = () if rule.enabled else (" (off)",)
        name = Text.assemble((rule.name, "bold" if rule.enabled else "dim"), *type_, *off)
        table.add_row(
            Group(name, Padding(Text(rule.sentence), (0, 0, 0, 2))),
            Text(rule.severity or "by degree"),
            Text(f"{rule.remind_after_hours} h" if rule.remind_after_hours else "never"),
            Text(rule.source if rule.instead_of in (None, "default") else f"{rule.source}, not {rule.instead_of}"),
        )
    screen().print(table)
