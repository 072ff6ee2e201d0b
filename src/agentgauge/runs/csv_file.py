"""One CSV file that grows by groups of rows, each written once.

A group is what has one key, such as all agents of one issue of one run. Putting a group that is there does nothing;
one whose figures changed takes the place of the old; a new one is appended. Columns are only ever added: rows from
before have nothing there. Columns and rows of somebody else stay as they are.

What is there is read from the file, so several processes may write it in turn (the caller holds a lock). Appending is
one write and one sync; everything else makes a new file beside the old one, which it replaces when it is on the disk.

Costs, for a file of 100,000 rows: the first group of a run reads the file once, 0.1 s; later ones cost their own rows
and a sync, and where others added to the file a check that the rest of it is as it was, 6 ms. Changed figures and new
columns copy the file, which the next group reads again, together 0.3 s.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO

from agentgauge.files import appearing, sync_file, write_all, write_atomically
from agentgauge.runs.csv_places import CsvPlaces, Key, Known, Place
from agentgauge.runs.csv_rows import END, content, contents, record, records

logger = logging.getLogger("agentgauge")

Row = Mapping[str, object]
"""Values by column."""
_Cells = dict[str, bytes]

MAX_COLUMNS = 200
"""Each new column copies the file: fields that are named anew for every issue would do so without end."""


class CsvFile:
    def __init__(self, path: Path, columns: Sequence[str], key: Sequence[str]) -> None:
        """`key` are the columns that a group has in common, the run first."""
        self.path = path
        self._columns = tuple(columns)
        self._key = tuple(key)
        self._places = CsvPlaces(path, self._key)
        self._told_of_columns = False

    def put(self, run: str, groups: Mapping[tuple[str, ...], Sequence[Row]]) -> None:
        """Make the groups of one run, by key, what the file has of them. The caller holds the file's lock.

        Raises `RunFilesError` where the file is no table of these columns, and OSError.
        """
        if not groups and self.path.exists():
            return
        encoded = {
            tuple(map(content, key)): [{_column(name): content(value) for name, value in row.items()} for row in rows]
            for key, rows in groups.items()
        }
        known = self._places.look(content(run))
        header = [] if known is None else known.header
        wanted = self._widened(header, encoded)
        if known is None:
            lines = [record(row.get(name, b"") for name in wanted) for rows in encoded.values() for row in rows]
            write_atomically(self.path, _header(wanted) + b"".join(lines))
            return
        there = known.places[content(run)]
        with self.path.open("rb") as file:
            changed = {
                key: rows
                for key, rows in encoded.items()
                if key in there and not self._same(file, header, wanted, there[key], rows)
            }
        new = [row for key, rows in encoded.items() if key not in there for row in rows]
        if changed or wanted != header:
            self._rewrite(known, wanted, changed, new)
        elif new:
            self._append(known, new)

    def _widened(self, header: list[str], groups: Mapping[Key, list[_Cells]]) -> list[str]:
        """The columns of the file, then those it lacks."""
        own = [name for name in self._columns if name not in header]
        more = dict.fromkeys(name for rows in groups.values() for row in rows for name in row)
        others = [name for name in more if name not in header and name not in own]
        room = max(0, MAX_COLUMNS - len(header) - len(own))
        if len(others) > room and not self._told_of_columns:
            self._told_of_columns = True
            logger.warning(
                "%s: has %d columns; fields of more names are in the JSON files only", self.path, MAX_COLUMNS
            )
        return [*header, *own, *others[:room]]

    def _same(
        self, file: IO[bytes], header: list[str], wanted: list[str], places: list[Place], rows: list[_Cells]
    ) -> bool:
        """Whether the records at these places say what the rows say, in the wanted columns that are theirs."""
        if len(places) != len(rows):
            return False
        for (start, length), row in zip(places, rows, strict=True):
            file.seek(start)
            old = dict(zip(header, contents(file.read(length)), strict=False))
            own = {*self._columns, *row}.intersection(wanted)
            if any(old.get(name, b"") != row.get(name, b"") for name in own):
                return False
        return True

    # Writing

    def _append(self, known: Known, rows: list[_Cells]) -> None:
        lines = [record(row.get(name, b"") for name in known.header) for row in rows]
        data = b"".join(lines)
        with self.path.open("r+b", buffering=0) as file:
            file.seek(known.size)
            try:
                write_all(file.fileno(), data)
                sync_file(file.fileno())
            except BaseException:
                file.truncate(known.size)
                raise
            status = os.fstat(file.fileno())
        for row, line in zip(rows, lines, strict=True):
            known.grew(tuple(row.get(name, b"") for name in self._key), line, status)

    def _rewrite(self, known: Known, wanted: list[str], changed: dict[Key, list[_Cells]], new: list[_Cells]) -> None:
        """Copy the file with more columns, with changed groups where they stood, and new rows behind all."""
        self._places.forget()
        for left in self.path.parent.glob(f".{self.path.name}.*.tmp"):  # by a writer that was killed: the lock is ours
            left.unlink(missing_ok=True)
        added = len(wanted) - len(known.header)
        at_place = {
            start: (key, at)
            for groups in known.places.values()
            for key, places in groups.items()
            if key in changed
            for at, (start, _) in enumerate(places)
        }
        with appearing(self.path) as temporary, self.path.open("rb") as old, temporary.open("wb") as file:
            shutil.copymode(self.path, temporary)
            file.write(known.bom + _header(wanted))
            copied = records(old)
            start = len(next(copied)[0])
            for raw, _ in copied:
                if start in at_place:
                    key, at = at_place[start]
                    last = at == len(known.places[key[0]][key]) - 1
                    rows = changed[key][at:] if last else changed[key][at : at + 1]
                    file.writelines(self._replaced(raw, known.header, rows, wanted))
                elif added:
                    missing = max(0, len(known.header) - len(contents(raw))) + added
                    file.write(raw.removesuffix(b"\n").removesuffix(b"\r") + b"," * missing + END)
                else:
                    file.write(raw)
                start += len(raw)
            for row in new:
                file.write(record(row.get(name, b"") for name in wanted))

    def _replaced(self, raw: bytes, header: list[str], rows: list[_Cells], wanted: list[str]) -> Iterator[bytes]:
        """Rows in the place of a record; the first keeps what the record has in columns of somebody else."""
        kept = dict(zip(header, contents(raw), strict=False))
        others = {name: cell for name, cell in kept.items() if name not in self._columns}
        for row in rows:
            cells = others | row
            yield record(cells.get(name, b"") for name in wanted)
            others = {}


@lru_cache(4096)
def _column(name: str) -> str:
    """A column's name as it stands in the file: spreadsheets would run it as they would a cell."""
    return content(name).decode()


def _header(names: Sequence[str]) -> bytes:
    return record(name.encode("utf-8", "surrogateescape") for name in names)
