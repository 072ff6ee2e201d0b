"""The journal's directory: who it is, what is in it, how much it holds.

`id` is a small JSON file: 16 random bytes in hex, and the inode of the file itself. It is made once; all processes
that use the directory agree on it. Where the inode written inside is not the file's own, the directory was copied,
and whoever notices first gives the copy a new id, keeping the old one as `copied_from`: two homes must not land
events under one name. (A clone of a whole file system, block by block, keeps inodes and so cannot be told from its
original.) A host name or process id is no identity.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from agentgauge import files
from agentgauge.errors import JournalUnavailable
from agentgauge.interruption import is_interruption
from agentgauge.journal import layout

_ABANDONED_SECONDS = 3600
"""A segment takes milliseconds to make; one that is still being made after an hour was left by a crash."""


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    inode: int
    copied_from: str = ""


_decode = msgspec.json.Decoder(Identity).decode


class JournalDirectory:
    """`<root>/journal`. Making the object touches no disk; `id` makes the directory where it is missing."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.path = Path(root).absolute() / "journal"  # where it is stays so when the process changes its directory
        self._identity: Identity | None = None

    @property
    def id(self) -> str:
        """Random name of this directory, made at the first call on this machine. Raises `JournalUnavailable`."""
        if self._identity is None:
            self._identity = self._read_identity() or self._make_identity()
        return self._identity.id

    @property
    def copied_from(self) -> str | None:
        """Id of the directory that this one is a copy of, where that was noticed."""
        _ = self.id
        return self._identity.copied_from or None if self._identity else None

    def segments(self) -> list[Path]:
        """Segment files, of this and other processes, live and dead, sorted by name (so each process's are in
        order).
        """
        try:
            with os.scandir(self.path) as entries:
                return sorted(Path(entry.path) for entry in entries if entry.name.endswith(layout.SUFFIX))
        except FileNotFoundError:
            return []

    def total_bytes(self) -> int:
        """Disk space that the segments take, what is allocated and not yet written included."""
        total = 0
        for path in self.segments():
            try:
                status = path.stat()
            except FileNotFoundError:  # compacted meanwhile
                continue
            total += status.st_blocks * 512 if hasattr(status, "st_blocks") else status.st_size
        return total

    def make(self) -> str:
        """Make the directory and its identity anew where they are missing; the id. Raises `JournalUnavailable`."""
        self._identity = None
        identity = self.id
        self._remove_abandoned()
        return identity

    def _read_identity(self) -> Identity | None:
        """What the id file says; None where it is missing, damaged, or came from another directory."""
        found = self._stored_identity()
        return found[0] if found is not None and found[0].inode == found[1] else None

    def _stored_identity(self) -> tuple[Identity, int] | None:
        try:
            with (self.path / "id").open("rb") as file:
                return _decode(file.read()), os.fstat(file.fileno()).st_ino
        except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        except OSError as error:
            if is_interruption(error):
                raise
            raise unavailable(self.path, error) from error

    def _make_identity(self) -> Identity:
        try:
            files.make_directory(self.path)
            with files.file_lock(self.path / "id.lock"):
                stored = self._stored_identity()
                if stored is not None and stored[0].inode == stored[1]:  # another process was first
                    return stored[0]
                return self._write_identity(copied_from=stored[0].id if stored else "")
        except JournalUnavailable:
            raise
        except OSError as error:
            if is_interruption(error):
                raise
            raise unavailable(self.path, error) from error

    def _write_identity(self, copied_from: str) -> Identity:
        # Not `write_atomically`: the content names the inode of the file that it is written to, and a rename keeps
        # the inode.
        temporary = self.path / "id.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            identity = Identity(os.urandom(16).hex(), os.fstat(descriptor).st_ino, copied_from)
            files.write_all(descriptor, msgspec.json.encode(identity) + b"\n")
            files.sync_file(descriptor)
        finally:
            os.close(descriptor)
        files.rename(temporary, self.path / "id")
        files.sync_directory(self.path)
        return identity

    def _remove_abandoned(self) -> None:
        oldest = time.time() - _ABANDONED_SECONDS
        for path in self.path.glob(f"*-*{layout.BIRTH_SUFFIX}"):
            try:
                if path.stat().st_mtime < oldest and not files.is_locked(path):
                    path.unlink()
            except FileNotFoundError:
                continue


def unavailable(path: Path, error: OSError) -> JournalUnavailable:
    """The error that says where recording was to go, why it cannot, and what to do about it."""
    reason = error.strerror or str(error)
    return JournalUnavailable(
        error.errno,
        f"cannot write the journal in {path}: {reason}; make the directory writable for this user, or name "
        "another home with AGENTGAUGE_HOME or agentgauge.open(home=...)",
    )
