"""Landing: lines of the journal become rows of the lake.

One function for what is compacted and for the tail that a reader adds, pricing and deduplication included, so that an
answer does not change when its events move from the journal to the lake.

DuckDB's JSON reader gets whole, checked lines only, from a scratch file: left alone with a segment it fails on a NUL
tail and swallows the line after a hole. Decimals are strings in the lines, because the reader takes a long decimal
number for a double.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import duckdb
import msgspec

from agentgauge.errors import EventRefused, EventUnreadable
from agentgauge.events import fields, kinds
from agentgauge.events.codec import decode_line
from agentgauge.events.event import to_micros
from agentgauge.events.validation import check
from agentgauge.lake.parquet import parquet_scan
from agentgauge.lake.schema import EVENTS, SQL_TYPES
from agentgauge.pricing import PriceBook, Rates, cost_sql

_LINE_COLUMNS = {"s": "VARCHAR", "n": "BIGINT"} | {
    field.name: {"time": "BIGINT", "money": "VARCHAR"}.get(field.type, SQL_TYPES[field.type]) for field in fields.ALL
}
_PRICED_KINDS = tuple(
    kind.name for kind in kinds.KINDS if kind.carries_usage and any(field.name == "model" for field in kind.fields)
)
_SAMENESS = (*fields.TOKEN_NAMES, "outcome", "duration_ms", "quality_score", "value")
"""What a repeated source id may correct. Reported money is compared too, computed money follows from the tokens."""


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
    integer: Literal["HUGEINT", "BIGINT"]
    """What the cost of every row can be computed in."""

    def select(self, *, first_id: int | None = None, month: datetime | None = None) -> str:
        """A SELECT of the rows, priced, with the columns of `EVENTS`; of one month where it is given.

        `id` is `first_id` plus the number of the line: unique. Without it ids are null, as in a tail.
        """
        return _select(self, first_id, month)


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB connection as all of the lake uses it: UTC, nothing fetched from the network, a thread per core.

    DuckDB counts the machine's cores, not those that a container or `taskset` leaves to the process.
    """
    config: dict[str, str | bool | int | float | list[str]] = {"autoinstall_known_extensions": "false"}
    if hasattr(os, "sched_getaffinity"):
        config["threads"] = str(len(os.sched_getaffinity(0)))
    connection = duckdb.connect(config=config)
    connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = true; SET enable_progress_bar = false")
    return connection


def land(
    connection: duckdb.DuckDBPyConnection,
    lines: Iterable[bytes],
    book: PriceBook,
    present: Sequence[str] = (),
    expired: Sequence[str] = (),
    *,
    by_identity: bool = False,
) -> Landed:
    """Ready the events in `lines` that the lake does not have, deduplicated, with the rates that price them.

    `present` are the Parquet files of the events table and `expired` those of the sources table, as URIs that the
    connection can read. `by_identity`: some lines may have landed already, and are found by (segment, n).
    """
    with tempfile.TemporaryDirectory(prefix="agentgauge-") as scratch:
        spool = Path(scratch) / "lines.ndjson"
        with spool.open("wb") as file:
            file.writelines(lines)
        unreadable = _read(connection, spool)
    read = _scalar(connection, "SELECT count(*) FROM lines")
    if by_identity and present:
        _drop_landed(connection, present)
    replaced = _drop_known(connection, present, expired)
    _load_rates(connection, book)
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
        integer="BIGINT" if _largest_cost(connection) < 1 << 62 else "HUGEINT",
    )


def _largest_cost(connection: duckdb.DuckDBPyConnection) -> int:
    """A bound on the cost of any line, femto-dollars: all its tokens at the highest rate."""
    tokens = " + ".join(f'coalesce("{name}", 0)' for name in fields.TOKEN_NAMES)
    rates = ", ".join(f'"{name}"' for name in Rates.__struct_fields__)
    highest = _scalar(connection, f"SELECT coalesce(max(greatest({rates})), 0) FROM rates")
    return highest * (_scalar(connection, f"SELECT coalesce(max({tokens}), 0) FROM lines") + 1)


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
    connection: duckdb.DuckDBPyConnection, present: Sequence[str], expired: Sequence[str]
) -> tuple[str, ...]:
    """Of each source id keep the line that arrived last.

    Drop those that the lake has with the same usage or from a later arrival, and those that have expired.
    """
    row = connection.execute("SELECT count(source_id), min(time), max(time) FROM lines").fetchone()
    if row is None or not row[0]:
        return ()
    connection.execute(
        "DELETE FROM lines WHERE source_id IS NOT NULL AND rowid NOT IN (SELECT "
        "arg_max(rowid, (coalesce(arrived, time), s, n)) FROM lines WHERE source_id IS NOT NULL GROUP BY source_id)"
    )
    if expired:
        connection.execute(
            "DELETE FROM lines WHERE source_id IS NOT NULL AND md5(source_id) IN "
            f"(SELECT source_key FROM {parquet_scan(expired)})"
        )
    if not present:
        return ()
    same = [f'stored."{name}" IS NOT DISTINCT FROM {_with_default(name)}' for name in _SAMENESS]
    same.append("(lines.cost_usd IS NULL OR stored.cost_usd IS NOT DISTINCT FROM lines.cost_usd::DECIMAL(18,12))")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE known AS
        SELECT lines.rowid AS line, lines.source_id,
            ({" AND ".join(same)})
            OR make_timestamptz(coalesce(lines.arrived, lines.time)) < coalesce(stored.arrived, stored.time) AS same
        FROM {parquet_scan(present)} AS stored JOIN lines USING (source_id)
        """
    )
    connection.execute("DELETE FROM lines WHERE rowid IN (SELECT line FROM known WHERE same)")
    replaced = connection.execute("SELECT DISTINCT source_id FROM known WHERE NOT same ORDER BY 1").fetchall()
    connection.execute("DROP TABLE known")
    return tuple(source_id for (source_id,) in replaced)


def _drop_landed(connection: duckdb.DuckDBPyConnection, present: Sequence[str]) -> None:
    connection.execute(
        f"DELETE FROM lines WHERE (s, n) IN (SELECT (segment, n) FROM {parquet_scan(present)} "
        "WHERE segment IN (SELECT DISTINCT s FROM lines))"
    )


def _with_default(name: str) -> str:
    return f'coalesce(lines."{name}", 0)' if name in fields.TOKEN_NAMES else f'lines."{name}"'


def _select(landed: Landed, first_id: int | None, month: datetime | None) -> str:
    priced = ", ".join(f"'{kind}'" for kind in _PRICED_KINDS)
    made = {
        "id": "NULL::BIGINT" if first_id is None else f"{first_id} + line",
        "segment": "s",
        "time": "make_timestamptz(time)",
        "arrived": "make_timestamptz(arrived)",
        "cost_usd": "coalesce(cost_usd::DECIMAL(18,12), computed_usd)",
        "cost_source": "CASE WHEN cost_usd IS NOT NULL THEN coalesce(cost_source, 'reported') "
        f"WHEN computed_usd IS NOT NULL THEN 'computed' WHEN kind IN ({priced}) THEN 'unpriced' END",
        "price_version": "CASE WHEN cost_usd IS NOT NULL THEN price_version "
        f"WHEN computed_usd IS NOT NULL THEN '{landed.price_version}' END",
    }
    made |= {name: f'coalesce("{name}", 0)' for name in fields.TOKEN_NAMES}
    columns = ", ".join(f"{made.get(field.name, _quote(field.name))} AS {_quote(field.name)}" for field in EVENTS)
    return f"""
        SELECT {columns} FROM (
            SELECT lines.*, lines.rowid AS line, {cost_sql("lines", "rates", integer=landed.integer)} AS computed_usd
            FROM lines LEFT JOIN rates
                ON lines.cost_usd IS NULL AND lines.kind IN ({priced})
                AND rates.model = lines.model AND rates.provider IS NOT DISTINCT FROM lines.provider
                AND rates.tier = coalesce(lines.tier, 'standard') AND rates.day = make_timestamp(lines.time)::DATE
                AND lines.time >= rates.from_time AND lines.time < rates.to_time
                AND coalesce(lines.input_tokens, 0) >= rates.min_input_tokens
                AND (rates.max_input_tokens IS NULL OR coalesce(lines.input_tokens, 0) < rates.max_input_tokens)
            {_within(month)}
        )
        """


def _within(month: datetime | None) -> str:
    """In the integers of the lines, so that what is outside is skipped before anything is computed."""
    if month is None:
        return ""
    following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    return f"WHERE lines.time >= {to_micros(month)} AND lines.time < {to_micros(following)}"


def _quote(name: str) -> str:
    return f'"{name}"'


def _load_rates(connection: duckdb.DuckDBPyConnection, book: PriceBook) -> None:
    """Make the temporary table `rates` for each model, provider, tier and day that the lines name."""
    priced = ", ".join(f"'{kind}'" for kind in _PRICED_KINDS)
    keys: list[tuple[str, str | None, str, date]] = connection.execute(
        f"""
        SELECT DISTINCT model, provider, coalesce(tier, 'standard'), make_timestamp(time)::DATE
        FROM lines WHERE kind IN ({priced}) AND cost_usd IS NULL AND model IS NOT NULL
        """
    ).fetchall()
    names = Rates.__struct_fields__
    rows: list[tuple[object, ...]] = [
        (
            model,
            provider,
            tier,
            day,
            to_micros(window.start),
            to_micros(window.end),
            window.min_input_tokens,
            window.max_input_tokens,
            *(getattr(window.rates, name) for name in names),
        )
        for model, provider, tier, day in keys
        for window in book.windows(model, provider, tier, day)
    ]
    rates = ", ".join(f'"{name}" BIGINT' for name in names)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rates (model VARCHAR, provider VARCHAR, tier VARCHAR, day DATE, "
        f"from_time BIGINT, to_time BIGINT, min_input_tokens BIGINT, max_input_tokens BIGINT, {rates})"
    )
    if rows:
        unnested = ", ".join("unnest(?)" for _ in rows[0])
        connection.execute(f"INSERT INTO rates SELECT {unnested}", [list(column) for column in zip(*rows, strict=True)])
