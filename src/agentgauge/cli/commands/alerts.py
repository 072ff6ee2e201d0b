"""`agentgauge alerts`: what needs attention, who attends to it, and what is alerted of.

Rules have a file of their own (`alerts_rules`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agentgauge.cli import options
from agentgauge.cli.commands.alerts_notification import send_test_message
from agentgauge.cli.commands.alerts_rules import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from agentgauge.state.alerts import Alert, AlertBook, AlertStep, Evidence

alerts = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="What needs attention, and who attends to it.")


_Which = Literal["open", "active", "acknowledged", "resolved", "all"]
_Status = Literal["active", "acknowledged", "resolved"]
_AMONG: dict[_Which, tuple[_Status, ...]] = {
    "open": ("active", "acknowledged"),
    "active": ("active",),
    "acknowledged": ("acknowledged",),
    "resolved": ("resolved",),
    "all": ("active", "acknowledged", "resolved"),
}
_Severity = Literal["critical", "error", "warning", "info"]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise typer.BadParameter(f"{text!r} is no alert's number, which 'agentgauge alerts list' shows")
    return int(text)


_Ids = Annotated[
    list[int], typer.Argument(metavar="ID...", parser=_number, help="Numbers that 'agentgauge alerts list' shows.")
]
_LEGIBLE_WIDTH = 64
"""A message is a sentence: on a wide screen or in a pipe it wraps all the same."""
_COLOURS = {"critical": "bold red", "error": "red", "warning": "yellow", "info": "dim"}


@alerts.command("list")
def list_command(
    status: Annotated[_Which, typer.Option("--status", help="Which; open are those that are not resolved.")] = "open",
    severity: Annotated[_Severity | None, typer.Option("--severity", help="Only of this severity.")] = None,
    project: Annotated[str | None, typer.Option("--project", metavar="PROJECT", help="Only of this project.")] = None,
    limit: options.Limit = 50,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """List alerts: active ones first, then those that somebody acknowledged; of each the newest first."""
    from agentgauge.cli.output import note, print_document, screen
    from agentgauge.cli.zones import reading_zone

    _, zone = reading_zone(tz)
    book = _book(home)
    most = None if as_json else limit
    found = [
        alert
        for each in _AMONG[status]
        for alert in book.alerts(status=each, severity=severity, project=project, limit=most)
    ]
    if as_json:
        print_document(found)
        return
    if not found:
        among = "" if status == "all" else f" {status}"
        screen().print(f"There are no{among} alerts.", markup=False, soft_wrap=True)
        return
    _print_list(found[:limit], zone)
    count = sum(book.count(each, severity=severity, project=project) for each in _AMONG[status])
    if count > limit:
        note(f"{count - limit:,} more: --limit shows more of them")


@alerts.command()
def show(
    id_: Annotated[
        int, typer.Argument(metavar="ID", parser=_number, help="The number that 'agentgauge alerts list' shows.")
    ],
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show an alert, what it was raised from, and everything that happened to it."""
    from msgspec.structs import asdict

    from agentgauge.cli.output import print_document
    from agentgauge.cli.zones import reading_zone

    _, zone = reading_zone(tz)
    found = _book(home).case(id_)
    if as_json:
        print_document({**asdict(found.alert), "history": found.history})
    else:
        _print_alert(found.alert, found.history, zone)


@alerts.command()
def ack(ids: _Ids, home: options.Home = None, as_json: options.Json = False) -> None:
    """Acknowledge alerts: say that somebody attends to them. They are not told of again, unless they get worse."""
    _act_on(ids, lambda book: book.acknowledge, home, as_json)


@alerts.command()
def resolve(ids: _Ids, home: options.Home = None, as_json: options.Json = False) -> None:
    """Resolve alerts: say that they are done with.

    One whose condition still holds stays quiet until that is worse, or the interval of its reminders is over.
    """
    _act_on(ids, lambda book: book.resolve, home, as_json)


@alerts.command()
def undo(ids: _Ids, home: options.Home = None, as_json: options.Json = False) -> None:
    """Take back what a person did last: acknowledging or resolving."""
    _act_on(ids, lambda book: book.undo, home, as_json)


alerts.add_typer(rules, name="rules")
alerts.command("test-notification")(send_test_message)


def _act_on(
    ids: Sequence[int], act: Callable[[AlertBook], Callable[..., Alert]], home: str | None, as_json: bool
) -> None:
    """On each that can be; those that cannot are named in the end."""
    from datetime import UTC, datetime

    from agentgauge.cli.output import print_document, print_sentence
    from agentgauge.errors import Conflict, NotFound

    book, now, actor = _book(home), datetime.now(UTC), _actor()
    done: list[Alert] = []
    refused: list[str] = []
    for id_ in ids:
        try:
            done.append(act(book)(id_, actor, now))
        except (NotFound, Conflict) as error:
            refused.append(str(error))
    if as_json:
        print_document(done)
    for alert in () if as_json else done:
        print_sentence(f"{alert.id} is {alert.status}: {alert.message}")
    if refused:
        raise Conflict("; ".join(refused))


def _actor() -> str:
    import getpass

    try:
        return f"{getpass.getuser()} (command line)"
    except (OSError, KeyError):  # a user without a name, as containers have
        return "command line"


def _book(home: str | None) -> AlertBook:
    from agentgauge.cli.homes import note_absent
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.alerts import AlertBook
    from agentgauge.state.opening import shared_state

    settings = get_server_settings(home)
    if settings.database_url is None:
        note_absent(settings.recording.home)
    return AlertBook(shared_state(settings))


def _print_list(found: Sequence[Alert], zone: tzinfo) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.tables import plain_table

    table = plain_table()
    for name in ("id", "since"):
        table.add_column(name, no_wrap=True, justify="right" if name == "id" else "left")
    table.add_column("severity", no_wrap=True)
    table.add_column("what", overflow="fold", max_width=_LEGIBLE_WIDTH)
    table.add_column("status", no_wrap=True)
    for alert in found:
        table.add_row(
            Text(str(alert.id)),
            Text(wording.moment(alert.detected_at, zone)),
            Text(alert.severity, style=_COLOURS[alert.severity]),
            Text.assemble(alert.message, *_project_of(alert), *_attended_by(alert)),
            Text(alert.status),
        )
    screen().print(table)


def _project_of(alert: Alert) -> list[tuple[str, str]]:
    """A line about it, where the message says nothing of it."""
    if alert.project is None or alert.project in alert.message:
        return []
    return [(f"\nproject {alert.project}", "dim")]


def _attended_by(alert: Alert) -> list[tuple[str, str]]:
    """A line about who did what its status says."""
    by = {"acknowledged": alert.acknowledged_by, "resolved": alert.resolved_by}.get(alert.status)
    return [] if by is None else [(f"\n{alert.status} by {_who(by)}", "dim")]


def _who(actor: str | None) -> str:
    from agentgauge.state.alert_steps import ITSELF

    return "itself" if actor is None or actor == ITSELF else actor


def _evidence_of(evidence: Evidence, zone: tzinfo) -> list[tuple[str, str | None]]:
    """Facts about what it was raised from; None of what there is none of."""
    from agentgauge.service.evidence_wording import baseline_words, conditions, range_words, window_words

    unit, expected, interval = evidence.unit, evidence.expected, evidence.interval
    return [
        ("accepted", None if expected is None else range_words(expected, unit)),
        ("95 % interval", None if interval is None else range_words(interval, unit)),
        ("window", window_words(evidence.window, zone)),
        ("samples", None if evidence.samples is None else f"{evidence.samples:,}"),
        ("compared with", None if evidence.baseline is None else baseline_words(evidence.baseline, zone)),
        ("budget", evidence.budget),
        ("rows", ", ".join(conditions(evidence)) or None),
    ]


def _print_alert(alert: Alert, steps: Sequence[AlertStep], zone: tzinfo) -> None:
    from rich.table import Table
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import print_sentence, screen
    from agentgauge.cli.tables import plain_table
    from agentgauge.service.notifying.wording import figure

    out = screen()
    severity = (alert.severity, _COLOURS[alert.severity])
    out.print(Text.assemble((f"alert {alert.id}", "bold"), "  ", severity, "  ", alert.status), soft_wrap=True)
    print_sentence(Text.assemble(alert.message, *_attended_by(alert)))
    facts = Table.grid(padding=(0, 2))
    for name, value in (
        ("rule", alert.rule or wording.NOTHING),
        ("type", alert.type),
        ("metric", alert.metric),
        ("agent", alert.agent_name),
        ("project", alert.project),
        ("value", figure(alert, alert.current_value)),
        ("expected", figure(alert, alert.expected_value)),
        ("threshold", figure(alert, alert.threshold_value)),
        *([] if alert.evidence is None else _evidence_of(alert.evidence, zone)),
        ("detected", wording.moment(alert.detected_at, zone)),
        ("still holds", "yes" if alert.clear_at is None else f"no, since {wording.moment(alert.clear_at, zone)}"),
    ):
        if value is not None:
            facts.add_row(Text(name, style="dim"), Text(value))
    out.print()
    out.print(facts)
    out.print()
    table = plain_table()
    for heading in ("when", "what happened", "by", "severity"):
        table.add_column(heading, overflow="fold")
    table.add_column("value", justify="right")
    for step in steps:
        table.add_row(
            Text(wording.moment(step.time, zone)),
            Text(step.kind),
            Text(_who(step.actor)),
            Text(step.severity),
            Text(figure(alert, step.figures.current_value) or wording.NOTHING),
        )
    out.print(table)
