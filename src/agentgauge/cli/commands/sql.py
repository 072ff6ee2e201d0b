"""`agentgauge sql`: a question in SQL."""

from __future__ import annotations

import csv
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentgauge.lake import Snapshot
    from agentgauge.service.sql import Rows
    from agentgauge.settings.server import ServerSettings
    from agentgauge.state.agents import AgentName


class Shape(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def sql(
    statement: Annotated[str | None, typer.Argument(metavar="[SELECT ...]", help="One statement that reads.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Read the statement from a file; - is standard input.", allow_dash=True),
    ] = None,
    shape: Annotated[Shape, typer.Option("--format", help="How rows are printed.")] = Shape.TABLE,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Ask in DuckDB's SQL, over the events and more.

    There are views of events, losses, tasks, units of work, repriced costs and features: 'SHOW TABLES' lists the views,
    'DESCRIBE events' the columns of one. Statements that would write or change something are refused. With --json the
    rows are a list of objects: amounts as strings, times in UTC.
    """
    from agentgauge.cli.homes import note_absent
    from agentgauge.cli.output import print_rows
    from agentgauge.errors import QueryError
    from agentgauge.meter import Meter
    from agentgauge.service.sql import asks_for_ids, names_agent_metrics, select
    from agentgauge.settings.server import get_server_settings

    if (statement is None) == (file is None):
        raise QueryError("give one statement, as an argument or with -f FILE")
    text = statement if file is None else sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    server_settings = get_server_settings(home)
    settings = server_settings.recording
    note_absent(settings.home)
    meter = Meter(settings)
    if settings.home.journal.is_dir() and asks_for_ids(text or ""):
        meter.compact_if_possible()
    with meter.reading() as snapshot:
        ids = _agent_ids(snapshot, server_settings) if names_agent_metrics(text or "") else None
        rows = select(snapshot.connection, text or "", snapshot.rollups.units, ids)
        if as_json or shape is Shape.JSON:
            print_rows(rows.columns, rows)
        elif shape is Shape.CSV:
            _print_csv(rows)
        else:
            _print_table(rows)


def _agent_ids(snapshot: Snapshot, settings: ServerSettings) -> Mapping[AgentName, int]:
    from agentgauge.engines.duckdb import DuckDBEngine
    from agentgauge.service.agent_metrics import agent_ids
    from agentgauge.state.agents import AgentBook
    from agentgauge.state.opening import shared_state

    return agent_ids(DuckDBEngine(snapshot.connection, snapshot.rollups), AgentBook(shared_state(settings)))


def _print_csv(rows: Rows) -> None:
    from agentgauge.events.plain import csv_cell

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows([csv_cell(value) for value in row] for row in rows)


def _print_table(rows: Rows) -> None:
    from agentgauge.cli.output import note, screen
    from agentgauge.cli.rows import print_rows_as_table

    found = list(rows)
    print_rows_as_table(screen(), rows.columns, found)
    if not found:
        note("no rows")
