"""`agentgauge top` in a real terminal."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import agentgauge

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")

_ENTERED, _LEFT = "\x1b[?1049h", "\x1b[?1049l"
_PATIENCE_S = 60.0


class Terminal:
    """A program that believes a person looks at it, and what it has written so far."""

    def __init__(self, *arguments: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.before = termios.tcgetattr(self._slave)
        environment = {**os.environ, "TERM": "xterm-256color", "TZ": "UTC"}
        self.program = subprocess.Popen(
            [sys.executable, "-m", "agentgauge", *arguments],
            stdin=self._slave, stdout=self._slave, stderr=self._slave, env=environment, start_new_session=True,
        )  # fmt: skip
        self.written = ""

    def until(self, pattern: str) -> str:
        """Wait until something is written that was not before; what was written up to there."""
        ends = time.monotonic() + _PATIENCE_S
        while (found := re.search(pattern, self.written, re.DOTALL)) is None:
            self._read(ends, pattern)
        so_far, self.written = self.written[: found.end()], self.written[found.end() :]
        return so_far

    def _read(self, ends: float, pattern: str) -> None:
        ready, _, _ = select.select([self.master], [], [], max(ends - time.monotonic(), 0))
        assert ready, f"{pattern!r} was never written, but {self.written[-4000:]!r}"
        self.written += os.read(self.master, 65536).decode()

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def is_as_before(self) -> bool:
        import termios

        return termios.tcgetattr(self._slave) == self.before

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self.master)
        os.close(self._slave)


@contextmanager
def watching(home: Path) -> Iterator[Terminal]:
    terminal = Terminal("top", "--interval", "0.2", "--home", str(home))
    try:
        terminal.until(re.escape(_ENTERED) + ".*q quit")
        yield terminal
    finally:
        terminal.close()


def test_a_frame_shows_what_was_recorded_meanwhile_and_keys_are_obeyed(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path, project="shop") as gauge, watching(tmp_path) as terminal:
        with gauge.scope(agent="newcomer"), gauge.span("turn"):
            gauge.llm_call("in-house", input_tokens=1000, cost_usd="0.42")
            terminal.until(r"●\S* newcomer")
        terminal.press("p")
        terminal.until("PAUSED")
        terminal.press("pt")
        terminal.until("sorted by time")
        terminal.press("q")
        terminal.until(re.escape(_LEFT))
        assert terminal.program.wait(_PATIENCE_S) == 0
        assert terminal.is_as_before()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "terminated"]
)
def test_however_it_ends_the_terminal_is_given_back(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with watching(tmp_path) as terminal:
        terminal.program.send_signal(number)
        terminal.until(re.escape(_LEFT))
        assert terminal.program.wait(_PATIENCE_S) == code
        assert terminal.is_as_before()


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(tmp_path: Path) -> None:
    with watching(tmp_path) as terminal:
        terminal.program.send_signal(signal.SIGTSTP)
        terminal.until(re.escape(_LEFT))
        os.waitid(os.P_PID, terminal.program.pid, os.WSTOPPED)
        assert terminal.is_as_before()
        terminal.program.send_signal(signal.SIGCONT)
        terminal.until(re.escape(_ENTERED) + ".*q quit")
        terminal.press("q")
        assert terminal.program.wait(_PATIENCE_S) == 0
