"""Replicas: copies that a server keeps of segments which processes on other machines write.

    <home>/journal/<namespace>@<journal>@<segment>.seg      bytes of the source segment, at the same offsets
    <home>/replicas/<namespace>@<journal>@<segment>.mark    how far they go, and whether more will come

A replica is read and landed as any other segment, with three differences, all of which its mark tells:

- No process holds its lock: it is dead once its source is (`closed`), however often the server was restarted.
- Bytes beyond `end` are not there for any reader. They are what a crash cut short, and will be written again.
- Lines that name no project are of the one that the sender may record into, and ids that they have at their source
  are that project's own (`events.source_ids.of_project`).

The mark outlives the replica: once a closed one has landed and was dropped, it still says how far the source was taken.

Bytes are synced before the mark names them, and the mark is synced before a reader may see it (it is locked meanwhile),
so no reader ever builds on an `end` that a power cut could take back. It is one write of less than a sector.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from agentgauge import files
from agentgauge.events.source_ids import of_project
from agentgauge.journal import layout

_NAME = re.compile(r"[0-9a-f]{16}@[0-9a-f]{32}@[0-9a-f]{12}-\d{6,12}")
_FOLDER, _MARK_SUFFIX = "replicas", ".mark"
_MARK_BYTES = 512
_PIECE = 1 << 20
_OPENING = layout.CURRENT_OPENING[:-1]
"""Up to the quote of what follows the version."""
_PROJECT, _SOURCE_ID = b'"project":', b'"source_id":'


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    end: int = 0
    """Bytes of the source that are here: the high-water mark."""
    closed: bool = False
    """The source has ended there."""
    project: str | None = None
    """Of lines that name none."""
    of_projects: bool = False
    """The sender may record into some projects only."""


_decode = msgspec.json.Decoder(Mark).decode


class _Scope(msgspec.Struct):
    project: str | None = None
    source_id: str | None = None


_scope_of = msgspec.json.Decoder(_Scope).decode
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def replica_path(root: Path, namespace: str, journal: str, segment: str) -> Path:
    """Where the replica of a segment is. Raises ValueError where one of the names is none."""
    stem = f"{namespace}@{journal}@{segment}"
    if not _NAME.fullmatch(stem):
        raise ValueError("a journal is named by 32 hexadecimal digits, a segment by 12 of them, a dash and its number")
    return root / "journal" / f"{stem}{layout.SUFFIX}"


def is_replica(path: Path) -> bool:
    return "@" in path.name


def mark_path(path: Path) -> Path:
    return path.parent.parent / _FOLDER / f"{path.stem}{_MARK_SUFFIX}"


def read_mark(path: Path, *, synced: bool = True) -> Mark:
    """The mark of the replica at `path`; where nothing of it is here, the one that says so.

    Without `synced` it may be one that is just being synced, and nobody is waited for.
    """
    try:
        descriptor = os.open(mark_path(path), os.O_RDONLY)
    except FileNotFoundError:
        return Mark()
    try:
        if synced:
            files.lock(descriptor, shared=True)
        text = files.read_at(descriptor, _MARK_BYTES, 0).rstrip()
        return _decode(text) if text else Mark()
    finally:
        os.close(descriptor)


def received(lines: bytes, mark: Mark) -> bytes:
    """The lines of a replica as they count here: with a project, and with ids of their sources that no other project
    has, where the sender may record into some projects only. Their checksums are those of the source.
    """
    if mark.project is None and not mark.of_projects:
        return lines
    insertion = b"" if mark.project is None else _OPENING + _PROJECT + msgspec.json.encode(mark.project) + b","
    found = []
    for line in lines.split(b"\n"):
        # An attribute may be called so too; the look inside is for the few lines that hold the word.
        if line and insertion and (_PROJECT not in line or _scope_of(line).project is None):
            line = insertion + line[len(_OPENING) :]
        if mark.of_projects and _SOURCE_ID in line:
            line = _with_own_source_id(line)
        found.append(line)
    return b"\n".join(found)


def _with_own_source_id(line: bytes) -> bytes:
    scope = _scope_of(line)
    if scope.source_id is None:
        return line
    members = _members_of(line)
    members["source_id"] = msgspec.Raw(msgspec.json.encode(of_project(scope.source_id, scope.project or "")))
    return msgspec.json.encode(members)


class Replica:
    """One that is being written, inside `writing`."""

    def __init__(self, path: Path, mark: Mark) -> None:
        self.path = path
        self.mark = mark

    def known(self, start: int, end: int) -> bytes | None:
        """The bytes that are here; None where they have been landed and dropped."""
        try:
            with self.path.open("rb") as file:
                return files.read_at(file.fileno(), end - start, start)
        except FileNotFoundError:
            return None

    def append(self, data: bytes, project: str | None, *, of_projects: bool) -> None:
        """Write behind the mark, and move it. Raises OSError, and then nothing of `data` is there for anybody."""
        start = self.mark.end
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            try:
                view, offset = memoryview(data), start
                while view:
                    written = files.write_at(descriptor, bytes(view[:_PIECE]), offset)
                    view, offset = view[written:], offset + written
                files.sync_file(descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, start)
                raise
        finally:
            os.close(descriptor)
        if start == 0:
            files.sync_directory(self.path.parent)
        self._set(Mark(start + len(data), project=project, of_projects=of_projects))

    def close(self) -> None:
        """Nothing more will come. What a crash left behind the mark goes."""
        if self.mark.closed:
            return
        with suppress(FileNotFoundError):
            os.truncate(self.path, self.mark.end)
            files.sync_file(self.path)
        self._set(msgspec.structs.replace(self.mark, closed=True))

    def _set(self, mark: Mark) -> None:
        place = mark_path(self.path)
        is_new = not place.exists()
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            files.lock(descriptor)
            files.write_at(descriptor, msgspec.json.encode(mark).ljust(_MARK_BYTES), 0)
            files.sync_file(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            files.sync_directory(place.parent)
        self.mark = mark


@contextmanager
def writing(path: Path) -> Iterator[Replica]:
    """The replica at `path`, to be written by the caller alone: others who write of the same journal wait."""
    files.make_directory(path.parent)
    marks = mark_path(path).parent
    files.make_directory(marks)
    with files.file_lock(marks / f"{path.stem.rpartition('@')[0]}.lock"):
        yield Replica(path, read_mark(path))


def forget_old_marks(path: Path, before: float) -> None:
    """Remove marks of the journal of `path` that were closed, landed and dropped before that time (seconds since 1970).

    Called inside `writing`. What is sent again after that is taken for new.
    """
    for place in mark_path(path).parent.glob(f"{path.stem.rpartition('@')[0]}@*{_MARK_SUFFIX}"):
        segment = path.parent / f"{place.stem}{layout.SUFFIX}"
        if place.stat().st_mtime < before and not segment.exists() and read_mark(segment).closed:
            place.unlink()
