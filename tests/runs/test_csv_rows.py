"""CSV as bytes, against the standard library's reader and writer."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.runs.csv_rows import content, contents, quoted, record, records
from agentgauge.runs.models import Status

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def _read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


@given(st.lists(st.lists(TEXT, min_size=2, max_size=4), max_size=4))
def test_the_standard_library_and_we_read_the_same_from_what_is_written(rows: list[list[str]]) -> None:
    data = b"".join(record(cell.encode() for cell in row) for row in rows)
    assert _read(data) == rows
    found = list(records(io.BytesIO(data)))
    assert all(whole for _, whole in found)
    assert b"".join(raw for raw, _ in found) == data
    assert [contents(raw) for raw, _ in found] == [[cell.encode() for cell in row] for row in rows]


@given(
    st.lists(st.lists(TEXT, min_size=2, max_size=4), max_size=4), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
)
def test_what_other_programs_write_is_read(rows: list[list[str]], quoting: int) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=quoting, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    found = [contents(raw) for raw, _ in records(io.BytesIO(file.getvalue().encode()))]
    assert found == [[cell.encode() for cell in row] for row in rows]


@given(st.binary())
def test_any_bytes_are_cut_into_records_that_add_up_to_them(data: bytes) -> None:
    found = list(records(io.BytesIO(data)))
    assert b"".join(raw for raw, _ in found) == data
    assert all(whole for _, whole in found[:-1])
    assert all(contents(raw) for raw, _ in found)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, b""),
        (math.nan, b""),
        (math.inf, b""),
        (0.000434, b"0.000434"),
        (1e-07, b"0.0000001"),
        (-0.5, b"-0.5"),
        (7, b"7"),
        (True, b"true"),
        (Decimal("1E+2"), b"100"),
        (Status.FAILED, b"failed"),
        (datetime(2026, 3, 2, 9, 30, tzinfo=UTC), b"2026-03-02T09:30:00Z"),
        (date(2026, 3, 2), b"2026-03-02"),
        (["a", 1], b'["a", 1]'),
        ({"k": Path("x")}, b'{"k": "x"}'),
        ("=HYPERLINK(1)", b"'=HYPERLINK(1)"),
        ("nul\0", "nul\ufffd".encode()),
        ("half \ud800", b"half \\ud800"),
    ],
)
def test_values_as_they_stand_in_a_cell(value: object, said: bytes) -> None:
    assert content(value) == said


def test_only_what_needs_quotes_gets_them() -> None:
    assert [quoted(cell) for cell in (b"a b", b"a,b", b'a"b', b"a\nb")] == [b"a b", b'"a,b"', b'"a""b"', b'"a\nb"']
