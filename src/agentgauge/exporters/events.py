"""Events as JSON, CSV or Parquet: every field and the identity of each, in order of time.

    JSON lines   one event a line, without what it does not have (nor the zero tokens of kinds that have none)
    JSON         the same events as one list
    CSV          a header and one row per event; absent values are empty
    Parquet      the types of the lake: DECIMAL(18,12), TIMESTAMPTZ, attributes as JSON text

Money is exact everywhere: a string in JSON, plain digits in CSV. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, get_args

import msgspec

from agentgauge.engines import Query
from agentgauge.engines.columns import ALL, DERIVED
from agentgauge.events import fields, kinds
from agentgauge.events.plain import csv_cell, plain_digits
from agentgauge.files import appearing
from agentgauge.service.window import Window

if TYPE_CHECKING:
    import duckdb

Format = Literal["jsonl", "csv", "parquet", "json"]
FORMATS: tuple[str, ...] = get_args(Format)

COLUMNS = tuple(column.name for column in ALL if column not in DERIVED)
_TOKEN_KINDS = frozenset(kind.name for kind in kinds.KINDS if set(fields.TOKENS) <= set(kind.fields))
_KIND = COLUMNS.index("kind")

OnRow = Callable[[int], None]


def export_events(
    connection: duckdb.DuckDBPyConnection,
    window: Window,
    form: Format,
    target: Path | IO[bytes],
    on_row: OnRow = lambda count: None,
) -> int:
    """Write the events of a window and return their number; a file at a path appears whole or not at all.

    `connection` has the relation `events`. `on_row` is called with the number of rows written so far, now and then.
    Raises `OSError` where the target cannot be written.
    """
    if form == "parquet":
        return _write_parquet(connection, window, target)
    write = {"jsonl": _write_jsonl, "json": _write_json, "csv": _write_csv}[form]
    if isinstance(target, Path):
        with appearing(target) as temporary, temporary.open("xb") as stream:
            return write(_rows(connection, window), stream, on_row)
    return write(_rows(connection, window), target, on_row)


def _rows(connection: duckdb.DuckDBPyConnection, window: Window) -> Iterator[tuple[Any, ...]]:
    from agentgauge.engines.duckdb import DuckDBEngine

    return DuckDBEngine(connection).scan(Query(start=window.start, end=window.end), COLUMNS)


def _write_jsonl(rows: Iterator[tuple[Any, ...]], stream: IO[bytes], on_row: OnRow) -> int:
    count = 0
    for count, event in enumerate(_json_events(rows), 1):
        stream.write(event + b"\n")
        _tell(on_row, count)
    return count


def _write_json(rows: Iterator[tuple[Any, ...]], stream: IO[bytes], on_row: OnRow) -> int:
    count = 0
    stream.write(b"[")
    for count, event in enumerate(_json_events(rows), 1):
        stream.write((b"\n" if count == 1 else b",\n") + event)
        _tell(on_row, count)
    stream.write(b"\n]\n")
    return count


def _json_events(rows: Iterator[tuple[Any, ...]]) -> Iterator[bytes]:
    encode = msgspec.json.Encoder(decimal_format="string").encode
    for row in rows:
        has_tokens = row[_KIND] in _TOKEN_KINDS
        yield encode(
            {
                name: plain_digits(value) if isinstance(value, Decimal) else value
                for name, value in zip(COLUMNS, row, strict=True)
                if value is not None and (value or has_tokens or name not in fields.TOKEN_NAMES)
            }
        )


def _write_csv(rows: Iterator[tuple[Any, ...]], stream: IO[bytes], on_row: OnRow) -> int:
    text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for count, row in enumerate(rows, 1):
        writer.writerow([csv_cell(value) for value in row])
        _tell(on_row, count)
    text.flush()
    text.detach()  # the stream belongs to the caller, and may be standard output
    return count


def _write_parquet(connection: duckdb.DuckDBPyConnection, window: Window, target: Path | IO[bytes]) -> int:
    if isinstance(target, Path):
        with appearing(target) as temporary:
            return _copy(connection, window, temporary)
    import tempfile

    with tempfile.TemporaryDirectory(prefix="agentgauge-") as scratch:
        file = Path(scratch) / "events.parquet"
        count = _copy(connection, window, file)
        with file.open("rb") as stream:
            shutil.copyfileobj(stream, target)
    return count


def _copy(connection: duckdb.DuckDBPyConnection, window: Window, file: Path) -> int:
    import duckdb

    names = ", ".join(f'"{name}"' for name in COLUMNS)
    cursor = connection.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    try:
        row = cursor.execute(
            f"""
            COPY (
                SELECT {names} FROM events
                WHERE time >= coalesce($start, '-infinity'::TIMESTAMPTZ)
                    AND time < coalesce($end, 'infinity'::TIMESTAMPTZ)
                ORDER BY time, id
            ) TO $file (FORMAT parquet, COMPRESSION zstd)
            """,  # noqa: S608 - the names are this module's own
            {"start": window.start, "end": window.end, "file": str(file)},
        ).fetchone()
    except duckdb.IOException as error:
        raise OSError(str(error)) from error
    return int(row[0]) if row else 0


def _tell(on_row: OnRow, count: int) -> None:
    if count % 2000 == 0:
        on_row(count)
