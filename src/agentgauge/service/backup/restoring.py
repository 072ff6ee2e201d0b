"""Restoring a backup into an empty home.

Everything is unpacked and checked in a folder inside the home first; then its parts get their places, the journal last.
The restored journal is a copy and takes a name of its own (`journal.directory`), so that both homes may go on: what the
old one has landed is known by its plans, and lands no second time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from agentgauge.errors import BackupUnusable, SettingsError
from agentgauge.files import make_directory, rename, sync_directory, sync_file
from agentgauge.journal.directory import Identity, JournalDirectory
from agentgauge.service.backup.archive import Manifest, unpack
from agentgauge.settings import Home

_UNPACKING = ".restoring"
_OF_NO_FILE = 0
"""As the inode of a journal's identity: no file has it, so whoever reads it takes the journal for a copy."""


def restore(source: Path, home: Home) -> Manifest:
    """Put the home together again. Raises `SettingsError` where it is not empty, and `BackupUnusable` for a file that
    is damaged, with nothing left behind.
    """
    if home.lake_is_remote:
        raise SettingsError(f"a backup is restored into a directory, not to {home.lake}")
    if home.root.exists() and (not home.root.is_dir() or any(home.root.iterdir())):
        raise SettingsError(f"{home.root} is not empty: name a new directory with --home, or move it away")
    make_directory(home.root)
    with _folder(home.root / _UNPACKING) as folder, source.open("rb") as file:
        try:
            manifest = unpack(file, folder)
        except BackupUnusable as error:
            raise BackupUnusable(f"{source}: {error}") from error
        _make_a_copy(folder / "journal" / "id")
        _sync(folder)
        for part in sorted(folder.iterdir(), key=lambda part: part.name == "journal"):
            rename(part, home.root / part.name)
        sync_directory(home.root)
    JournalDirectory(home.root).make()
    return manifest


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path)


def _make_a_copy(identity: Path) -> None:
    """Its inode may by chance be that of the old one, on another disk."""
    if identity.exists():
        old = msgspec.json.decode(identity.read_bytes(), type=Identity)
        identity.write_bytes(msgspec.json.encode(msgspec.structs.replace(old, inode=_OF_NO_FILE)))


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        (sync_directory if path.is_dir() else sync_file)(path)
    sync_directory(folder)
