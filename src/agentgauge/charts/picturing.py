"""Pictures of charts for a process that must stay small: drawn in another, which ends when none was asked for a while.

    python -m agentgauge.charts.picturing

takes charts as lines of JSON and gives SVG, each after a line with its length. The first picture takes a second, the
next ones some 50 ms; while it lives it has 150 MB. It ends with the process that started it, however that ends.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
import threading
from typing import IO

import msgspec

from agentgauge.charts.building import ChartsUnavailable, definitions
from agentgauge.charts.chart import Chart

IDLE_S = 20.0
_LONGEST_S = 60.0


class Drawer:
    """Draws one picture at a time, for all threads of this process; `close` it, or it rests after `idle_s`."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._rest: threading.Timer | None = None

    def picture(self, chart: Chart) -> bytes:
        """SVG with the colours of the light theme. Raises `ChartsUnavailable`."""
        definitions()  # made here, where it may take longer than a picture
        line = msgspec.json.encode(chart) + b"\n"
        with self._lock:
            if self._rest is not None:
                self._rest.cancel()
            process = self._process = self._process or _start()
            drawn = _drawn(process, line)
            if drawn is None:
                self._end()
                raise ChartsUnavailable(f"the picture could not be drawn: its process ended with {process.returncode}")
            self._rest = threading.Timer(self._idle_s, self.close)
            self._rest.daemon = True
            self._rest.start()
            return drawn

    def close(self) -> None:
        """End the other process; the next picture starts one."""
        with self._lock:
            if self._rest is not None:
                self._rest.cancel()
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "agentgauge.charts.picturing"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def _drawn(process: subprocess.Popen[bytes], line: bytes) -> bytes | None:
    """None where the process has ended, or had to be."""
    assert process.stdin is not None
    assert process.stdout is not None
    late = threading.Timer(_LONGEST_S, process.kill)
    late.start()
    try:
        process.stdin.write(line)
        process.stdin.flush()
        length = int(process.stdout.readline() or -1)
        drawn = process.stdout.read(length) if length >= 0 else b""
    except (OSError, ValueError):  # it ended, or wrote something else
        return None
    finally:
        late.cancel()
    return drawn if len(drawn) == length else None


_drawer = Drawer()
atexit.register(_drawer.close)
picture = _drawer.picture


def serve(charts: IO[bytes], pictures: IO[bytes]) -> None:
    """Draw what comes, until nothing can."""
    from agentgauge.charts.drawing import svg

    decode = msgspec.json.Decoder(Chart).decode
    for line in iter(charts.readline, b""):
        drawn = svg(decode(line)).encode()
        pictures.write(b"%d\n%b" % (len(drawn), drawn))
        pictures.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
