"""Durable files: the only module that asks the disk to keep something, renames, or locks.

Everything that must survive a power cut goes through here, so that what is promised can be read in one place:

    sync_file       what was written to this file is on the disk (its data and its length)
    sync_directory  what was created, renamed or removed in this directory is on the disk
    read_at, write_at  bytes at a place of an open file, also where the system has no call for both at once
    make_directory  a directory, and those above it that were missing, are on the disk
    rename          the old name becomes the new one in one step; the directory is NOT synced
    write_atomically  a reader, or a restart, sees the whole old content or the whole new content
    appearing       the same for a file that is written as a stream
    lock            one holder at a time, released by the kernel when the holder dies

Locks are `flock`: they belong to the open file, not to a process id, so they are right across containers and reused
ids. Windows has no flock; a byte far behind the end of the file is locked there, and a shared lock is taken as an
exclusive one.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_BUSY = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_LOCK_BYTE = 1 << 40


def sync_file(target: int | str | os.PathLike[str]) -> None:
    """Block until the data and length of a file, an open descriptor or a path, are on the disk. Releases the GIL."""
    if isinstance(target, int):
        _sync_descriptor(target)
        return
    descriptor = os.open(target, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR)
    try:
        _sync_descriptor(descriptor)
    finally:
        os.close(descriptor)


def _sync_descriptor(descriptor: int) -> None:
    if sys.platform == "linux":
        os.fdatasync(descriptor)
    elif sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # fsync leaves the data in the drive's cache there
    else:
        os.fsync(descriptor)


def sync_directory(path: str | os.PathLike[str]) -> None:
    """Block until names created, renamed or removed in the directory are on the disk."""
    if sys.platform == "win32":  # directories cannot be opened; NTFS journals names itself
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: str | os.PathLike[str]) -> None:
    """Make a directory and those missing above it, and block until the names of all are on the disk.

    Nothing where it is there. Raises OSError as `mkdir` does.
    """
    missing = []
    directory = Path(path)
    while not directory.is_dir() and directory != directory.parent:
        missing.append(directory)
        directory = directory.parent
    for directory in reversed(missing):
        directory.mkdir(exist_ok=True)  # another process may be first
        with suppress(PermissionError):  # one may make names in a directory that one may not read
            sync_directory(directory.parent)


def rename(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Give `source` the name `target`, taking the place of what has it; in one step for every observer."""
    os.replace(source, target)


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Make `data` the content of `path`, for readers and across a power cut: all of it or none of it."""
    path = Path(path)
    temporary = _temporary(path)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
        try:
            write_all(descriptor, data)
            _sync_descriptor(descriptor)
        finally:
            os.close(descriptor)
        rename(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    sync_directory(path.parent)


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A path beside `path` to make a file at, which takes the place of `path` when the block ends.

    It is synced first. Where the block raises, the file goes and what was at `path` stays.

    Raises `OSError` where the directory cannot be written.
    """
    temporary = _temporary(path)
    try:
        yield temporary
        sync_file(temporary)
        rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, continuing after short writes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def read_at(descriptor: int, count: int, offset: int) -> bytes:
    """Up to `count` bytes from byte `offset` of an open file; fewer at its end.

    Where the system has no pread (Windows) the file's position moves, so no two threads may share the descriptor.
    """
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, count)


def write_at(descriptor: int, data: bytes, offset: int) -> int:
    """Write at byte `offset` of an open file; the number of bytes written. For threads as `read_at`."""
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, data, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, data)


def lock(descriptor: int, *, shared: bool = False, blocking: bool = True) -> bool:
    """Lock an open file; False where another holds it and `blocking` is False.

    Held until `unlock`, or until the file is closed everywhere.
    """
    try:
        if sys.platform == "win32":
            position = os.lseek(descriptor, 0, os.SEEK_CUR)
            os.lseek(descriptor, _LOCK_BYTE, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK if blocking else msvcrt.LK_NBLCK, 1)
            finally:
                os.lseek(descriptor, position, os.SEEK_SET)
        else:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if blocking else fcntl.LOCK_NB))
    except OSError as error:
        if not blocking and error.errno in _BUSY:
            return False
        raise
    return True


def unlock(descriptor: int) -> None:
    """Give a lock back at once, also where a forked child has the file open still."""
    if sys.platform == "win32":
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _LOCK_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class LockHeld(OSError):
    """Another process holds the lock that was asked for without waiting."""


@contextmanager
def file_lock(path: str | os.PathLike[str], *, shared: bool = False, blocking: bool = True) -> Iterator[None]:
    """Hold the lock named by a file, made if missing, while the block runs.

    With `blocking=False`, `LockHeld` is raised where another holds it. A shared lock can be had by a reader who may
    not write. The file stays: removing it would let two holders lock two files of one name.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:
        if not shared:
            raise
        descriptor = os.open(path, os.O_RDONLY)
    try:
        if not lock(descriptor, shared=shared, blocking=blocking):
            raise LockHeld(errno.EWOULDBLOCK, "locked by another process", os.fspath(path))
        yield
    finally:
        os.close(descriptor)


def is_locked(path: str | os.PathLike[str]) -> bool:
    """Whether some process holds the exclusive lock of a file. Raises FileNotFoundError where it is gone."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return not lock(descriptor, shared=True, blocking=False)
    finally:
        os.close(descriptor)
