"""The process that sends: `python -m agentgauge.service.notifying`.

It reads a posting, hands it over, answers, and reads the next, until its input ends: what whoever started it does not
live to ask for is not sent.
"""

from __future__ import annotations

import os
import sys

import msgspec

from agentgauge.service.notifying.delivery import deliver
from agentgauge.service.notifying.post import Posted, Posting


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    for line in sys.stdin.buffer:
        answers.write(msgspec.json.encode(_answer(line)) + b"\n")
        answers.flush()


def _answer(line: bytes) -> Posted:
    try:
        return deliver(msgspec.json.decode(line, type=Posting))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is why that channel was not told
        return Posted(f"Apprise failed with {type(error).__name__}")  # its text may have secrets


if __name__ == "__main__":
    main()
