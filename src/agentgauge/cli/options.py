"""Options that several commands have, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

Home = Annotated[
    str | None,
    typer.Option(
        "--home", metavar="DIR|URI", help="Where the data is. Default: AGENTGAUGE_HOME, else the user's data directory."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Start: 7d, 12h, today, 2026-11-01, 2026-11-01T09:30.")
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="End, in the same forms; a day is included whole.")
]
TimeZone = Annotated[
    str | None, typer.Option("--tz", metavar="ZONE", help="Days and times of this zone, such as Europe/Berlin.")
]
By = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="DIMENSION",
        help="Break down by agent, role, model, project, issue, user, ...: any event column or key of attributes, "
        "several with commas.",
    ),
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Rows of a table on the screen; --json has all.")]
Exact = Annotated[
    bool,
    typer.Option("--exact", help="Read percentiles from the events themselves, never from summaries within 1 %."),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="FIELD=VALUE",
        help="Only events with this value of a column or attribute; also != < <= > >=. Several fields must all hold, "
        "several values of one are alternatives.",
    ),
]
