"""One CSV file that grows by groups of rows, each written once.

A group is what has one key, such as all agents of one issue of one run. Putting a group that is there does nothing;
one whose figures changed takes the place of the old; a new one is appended. Columns are only ever added: rows from
before have nothing there. Columns and rows of somebody else stay as they are.

What is there is read from the file, so several processes may write it in turn (the caller holds a lock). Appending is
one write and one sync; everything else makes a new file beside the old one, which it replaces when it is on the disk.

Costs, for a file of 100,000 rows: the first group of a run reads the file once, 0.1 s; later ones only what others
added since, so they cost their own rows and a sync. Changed figures and new columns copy the file, which the next group
reads again, together 0.3 s.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO

import msgspec

from agentgauge.errors import RunFilesError
from agentgauge.files import appearing, sync_directory, sync_file, write_all, write_atomically
from agentgauge.runs.csv_rows import END, content, contents, record, records

logger = logging.getLogger("agentgauge")

Row = Mapping[str, object]
"""Values by column."""
_Key = tuple[bytes, ...]
_Cells = dict[str, bytes]
_Place = tuple[int, int]
"""Of a record: where it starts and its bytes."""

MAX_COLUMNS = 200
"""Each new column copies the file: fields that are named anew for every issue would do so without end."""
_BOM = b"\xef\xbb\xbf"
_REMEMBERED_RUNS = 4
_FINGERPRINT = 64
"""Last bytes by which a file that grew is told from one that was written anew."""


class _Known(msgspec.Struct):
    """What was in the file when it was last looked at."""

    identity: tuple[int, int]
    """Inode and time of change."""
    size: int
    header: list[str]
    bom: bytes
    places: dict[bytes, dict[_Key, list[_Place]]]
    """By run, the groups of the runs that were put."""
    last: bytes


class CsvFile:
    def __init__(self, path: Path, columns: Sequence[str], key: Sequence[str]) -> None:
        """`key` are the columns that a group has in common, the run first."""
        self.path = path
        self._columns = tuple(columns)
        self._key = tuple(key)
        self._known: _Known | None = None
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
        known = self._look(content(run))
        header = [] if known is None else known.header
        wanted = self._widened(header, encoded)
        if known is None:
            lines = [record(row.get(name, b"") for name in wanted) for rows in encoded.values() for row in rows]
            write_atomically(
                self.path, record(name.encode("utf-8", "surrogateescape") for name in wanted) + b"".join(lines)
            )
            return
        there = known.places[content(run)]
        with self.path.open("rb") as file:
            changed = {
                key: rows
                for key, rows in encoded.items()
                if key in there and not self._same(file, header, there[key], rows)
            }
        new = [row for key, rows in encoded.items() if key not in there for row in rows]
        if changed or wanted != header:
            self._rewrite(known, wanted, changed, new)
        elif new:
            self._append(known, content(run), new)

    def _widened(self, header: list[str], groups: Mapping[_Key, list[_Cells]]) -> list[str]:
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

    # Reading

    def _look(self, run: bytes) -> _Known | None:
        """What the file has, with the places of one run's groups; None where there is no file."""
        try:
            file = self.path.open("r+b")
        except FileNotFoundError:
            self._known = None
            return None
        with file:
            known, status = self._known, os.fstat(file.fileno())
            if known is not None and run in known.places and self._continues(known, file, status):
                runs = known.places
            else:
                runs = {run: {}} | self._remembered(run)
                for groups in runs.values():
                    groups.clear()
                known = self._begin(file)
                if known is None:
                    return None
                known.places = runs
            self._read_on(known, file)
            status = os.fstat(file.fileno())
            known.identity = (status.st_ino, status.st_mtime_ns)
            self._known = known
            return known

    def _remembered(self, run: bytes) -> dict[bytes, dict[_Key, list[_Place]]]:
        """The runs to look for beside this one: those that were put last."""
        places = {} if self._known is None else self._known.places
        return {name: places[name] for name in list(places)[: _REMEMBERED_RUNS - 1] if name != run}

    def _continues(self, known: _Known, file: IO[bytes], status: os.stat_result) -> bool:
        """Whether the file is as it was, or longer."""
        if known.identity == (status.st_ino, status.st_mtime_ns) and known.size == status.st_size:
            return True
        if known.identity[0] != status.st_ino or known.size >= status.st_size:
            return False
        file.seek(known.size - len(known.last))
        return file.read(len(known.last)) == known.last

    def _begin(self, file: IO[bytes]) -> _Known | None:
        """The header; None where there is none, and what there is was put aside."""
        file.seek(0)
        raw, whole = next(records(file), (b"", False))
        if not whole and not set(self._key) <= set(_names(raw)):
            file.seek(0)
            self._put_aside(file.read().strip(b"\0"))
            return None
        header = _names(raw)
        if missing := [name for name in self._key if name not in header]:
            raise RunFilesError(
                f"{self.path}: its first line has no column {missing[0]!r} between commas, so it is no table of"
                " agentgauge; move it away, or save it with commas, and export again"
            )
        if not whole:
            _end_line(file, raw)
            raw += END
        bom = _BOM if raw.startswith(_BOM) else b""
        return _Known(identity=(0, 0), size=len(raw), header=header, bom=bom, places={}, last=raw[-_FINGERPRINT:])

    def _read_on(self, known: _Known, file: IO[bytes]) -> None:
        """Note the groups in what follows the part of the file that is known, and mend its end."""
        sought = re.compile(b"|".join(re.escape(run.replace(b'"', b'""')) for run in known.places))
        at_key = [known.header.index(name) for name in self._key]
        file.seek(known.size)
        for raw, whole in records(file):
            if not whole:
                mended = self._mend(known, file, raw.rstrip(b"\0"))
                if not mended:
                    break
                raw = mended
            if sought.search(raw):
                cells = contents(raw)
                key = tuple(cells[at] if at < len(cells) else b"" for at in at_key)
                if key[0] in known.places:
                    known.places[key[0]].setdefault(key, []).append((known.size, len(raw)))
            known.size += len(raw)
            known.last = raw[-_FINGERPRINT:]

    def _mend(self, known: _Known, file: IO[bytes], raw: bytes) -> bytes:
        """End a last record that has all its cells; put aside one that was cut. The record as it now stands."""
        if raw.count(b'"') % 2 == 0 and len(contents(raw)) >= len(known.header):
            file.truncate(known.size + len(raw))
            _end_line(file, raw)
            return raw if raw.endswith(b"\n") else raw + END
        self._put_aside(raw)
        file.truncate(known.size)
        sync_file(file.fileno())
        return b""

    def _put_aside(self, cut: bytes) -> None:
        """Keep the bytes of a cut record beside the file: they may be somebody else's only copy."""
        if not cut:
            return
        aside = self.path.with_name(f"{self.path.name}.torn")
        with aside.open("ab") as file:
            file.write(cut + b"\n")
            file.flush()
            sync_file(file.fileno())
        sync_directory(aside.parent)
        logger.warning("%s: ended in a record that was cut (%d bytes), now in %s", self.path, len(cut), aside.name)

    def _same(self, file: IO[bytes], header: list[str], places: list[_Place], rows: list[_Cells]) -> bool:
        """Whether the records at these places say what the rows say, in the columns that the rows have."""
        if len(places) != len(rows):
            return False
        for (start, length), row in zip(places, rows, strict=True):
            file.seek(start)
            old = dict(zip(header, contents(file.read(length)), strict=False))
            if any(old.get(name, b"") != row.get(name, b"") for name in {*self._columns, *row}):
                return False
        return True

    # Writing

    def _append(self, known: _Known, run: bytes, rows: list[_Cells]) -> None:
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
            key = tuple(row.get(name, b"") for name in self._key)
            known.places[run].setdefault(key, []).append((known.size, len(line)))
            known.size += len(line)
        known.identity, known.last = (status.st_ino, status.st_mtime_ns), lines[-1][-_FINGERPRINT:]

    def _rewrite(self, known: _Known, wanted: list[str], changed: dict[_Key, list[_Cells]], new: list[_Cells]) -> None:
        """Copy the file with more columns, with changed groups where they stood, and new rows behind all."""
        self._known = None
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
            file.write(known.bom + record(name.encode("utf-8", "surrogateescape") for name in wanted))
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


def _names(raw: bytes) -> list[str]:
    return [name.decode("utf-8", "surrogateescape") for name in contents(raw.removeprefix(_BOM))]


def _end_line(file: IO[bytes], raw: bytes) -> None:
    if not raw.endswith(b"\n"):
        file.seek(0, os.SEEK_END)
        file.write(END)
        file.flush()
    sync_file(file.fileno())
