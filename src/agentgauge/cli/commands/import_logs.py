"""`agentgauge import`: the logs of coding agents."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options, wording
from agentgauge.cli.exits import FINDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from agentgauge.service.importing import Disagreement, Imported
    from agentgauge.settings import Home

_NAMED = 10
"""Of broken lines and the like, how many are named on the screen; the rest are counted."""


class LogSource(StrEnum):
    PI = "pi"
    CLAUDE_CODE = "claude-code"
    CODEX = "codex"


def import_command(
    source: Annotated[LogSource, typer.Argument(help="Which agent wrote the logs.")],
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders or patterns.")],
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Bring in sessions that coding agents logged.

    Sessions become tasks (one per turn of the user), model calls, tool calls and errors; texts are not kept. Importing
    again adds only what is new. Lines that cannot be read are skipped and named. Ends with 1 where the journal had no
    place for all events.
    """
    from datetime import UTC, datetime

    from agentgauge.cli.homes import check_writable
    from agentgauge.cli.output import print_document
    from agentgauge.cli.progress import through_files
    from agentgauge.meter import Meter
    from agentgauge.service.importing import import_logs
    from agentgauge.settings import get_settings

    meter = Meter(get_settings(home))
    check_writable(meter.settings.home)
    with through_files() as on_file:
        imported = import_logs(meter, source.value, paths, now=datetime.now(UTC), on_file=on_file)
    if as_json:
        print_document(imported)
    else:
        _show(imported, paths, meter.settings.home, named=home is not None)
    if imported.dropped:
        raise typer.Exit(FINDING)


def _show(imported: Imported, paths: Sequence[str], home: Home, *, named: bool) -> None:
    from agentgauge.cli.output import screen

    out = screen()
    if not imported.files and not imported.skipped:
        out.print(f"No logs in {', '.join(paths)}: no *.jsonl and no *.json below.", markup=False, soft_wrap=True)
        return
    for line in _recorded(imported):
        out.print(line, markup=False)
    _show_first(
        out,
        f"Skipped {wording.count_of(len(imported.broken), 'line')} that could not be read:",
        [f"{line.file}:{line.line_number} (byte {line.byte_offset}): {line.reason}" for line in imported.broken],
    )
    _show_first(
        out,
        f"Skipped {wording.count_of(len(imported.skipped), 'file')}:",
        [file.reason for file in imported.skipped],
    )
    calls = wording.count_of(imported.compared, "call")
    differing = sum(model.calls for model in imported.disagreements)
    _show_first(
        out,
        f"By our prices {wording.count(differing)} of {calls} would cost otherwise than stated, which is kept:",
        [_differing(model) for model in imported.disagreements],
    )
    if imported.compared and not imported.disagreements:
        out.print(f"The cost that the logs state agrees with our prices in {calls}.")
    _show_next(out, home, named=named)


def _show_next(out: Console, home: Home, *, named: bool) -> None:
    import shlex

    from agentgauge.cli.program_name import program_name

    place = f" --home {shlex.quote(home.lake.removesuffix('/lake'))}" if named else ""
    out.print(f"The home is {home.root}. Next: {program_name()} report{place}", markup=False, soft_wrap=True)


def _recorded(imported: Imported) -> Iterator[str]:
    read = f"{wording.count_of(imported.sessions, 'session')} in {wording.count_of(imported.files, 'file')}"
    if imported.recorded:
        nouns = {"task": "task", "llm_call": "model call", "tool_call": "tool call", "error": "error"}
        kinds = [wording.count_of(imported.by_kind.get(kind, 0), noun) for kind, noun in nouns.items()]
        if others := imported.recorded - sum(imported.by_kind.get(kind, 0) for kind in nouns):
            kinds.append(wording.count_of(others, "other event"))
        yield f"Recorded from {read}: {', '.join(kinds)}."
    else:
        yield f"Nothing new in {read}."
    if imported.repeated:
        stand = "stands" if imported.repeated == 1 else "stand"
        yield f"{wording.count_of(imported.repeated, 'event')} {stand} in several files, taken once."
    if imported.known:
        yield f"Already there: {wording.count_of(imported.known, 'event')}."
    if imported.unsettled:
        yield f"Still going on: {wording.count_of(imported.unsettled, 'event')}; import again later."
    for reason, number in imported.refused.items():
        yield f"Refused: {wording.count_of(number, 'event')}, {reason}."
    for reason, number in imported.dropped.items():
        yield f"Dropped: {wording.count_of(number, 'event')}, {reason}; import again when there is room."


def _differing(model: Disagreement) -> str:
    stated, ours = wording.money(model.stated_usd), wording.money(model.computed_usd)
    return f"{wording.count_of(model.calls, 'call')} of {model.model}: stated {stated}, ours {ours}"


def _show_first(out: Console, heading: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    out.print(heading, style="yellow")
    for line in lines[:_NAMED]:
        out.print(f"  {line}", markup=False, soft_wrap=True)
    if len(lines) > _NAMED:
        out.print(f"  and {wording.count(len(lines) - _NAMED)} more; --json names them all")
