"""Events as JSON, CSV or Parquet: every field and the identity of each, in order of time.

    JSON lines   one event a line, without what it does not have (nor the zero tokens of kinds that have none)
    JSON         the same events as one list
    CSV          a header and one row per event; absent values are empty
    Parquet      the types of the lake: DECIMAL(18,12), TIMESTAMPTZ, attributes as JSON text

Money is exact everywhere: a string in JSON, plain digits in CSV. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, get_args

import msgspec

from agentgauge.engines import Query
from agentgauge.engines.columns import ALL, DERIVED
from agentgauge.events import fields, kinds
from agentgauge.events.plain import csv_cell, plain_digits
from agentgauge.files import appearing
from agentgauge.lake.parquet import literal
from agentgauge.lake.schema import SQL_TYPES
from agentgauge.service.window import Window

if TYPE_CHECKING:
    import duckdb

TextFormat = Literal["jsonl", "csv", "json"]
Format = Literal["jsonl", "csv", "parquet", "json"]
FORMATS: tuple[str, ...] = get_args(Format)

COLUMNS = tuple(column.name for column in ALL if column not in DERIVED)
_TOKEN_KINDS = frozenset(kind.name for kind in kinds.KINDS if set(fields.TOKENS) <= set(kind.fields))
_TOLD_AFTER = 2000
_SQL_TYPES = {field.name: SQL_TYPES[field.type] for field in (*fields.IDENTITY, *fields.ALL)}
_LONGEST_LINE = 64 << 20

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
    if isinstance(target, Path):
        with appearing(target) as temporary, temporary.open("xb") as stream:
            return _write(form, _rows(connection, window), stream, on_row)
    return _write(form, _rows(connection, window), target, on_row)


def _rows(connection: duckdb.DuckDBPyConnection, window: Window) -> Iterator[tuple[Any, ...]]:
    from agentgauge.engines.duckdb import DuckDBEngine

    return DuckDBEngine(connection).scan(Query(start=window.start, end=window.end), COLUMNS)


def _write(form: TextFormat, rows: Iterator[tuple[Any, ...]], stream: IO[bytes], on_row: OnRow) -> int:
    count = 0

    def counted() -> Iterator[tuple[Any, ...]]:
        nonlocal count
        for count, row in enumerate(rows, 1):
            if count % _TOLD_AFTER == 0:
                on_row(count)
            yield row

    for piece in written(form, counted()):
        stream.write(piece)
    return count


def written(form: TextFormat, rows: Iterable[tuple[Any, ...]], columns: Sequence[str] = COLUMNS) -> Iterator[bytes]:
    """Rows of these columns as the bytes of a file, about one piece a row."""
    match form:
        case "jsonl":
            return (event + b"\n" for event in json_events(rows, columns))
        case "json":
            return _json(json_events(rows, columns))
        case "csv":
            return _csv(rows, columns)


def _json(events: Iterator[bytes]) -> Iterator[bytes]:
    yield b"["
    yield from ((b",\n" if at else b"\n") + event for at, event in enumerate(events))
    yield b"\n]\n"


def json_events(rows: Iterable[tuple[Any, ...]], columns: Sequence[str] = COLUMNS) -> Iterator[bytes]:
    """Each row as a JSON object, as `told` has it."""
    encode = msgspec.json.Encoder(decimal_format="string").encode
    return (encode(told(row, columns)) for row in rows)


def told(row: Sequence[Any], columns: Sequence[str] = COLUMNS) -> dict[str, Any]:
    """A row without what it does not have, nor the zero tokens of kinds that have none; money as plain digits."""
    event = dict(zip(columns, row, strict=True))
    has_tokens = event.get("kind") in _TOKEN_KINDS
    return {
        name: plain_digits(value) if isinstance(value, Decimal) else value
        for name, value in event.items()
        if value is not None and (value or has_tokens or name not in fields.TOKEN_NAMES)
    }


def _csv(rows: Iterable[tuple[Any, ...]], columns: Sequence[str]) -> Iterator[bytes]:
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\r\n")
    for row in chain([columns], rows):
        writer.writerow([csv_cell(value) for value in row])
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


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


def write_rows_as_parquet(rows: Iterable[tuple[Any, ...]], file: Path, columns: Sequence[str] = COLUMNS) -> None:
    """The same file from rows, wherever they come from; through a file beside it that is some 60 bytes a row."""
    from agentgauge.lake.landing import connect

    encode = msgspec.json.Encoder(decimal_format="string").encode
    lines = file.with_suffix(".jsonl.gz")
    with gzip.open(lines, "wb", compresslevel=1) as stream:
        for row in rows:
            stream.write(encode(dict(zip(columns, row, strict=True))) + b"\n")
    types = ", ".join(f"{literal(name)}: {literal(_SQL_TYPES[name])}" for name in columns)
    with connect() as connection:
        connection.execute(
            f"COPY (FROM read_json({literal(str(lines))}, columns = {{{types}}}, format = 'newline_delimited', "
            f"maximum_object_size = {_LONGEST_LINE})) TO {literal(str(file))} (FORMAT parquet, COMPRESSION zstd)"
        )
    lines.unlink()


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
