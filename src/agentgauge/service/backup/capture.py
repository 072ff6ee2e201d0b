"""Making a backup: what belongs together is captured at one moment, and packed afterwards.

Nobody compacts, forgets or reprices while it is captured, which takes a second or so; recording and questions go on.

    lake        immutable files get a second name (a hard link) where the disk can do that, else they are copied
    journal     segments as far as their records are whole
    state.db    by SQLite's online backup
    the rest    copied

Each process's events are there up to some moment of the capture, without gaps. PostgreSQL has tools of its own for what
is in it; the backup says that it is not inside.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import agentgauge
from agentgauge.errors import SettingsError, StateError
from agentgauge.files import appearing, file_lock
from agentgauge.journal import layout, replica
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.scanner import is_dead, scan
from agentgauge.lake.compactor import writer_lock
from agentgauge.service.backup.archive import Manifest, State, writing
from agentgauge.service.processes.run_directory import run_directory
from agentgauge.settings.server import ServerSettings
from agentgauge.state.opening import shared_state

_STATE = "state.db"
_NOT_KEPT = ("run", "state.db", "state.db-wal", "state.db-shm")
"""Of the home's root: what processes share while they run, and what is captured in its own way."""
_CHANGES = "_last_checkpoint"
"""The one file of a Delta log that is written again."""


class Backup(msgspec.Struct, frozen=True):
    files: int
    bytes: int
    """Of the home's files."""
    packed_bytes: int
    """Of the backup."""
    made: datetime
    state: State


def back_up(
    settings: ServerSettings, target: Path, on_file: Callable[[int, int], object] = lambda done, of: None
) -> Backup:
    """Write a backup of the home to a new file, readable by its owner only. `on_file` is told bytes done, and of all.

    Raises `SettingsError` for a home whose lake is on an object store, and a file that is there already.
    """
    home = settings.recording.home
    if home.lake_is_remote:
        raise SettingsError(f"the lake is at {home.lake}: keep copies of it with the tools of that object store")
    if not home.root.is_dir():
        raise SettingsError(f"{home.root} is not there: nothing has been recorded, or it is another home")
    if target.exists():
        raise SettingsError(f"{target} is there already: name another file")
    with run_directory(home) as run, appearing(target) as unfinished:
        scratch = run / "home"
        scratch.mkdir()
        with writer_lock(home, wait=True):
            made = datetime.now(UTC)
            _capture_journal(home.root, scratch)
            _capture_others(home.root, scratch)
            state = _capture_state(settings, scratch)
        captured = sorted(path for path in scratch.rglob("*") if path.is_file())
        total = sum(path.stat().st_size for path in captured)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file, writing(file) as archive:
            done = 0
            for path in captured:
                archive.add(path, path.relative_to(scratch).as_posix())
                done += path.stat().st_size
                on_file(done, total)
            manifest = Manifest(agentgauge=agentgauge.__version__, made=made, state=state, files=archive.files)
            archive.finish(manifest)
        packed = unfinished.stat().st_size
    return Backup(len(manifest.files), manifest.bytes, packed, made, state)


def _capture_journal(root: Path, scratch: Path) -> None:
    # The marks first: a replica may have grown by the time it is copied, and goes as far as its mark says.
    _copy_marks(root / "replicas", scratch / "replicas")
    (scratch / "journal").mkdir()
    for path in JournalDirectory(root).segments():
        target = scratch / "journal" / path.name
        if replica.is_replica(path):
            _copy_start(path, target, replica.read_mark(scratch / "journal" / path.name).end)
        elif is_dead(path):
            _link_or_copy(path, target)
        else:
            _copy_whole_records(path, target)
    identity = root / "journal" / "id"
    if identity.exists():
        shutil.copyfile(identity, scratch / "journal" / "id")


def _copy_whole_records(path: Path, target: Path) -> None:
    """A segment that is being written: what follows its last whole record is left unwritten, the reserve is kept."""
    end = scan(path, 0, dead=False).end
    data = bytearray(path.read_bytes())
    reserve = layout.reserve_offset(layout.read_header(bytes(data[: layout.BLOCK])))
    stop = len(data) if reserve is None else min(reserve, len(data))
    if reserve is None:
        del data[end:]
    elif stop > end:
        data[end:stop] = bytes(stop - end)
    target.write_bytes(data)


def _copy_start(path: Path, target: Path, size: int) -> None:
    with path.open("rb") as source, target.open("wb") as copy:
        copy.write(source.read(size))


def _capture_others(root: Path, scratch: Path) -> None:
    for path in _files_of(root):
        relative = path.relative_to(root)
        top = relative.parts[0]
        if top in ("journal", "replicas"):
            continue
        target = scratch / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        if top == "lake" and path.name != _CHANGES:
            _link_or_copy(path, target)
        else:
            shutil.copyfile(path, target)


def _files_of(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = [name for name in names if not name.startswith((".", "_scratch-"))]
        if here == root:
            names[:] = [name for name in names if name not in _NOT_KEPT]
            files = [name for name in files if name not in _NOT_KEPT]
        yield from (here / name for name in files if not name.startswith(".") and not name.endswith((".lock", ".tmp")))


def _copy_marks(source: Path, target: Path) -> None:
    if not source.is_dir():
        return
    target.mkdir()
    for mark in source.glob("*.mark"):
        with file_lock(mark, shared=True):
            shutil.copyfile(mark, target / mark.name)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links, or another one
        shutil.copyfile(source, target)


def _capture_state(settings: ServerSettings, scratch: Path) -> State:
    path = shared_state(settings).path
    if path is None:
        return "postgresql"
    if not path.exists():
        return "none"
    try:
        with closing(sqlite3.connect(path, timeout=30)) as source, closing(sqlite3.connect(scratch / _STATE)) as copy:
            source.backup(copy)
    except sqlite3.Error as error:
        raise StateError(f"{path} cannot be copied: {error}") from error
    return "sqlite"
