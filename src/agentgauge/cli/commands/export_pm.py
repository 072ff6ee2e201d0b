"""`agentgauge export pm`: what a ticket used, for the tool that the ticket is in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from agentgauge.engines import Engine
    from agentgauge.errors import QueryError


class Form(StrEnum):
    PLANE = "plane"
    LINEAR = "linear"


_NAMED = 3
_POSTED = {
    Form.PLANE: (
        "POST it to .../work-items/<work item>/comments/ of Plane's API, with the header X-API-Key; where that answers "
        "409, PATCH .../comments/<its id>/ to bring the comment up to date"
    ),
    Form.LINEAR: "POST it to https://api.linear.app/graphql, with your key in the header Authorization",
}


def pm(
    ticket: Annotated[str, typer.Option("--ticket", metavar="TICKET", help="The ticket, such as PROJ-456.")],
    form: Annotated[
        Form | None,
        typer.Option("--format", help="Body of a request that adds a comment; without it, the figures alone."),
    ] = None,
    session: Annotated[
        str | None, typer.Option("--session", metavar="SESSION", help="Only what this session did.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write; - is standard output.", allow_dash=True)
    ] = Path("-"),
    home: options.Home = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the document and say nothing else.")] = False,
) -> None:
    """Write what a ticket used, for Plane, Linear or another tool.

    Everything recorded for the ticket counts, in whatever session, run or process. What is written is JSON; nothing is
    sent.
    """
    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import note, print_document
    from agentgauge.exporters.pm import linear_comment, plane_comment
    from agentgauge.meter import Meter
    from agentgauge.sessions import pm_export
    from agentgauge.sessions.stream_summary import Selection, summed
    from agentgauge.settings import get_settings

    settings = get_settings(home)
    note_absent(settings.home)
    with Meter(settings).engine() as engine:
        summary = summed(engine, Selection(ticket=ticket, session=session))
        if not summary.by_agent_role:
            raise _nothing_of(engine, ticket, session)
    if form is None:
        payload = pm_export(summary, ticket, session)
    else:
        payload = {Form.PLANE: plane_comment, Form.LINEAR: linear_comment}[form](summary, ticket, session)
    if str(out) == "-":
        print_document(payload)
    else:
        _write(out, payload)
    if form is not None and not as_json:
        note(_POSTED[form])


def _nothing_of(engine: Engine, ticket: str, session: str | None) -> QueryError:
    from difflib import get_close_matches

    from agentgauge.errors import QueryError
    from agentgauge.sessions.stream_summary import Selection, grouped

    known = [name for name in grouped(engine, "ticket", Selection()) if name is not None]
    if ticket in known:
        return QueryError(
            f"session {session!r} did nothing for ticket {ticket!r}; leave out --session for all that was"
        )
    if near := get_close_matches(ticket, known, n=3):
        there_are = f"did you mean {' or '.join(near)}?"
    elif known:
        there_are = f"there are {', '.join(known[:_NAMED])}{', ...' if len(known) > _NAMED else ''}"
    else:
        there_are = "no event here names a ticket"
    return QueryError(f"nothing is recorded for ticket {ticket!r}: {there_are}")


def _write(out: Path, payload: dict[str, Any]) -> None:
    import msgspec

    from agentgauge.files import write_atomically

    try:
        write_atomically(out, msgspec.json.format(msgspec.json.encode(payload), indent=2) + b"\n")
    except OSError as error:  # names a file that nobody gave, which was to take the place of this one
        raise OSError(error.errno, error.strerror, str(out)) from error
