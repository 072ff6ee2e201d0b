"""A file that appears whole or not at all, written as a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentgauge.files import rename, sync_directory, sync_file


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A path beside `path` to make a file at, which takes the place of `path` when the block ends.

    It is synced first. Where the block raises, the file goes and what was at `path` stays.

    Raises `OSError` where the directory cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        yield temporary
        sync_file(temporary)
        rename(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
