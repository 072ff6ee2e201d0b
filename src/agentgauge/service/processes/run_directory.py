"""`<home>/run/<name>`: what the processes of one server share while it runs, and nobody needs afterwards.

It is locked while its server runs. One whose lock can be had was left by a server that was killed, and is removed by
the next that starts.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from agentgauge.files import LockHeld, file_lock, make_directory
from agentgauge.settings import Home

_LOCK = "lock"


@contextmanager
def run_directory(home: Home) -> Iterator[Path]:
    """A directory of this server's own, empty but for its lock. Raises `OSError`."""
    runs = home.root / "run"
    make_directory(runs)
    _remove_abandoned(runs)
    own = runs / f"{os.getpid()}-{secrets.token_hex(4)}"
    with ExitStack() as held:
        with file_lock(runs / _LOCK):  # nobody may take it for abandoned before it is locked
            own.mkdir()
            held.enter_context(file_lock(own / _LOCK))
        held.callback(shutil.rmtree, own, ignore_errors=True)
        yield own


def _remove_abandoned(runs: Path) -> None:
    with file_lock(runs / _LOCK):
        for left in runs.iterdir():
            if not left.is_dir():
                continue
            with suppress(LockHeld), file_lock(left / _LOCK, blocking=False):
                shutil.rmtree(left, ignore_errors=True)
