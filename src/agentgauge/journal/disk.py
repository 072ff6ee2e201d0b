"""What a segment asks of the operating system, each call of which can fail.

`Disk` is passed in, so that a test can make any of them fail, and nothing else in this room opens, allocates or
writes a file.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
from pathlib import Path

from agentgauge import files
from agentgauge.interruption import is_interruption

# File systems whose posix_fallocate reserves nothing, or whose mapped pages can be refused later: a full disk would
# then be a SIGBUS in the middle of a store instead of an error at allocation.
_UNRESERVED = frozenset(
    "nfs nfs4 cifs smb3 smbfs 9p afs ceph glusterfs lustre virtiofs vboxsf zfs ncpfs".split()  # noqa: SIM905
)

FULL = (errno.ENOSPC, errno.EDQUOT)
UNSUPPORTED = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.ENODEV)


class Disk:
    """The real one."""

    def create(self, path: Path) -> int:
        """A new, empty file, open for reading and appending; FileExistsError where it is there."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        return os.open(path, flags, 0o644)

    def create_for_mapping(self, path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)

    def allocate(self, descriptor: int, size: int) -> None:
        """Give the file `size` bytes of disk, or raise ENOSPC now rather than when they are written."""
        if not hasattr(os, "posix_fallocate"):
            raise OSError(errno.EOPNOTSUPP, "this platform has no posix_fallocate")
        os.posix_fallocate(descriptor, 0, size)

    def map(self, descriptor: int, size: int) -> mmap.mmap:
        return mmap.mmap(descriptor, size)

    def write(self, descriptor: int, data: bytes) -> int:
        return os.write(descriptor, data)

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        return files.write_at(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        files.sync_file(descriptor)

    def sync_directory(self, path: Path) -> None:
        files.sync_directory(path)


def can_reserve(directory: Path) -> bool:
    """Whether the file system of `directory` is one on which allocated blocks are there when a mapped page is stored
    to.
    """
    if sys.platform != "linux":
        return False
    kind = _file_system(directory)
    return kind not in _UNRESERVED and not kind.startswith("fuse")


def _file_system(directory: Path) -> str:
    """Type of the file system that holds `directory`; empty where /proc does not say."""
    place = os.path.realpath(directory)
    best, kind = "", ""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        if is_interruption(error):
            raise
        return ""
    for mount in mounts.splitlines():
        parts = mount.split(" ")
        point = parts[1].replace("\\040", " ")
        if (place == point or place.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind
