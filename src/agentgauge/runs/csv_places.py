"""What is in a CSV file of groups: its columns, and where the rows of some runs stand.

The file is read once for a run, in constant memory; after that only what was added to it since, once a checksum has
told that the rest is as it was. A record that a crash
cut off at its end is mended where it has all its cells, else kept beside the file.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import IO
from zlib import crc32

import msgspec

from agentgauge.errors import RunFilesError
from agentgauge.files import sync_directory, sync_file
from agentgauge.runs.csv_rows import END, contents, records

logger = logging.getLogger("agentgauge")

Key = tuple[bytes, ...]
"""Contents of the key's cells, the run's first."""
Place = tuple[int, int]
"""Of a record: where it starts and its bytes."""

BOM = b"\xef\xbb\xbf"
_PIECE = 1 << 20
_REMEMBERED_RUNS = 4


class Known(msgspec.Struct):
    """What was in the file when it was last looked at."""

    identity: tuple[int, int]
    """Inode and time of change."""
    size: int
    header: list[str]
    bom: bytes
    places: dict[bytes, dict[Key, list[Place]]]
    """By run, the groups of the runs that were asked for last."""
    checksum: int
    """CRC-32 of the file up to `size`, by which one that grew is told from one that was written anew."""

    def grew(self, key: Key, line: bytes, status: os.stat_result) -> None:
        """Note a record that was appended."""
        self.places[key[0]].setdefault(key, []).append((self.size, len(line)))
        self.passed(line)
        self.identity = status.st_ino, status.st_mtime_ns

    def passed(self, line: bytes) -> None:
        self.size += len(line)
        self.checksum = crc32(line, self.checksum)


class CsvPlaces:
    def __init__(self, path: Path, key: tuple[str, ...]) -> None:
        self.path = path
        self._key = key
        self._known: Known | None = None

    def forget(self) -> None:
        """The file is about to be written anew."""
        self._known = None

    def look(self, run: bytes) -> Known | None:
        """What the file has, with the places of one run's groups; None where there is no file.

        A last record that was cut is mended, or put aside. Raises `RunFilesError` where the file is no table of
        groups, and OSError.
        """
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
                self._known = None
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

    def _remembered(self, run: bytes) -> dict[bytes, dict[Key, list[Place]]]:
        """The runs to look for beside this one: those that were put last."""
        places = {} if self._known is None else self._known.places
        return {name: places[name] for name in list(places)[: _REMEMBERED_RUNS - 1] if name != run}

    def _continues(self, known: Known, file: IO[bytes], status: os.stat_result) -> bool:
        """Whether the file is as it was, or longer."""
        if known.identity == (status.st_ino, status.st_mtime_ns) and known.size == status.st_size:
            return True
        if known.size >= status.st_size:
            return False
        file.seek(0)
        left, checksum = known.size, 0
        while left and (piece := file.read(min(left, _PIECE))):
            left, checksum = left - len(piece), crc32(piece, checksum)
        return checksum == known.checksum  # an inode would not tell: a file written anew gets one that was let go

    def _begin(self, file: IO[bytes]) -> Known | None:
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
            raw = _ended(file, 0, raw)
        bom = BOM if raw.startswith(BOM) else b""
        return Known(identity=(0, 0), size=len(raw), header=header, bom=bom, places={}, checksum=crc32(raw))

    def _read_on(self, known: Known, file: IO[bytes]) -> None:
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
            known.passed(raw)

    def _mend(self, known: Known, file: IO[bytes], raw: bytes) -> bytes:
        """End a last record that has all its cells; put aside one that was cut. The record as it now stands."""
        if raw.count(b'"') % 2 == 0 and len(contents(raw)) >= len(known.header):
            return _ended(file, known.size, raw)
        later = raw.splitlines()[1:]
        if any(len(contents(line)) == len(known.header) and line.count(b'"') % 2 == 0 for line in later):
            raise RunFilesError(
                f"{self.path}: a quote in the row at byte {known.size} is never closed, so whole rows would belong"
                " to it; close it and export again"
            )
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


def _names(raw: bytes) -> list[str]:
    return [name.decode("utf-8", "surrogateescape") for name in contents(raw.removeprefix(BOM))]


def _ended(file: IO[bytes], start: int, raw: bytes) -> bytes:
    """Make a record at the end of a file a whole one. What it is now."""
    raw = raw.removesuffix(b"\r")
    file.truncate(start + len(raw))
    file.seek(0, os.SEEK_END)
    file.write(END)
    file.flush()
    sync_file(file.fileno())
    return raw + END
