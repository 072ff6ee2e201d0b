"""Landing: lines of the journal become rows of the lake.

One function for what is compacted and for the tail that a reader adds, pricing and deduplication included, so that an
answer does not change when its events move from the journal to the lake.

DuckDB's JSON reader gets whole, checked lines only, from a scratch file: left alone with a segment it fails on a NUL
tail and swallows the line after a hole. Decimals are strings in the lines, because the reader takes a long decimal
number for a double.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec

from agentgauge.errors import EventRefused, EventUnreadable
from agentgauge.events import fields
from agentgauge.events.codec import decode_line
from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.source_ids import TIMED
from agentgauge.events.validation import check
from agentgauge.lake.parquet import parquet_scan
from agentgauge.lake.rates import PRICED, Integer, computed, load_rates
from agentgauge.lake.schema import EVENTS, SQL_TYPES
from agentgauge.lake.table import StoredFile
from agentgauge.pricing import PriceBook

_LINE_COLUMNS = {"s": "VARCHAR", "n": "BIGINT"} | {
    field.name: {"time": "BIGINT", "money": "VARCHAR"}.get(field.type, SQL_TYPES[field.type]) for field in fields.ALL
}
_SAMENESS = (*fields.TOKEN_NAMES, "outcome", "duration_ms", "quality_score", "value")
"""What a repeated source id may correct. Reported money is compared too, computed money follows from the tokens
and may have been repriced since."""

_TIMED = f"starts_with(lines.source_id, '{TIMED}')"
_ALTERED = "contains(lines.attributes::VARCHAR, '\"stated_time\":')"
"""A time too far ahead was replaced by that of the arrival, so that a repeat has a later one."""
_ALTERED_MICROS = 24 * 3_600_000_000
"""How far back a repeat of such an event is looked for."""

_TIME_OF_ARRIVAL = "lines.time = lines.arrived"
"""No time was stated, so that of the first line holds, whatever is sent again."""

_MEMORY = "1GiB"


class Landed(msgspec.Struct, frozen=True):
    """Events that are ready to be rows.

    They are in the temporary tables `lines` and `rates` of the connection; `select` reads them.
    """

    rows: int
    lines: int
    """Lines read: no id is `first_id + lines` or above."""
    months: tuple[datetime, ...]
    """First moments of the UTC months that have rows."""
    in_order: bool
    """Whether the rows already come in the order of time."""
    replaced: tuple[str, ...]
    """Source ids whose row in the lake is superseded by a landed one."""
    unreadable: tuple[tuple[bytes, str], ...]
    """Lines that passed their checksum and are no events, with the reason."""
    price_version: str
    integer: Integer
    """What the cost of every row can be computed in."""

    def select(self, *, first_id: int | None = None, month: datetime | None = None) -> str:
        """A SELECT of the rows, priced, with the columns of `EVENTS`; of one month where it is given.

        `id` is `first_id` plus the number of the line: unique. Without it ids are null, as in a tail.
        """
        return _select(self, first_id, month)


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB connection as all of the lake uses it: UTC, nothing fetched from the network, a thread per core, and
    memory that leaves room for others: what a question needs beyond it goes to a temporary file.

    DuckDB counts the machine's cores, not those that a container or `taskset` leaves to the process. By itself it
    would take four fifths of the machine's memory, and put its files into the working directory.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "memory_limit": _MEMORY,
        "temp_directory": str(Path(tempfile.gettempdir()) / f"agentgauge-{os.getpid()}-{secrets.token_hex(4)}"),
    }
    if hasattr(os, "sched_getaffinity"):
        config["threads"] = str(len(os.sched_getaffinity(0)))
    connection = duckdb.connect(config=config)
    connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = true; SET enable_progress_bar = false")
    return connection


def land(
    connection: duckdb.DuckDBPyConnection,
    lines: Iterable[bytes],
    book: PriceBook,
    present: Sequence[StoredFile] = (),
    expired: Sequence[str] = (),
    *,
    by_identity: bool = False,
) -> Landed:
    """Ready the events in `lines` that the lake does not have, deduplicated, with the rates that price them.

    `present` are the Parquet files of the events table and `expired` the URIs of those of the sources table, which the
    connection can read. `by_identity`: some lines may have landed already, or be there twice, and are found by
    (segment, n).
    """
    with tempfile.TemporaryDirectory(prefix="agentgauge-") as scratch:
        spool = Path(scratch) / "lines.ndjson"
        with spool.open("wb") as file:
            file.writelines(lines)
        unreadable = _read(connection, spool)
    read = _scalar(connection, "SELECT count(*) FROM lines")
    if by_identity:
        _drop_landed(connection, present)
    replaced = _drop_known(connection, present, expired)
    integer = load_rates(connection, book)
    months = connection.execute(
        "SELECT DISTINCT date_trunc('month', day)::TIMESTAMPTZ "
        "FROM (SELECT DISTINCT make_timestamp(time)::DATE AS day FROM lines) ORDER BY 1"
    ).fetchall()
    return Landed(
        rows=_scalar(connection, "SELECT count(*) FROM lines"),
        lines=read,
        months=tuple(month for (month,) in months),
        in_order=not _scalar(
            connection,
            "SELECT coalesce(bool_or(back), false) FROM (SELECT time < lag(time) OVER () AS back FROM lines)",
        ),
        replaced=replaced,
        unreadable=unreadable,
        price_version=book.version,
        integer=integer,
    )


def _scalar(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


def _read(connection: duckdb.DuckDBPyConnection, spool: Path) -> tuple[tuple[bytes, str], ...]:
    columns = "{" + ", ".join(f"'{name}': '{sql_type}'" for name, sql_type in _LINE_COLUMNS.items()) + "}"
    statement = (
        "CREATE OR REPLACE TEMP TABLE lines AS SELECT * FROM "
        f"read_json(?, format = 'newline_delimited', columns = {columns}, maximum_object_size = 2097152)"
    )
    try:
        connection.execute(statement, [str(spool)])
    except duckdb.Error:
        unreadable = _drop_unreadable(spool)
        if not unreadable:
            raise
        connection.execute(statement, [str(spool)])
        return unreadable
    return ()


def _drop_unreadable(spool: Path) -> tuple[tuple[bytes, str], ...]:
    """Rewrite the spool without what is no event.

    Reached only when a forged or foreign line made the bulk reader fail.
    """
    readable: list[bytes] = []
    unreadable: list[tuple[bytes, str]] = []
    for line in spool.read_bytes().splitlines(keepends=True):
        try:
            check(decode_line(line))
        except (EventUnreadable, EventRefused) as error:
            unreadable.append((line, str(error)))
        else:
            readable.append(line)
    spool.write_bytes(b"".join(readable))
    return tuple(unreadable)


def _drop_known(
    connection: duckdb.DuckDBPyConnection, present: Sequence[StoredFile], expired: Sequence[str]
) -> tuple[str, ...]:
    """Of each source id keep the line that arrived last.

    Drop those that the lake has with the same usage or from a later arrival, and those that have expired. One whose
    time is that of its arrival gets the time of the first of its id.
    """
    row = connection.execute(
        f"SELECT count(source_id) FILTER (NOT {_TIMED}), "
        f"min(time - CASE WHEN coalesce({_ALTERED}, false) THEN {_ALTERED_MICROS} ELSE 0 END) FILTER ({_TIMED}), "
        f"max(time) FILTER ({_TIMED}) FROM lines"
    ).fetchone()
    others, first, last = row or (0, None, None)
    if not others and first is None:
        return ()
    if others:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE first AS "
            "SELECT source_id, arg_min(time, (coalesce(arrived, time), s, n)) AS time "
            f"FROM lines WHERE NOT {_TIMED} GROUP BY source_id HAVING count(*) > 1"
        )
    connection.execute(
        "DELETE FROM lines WHERE source_id IS NOT NULL AND rowid NOT IN (SELECT "
        "arg_max(rowid, (coalesce(arrived, time), s, n)) FROM lines WHERE source_id IS NOT NULL GROUP BY source_id)"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE known (line BIGINT, source_id VARCHAR, same BOOLEAN)")
    if others:
        if expired:
            connection.execute(
                f"DELETE FROM lines WHERE NOT {_TIMED} AND md5(source_id) IN "
                f"(SELECT source_key FROM {parquet_scan(expired)})"
            )
        _find_known(connection, [file.uri for file in present], f"NOT {_TIMED}")
        connection.execute(
            "UPDATE lines SET time = first.time FROM first "
            f"WHERE lines.source_id = first.source_id AND {_TIME_OF_ARRIVAL}"
        )
    if first is not None:
        start, end = from_micros(first), from_micros(last)
        within = f"stored.time BETWEEN make_timestamptz({first}) AND make_timestamptz({last})"
        _find_known(connection, [file.uri for file in present if file.may_have(start, end)], f"{_TIMED} AND {within}")
    connection.execute("DELETE FROM lines WHERE rowid IN (SELECT line FROM known WHERE same)")
    replaced = connection.execute("SELECT DISTINCT source_id FROM known WHERE NOT same ORDER BY 1").fetchall()
    connection.execute("DROP TABLE known")
    return tuple(source_id for (source_id,) in replaced)


def _find_known(connection: duckdb.DuckDBPyConnection, uris: Sequence[str], condition: str) -> None:
    """Add to `known` the lines that meet the condition and whose source ids the files have."""
    if not uris:
        return
    scan = f"{parquet_scan(uris)} AS stored"
    # Most batches repeat nothing, which the ids alone tell: a sixth of the columns that the comparison needs.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT DISTINCT source_id FROM {scan} JOIN lines USING (source_id) "
        f"WHERE {condition}"
    )
    if not _scalar(connection, "SELECT count(*) FROM repeated"):
        return
    same = [f'stored."{name}" IS NOT DISTINCT FROM {_with_default(name)}' for name in _SAMENESS]
    same.append(
        "(lines.cost_usd IS NULL OR lines.cost_source = 'computed' "
        "OR stored.cost_usd IS NOT DISTINCT FROM lines.cost_usd::DECIMAL(18,12))"
    )
    connection.execute(
        f"""
        INSERT INTO known SELECT lines.rowid, lines.source_id,
            ({" AND ".join(same)})
            OR make_timestamptz(coalesce(lines.arrived, lines.time)) < coalesce(stored.arrived, stored.time)
        FROM {scan} JOIN lines USING (source_id) WHERE {condition} AND lines.source_id IN (FROM repeated)
        """
    )
    connection.execute(
        f"UPDATE lines SET time = epoch_us(stored.time) FROM {scan} WHERE lines.source_id = stored.source_id "
        f"AND {_TIME_OF_ARRIVAL} AND {condition} AND lines.source_id IN (FROM repeated)"
    )


def _drop_landed(connection: duckdb.DuckDBPyConnection, present: Sequence[StoredFile]) -> None:
    connection.execute("DELETE FROM lines WHERE rowid NOT IN (SELECT min(rowid) FROM lines GROUP BY s, n)")
    if present:
        stored = parquet_scan([file.uri for file in present])
        connection.execute(
            f"DELETE FROM lines WHERE (s, n) IN (SELECT (segment, n) FROM {stored} "
            "WHERE segment IN (SELECT DISTINCT s FROM lines))"
        )


def _with_default(name: str) -> str:
    return f'coalesce(lines."{name}", 0)' if name in fields.TOKEN_NAMES else f'lines."{name}"'


def _select(landed: Landed, first_id: int | None, month: datetime | None) -> str:
    made = {
        "id": "NULL::BIGINT" if first_id is None else f"{first_id} + line",
        "segment": "s",
        "time": "make_timestamptz(time)",
        "arrived": "make_timestamptz(arrived)",
        "cost_usd": "coalesce(cost_usd::DECIMAL(18,12), computed_usd)",
        "cost_source": "CASE WHEN cost_usd IS NOT NULL THEN coalesce(cost_source, 'reported') "
        f"WHEN computed_usd IS NOT NULL THEN 'computed' WHEN kind IN ({PRICED}) THEN 'unpriced' END",
        "price_version": "CASE WHEN cost_usd IS NOT NULL THEN price_version "
        f"WHEN computed_usd IS NOT NULL THEN '{landed.price_version}' END",
    }
    made |= {name: f'coalesce("{name}", 0)' for name in fields.TOKEN_NAMES}
    columns = ", ".join(f"{made.get(field.name, _quote(field.name))} AS {_quote(field.name)}" for field in EVENTS)
    return f"SELECT {columns} FROM ({computed(landed.integer)} {_within(month)})"


def _within(month: datetime | None) -> str:
    """In the integers of the lines, so that what is outside is skipped before anything is computed."""
    if month is None:
        return ""
    following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    return f"WHERE lines.time >= {to_micros(month)} AND lines.time < {to_micros(following)}"


def _quote(name: str) -> str:
    return f'"{name}"'
