"""Pictures of charts for a process that must stay small: drawn in another, which takes a second and ends.

python -m agentgauge.charts.picturing < chart.json > picture.svg
"""

from __future__ import annotations

import subprocess
import sys
import threading

import msgspec

from agentgauge.charts.building import ChartsUnavailable
from agentgauge.charts.chart import Chart

_LONGEST_S = 60
_drawing = threading.Semaphore(2)
"""Each takes 150 MB while it draws."""


def picture(chart: Chart) -> bytes:
    """SVG with the colours of the light theme. Raises `ChartsUnavailable`."""
    with _drawing:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "agentgauge.charts.picturing"],
                input=msgspec.json.encode(chart), capture_output=True, timeout=_LONGEST_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ChartsUnavailable(f"the picture was not drawn within {_LONGEST_S} s") from None
    if done.returncode:
        raise ChartsUnavailable(f"the picture could not be drawn: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout


if __name__ == "__main__":
    from agentgauge.charts.drawing import svg

    sys.stdout.write(svg(msgspec.json.decode(sys.stdin.buffer.read(), type=Chart)))
