"""`agentgauge serve` as a process of its own, as users run it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_ADDRESS = re.compile(r"serving .* on (https?://\S+)")
_PROGRAM = (sys.executable, "-c", "from agentgauge.cli import main; main()")


@dataclass
class Served:
    url: str
    process: subprocess.Popen[str]
    said: str
    """What it printed until it was ready."""

    def stop(self) -> int:
        """Ask it to end, as systemd and Ctrl-C do; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self) -> None:
        """kill -9 of the whole process group, workers included."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@contextmanager
def served(
    home: Path, *options: str, environment: Mapping[str, str] | None = None, errors: IO[str] | None = None
) -> Iterator[Served]:
    """A running server on a free port of loopback; it is killed at the end if it still runs.

    `errors` takes its standard error, where it logs; else that is the caller's.
    """
    command = [*_PROGRAM, "serve", "--home", str(home), "--port", "0", *options]
    server = start(command, {**os.environ, **(environment or {})}, errors=errors)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
        elif server.process.stdout is not None:
            server.process.stdout.close()


def start(
    command: Sequence[str], environment: Mapping[str, str], folder: Path | None = None, errors: IO[str] | None = None
) -> Served:
    """Returns once requests are answered, which the program's line with its address says.

    Raises `RuntimeError` with what it printed where it ends before that.
    """
    process = subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL,
        text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if address := _ADDRESS.search(line):
            return Served(address[1].rstrip(".,/"), process, said)
    process.communicate()
    raise RuntimeError(f"the server ended with {process.returncode}: {said}")
