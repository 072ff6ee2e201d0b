"""A disk that is really full: a tmpfs of one megabyte."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.components import require


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Mounted at `place`, which is made."""
    require(sys.platform == "linux" and os.getuid() == 0, "root on Linux, to mount a tmpfs")
    place.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True, check=False
    )
    require(mounted.returncode == 0, "the right to mount a tmpfs")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
