"""Rows of CSV as bytes: RFC 4180, UTF-8, lines that end in CR LF.

A record may hold line ends inside quotes, so where one ends is found by counting quotes: it ends at the first line end
with an even number of them before it. Works on bytes, so cells of other encodings pass unchanged. The *content* of a
cell is what it says; as a cell it may stand in quotes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import IO

from agentgauge.events.plain import csv_cell, plain_digits
from agentgauge.runs.documents import as_plain

END = b"\r\n"
_NEEDS_QUOTES = re.compile(rb'[",\r\n]')
_CELL = re.compile(rb'(?:"((?:[^"]|"")*)"|([^,]*))(,|\Z)')


def content(value: object) -> bytes:
    """A value as the content of a cell; nothing for None and NaN. Text that a spreadsheet would run is disarmed."""
    if isinstance(value, float):
        return plain_digits(Decimal(repr(float(value)))).encode() if math.isfinite(value) else b""
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        value = json.dumps(as_plain(value), ensure_ascii=False)
    text = str(csv_cell(value)).replace("\0", "\ufffd")
    return text.encode("utf-8", "backslashreplace")  # half a surrogate pair has no encoding


def record(contents: Iterable[bytes]) -> bytes:
    """One line of the file."""
    return b",".join(map(quoted, contents)) + END


def quoted(cell: bytes) -> bytes:
    """A content as it stands in a record."""
    return b'"' + cell.replace(b'"', b'""') + b'"' if _NEEDS_QUOTES.search(cell) else cell


def contents(raw: bytes) -> list[bytes]:
    """The contents of the cells of a record."""
    line = raw.removesuffix(b"\n").removesuffix(b"\r")
    if b'"' not in line:
        return line.split(b",")
    found: list[bytes] = []
    at, more = 0, True
    while more:
        match = _CELL.match(line, at)
        assert match is not None  # its second half takes whatever there is
        inside, plain, comma = match.groups()
        found.append(plain if inside is None else inside.replace(b'""', b'"'))
        at, more = match.end(), bool(comma)
    return found


def records(file: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Every record from where the file stands, and whether it is whole: ends in a line end that is in no quotes.

    Only the last can be one that is not.
    """
    held: list[bytes] = []
    quotes = 0
    for line in file:
        quotes += line.count(b'"')
        held.append(line)
        if quotes % 2 == 0:
            raw = b"".join(held) if len(held) > 1 else line
            held, quotes = [], 0
            yield raw, raw.endswith(b"\n")
    if held:
        yield b"".join(held), False
