"""A program that records, and says the identity of each event once it is recorded. Run with a home, how many events
(0: until it is killed) and a word:

    alone   records and ends
    fork    a child of it records as many, at the same time
    waits   records, says `done`, and ends when its standard input does
    exits   ends without closing anything
    leaves  the same, and waits no longer at its end than programs do

But for that, what is recorded is waited for at the end, however busy the machine is.
Where the server is, and its key, are variables of the environment, as everywhere.
"""

from __future__ import annotations

import itertools
import os
import sys

import agentgauge
from agentgauge.forwarding import forwarder


def record(gauge: agentgauge.Gauge, count: int) -> None:
    for number in range(count) if count else itertools.count():
        kept = gauge.event("task", {"name": f"{os.getpid()}/{number}"}, attributes={"text": "x" * (number % 97)})
        said = "dropped" if kept is None else f"{kept.segment} {kept.n}"
        os.write(1, f"{said}\n".encode())


def main() -> None:
    home, count, word = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if word != "leaves":
        forwarder.LAST_PASS_S = 120
    gauge = agentgauge.open(home)
    child = 0
    if word == "fork":
        record(gauge, 1)
        child = os.fork()
    record(gauge, count)
    if word == "waits":
        os.write(1, b"done\n")
        sys.stdin.read()
    if word not in ("exits", "leaves"):
        gauge.close()
    if word == "fork":
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
