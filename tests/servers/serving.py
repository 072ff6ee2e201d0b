"""`agentgauge serve` as a process of its own, as users run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


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
def served(home: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A running server on a free port of loopback; it is killed at the end if it still runs."""
    command = [sys.executable, "-c", "from agentgauge.cli import main; main()"]
    process = subprocess.Popen(
        [*command, "serve", "--home", str(home), "--port", "0", *options],
        env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if "http://" in line or "https://" in line:
                yield Served(line[line.index("http") :].split()[0].rstrip(".,/"), process, said)
                return
        raise RuntimeError(f"the server ended with {process.wait()}: {said}")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
