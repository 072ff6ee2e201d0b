"""The process that runs one statement: `python -m agentgauge.service.sandbox SETTINGS`.

The settings are JSON in its argument; the statement is JSON on standard input, the reply JSON on standard output.
"""

from __future__ import annotations

import os
import sys

import msgspec

from agentgauge.service.sandbox.limits import PROCESS_BYTES, Statement
from agentgauge.service.sandbox.running import decoded_settings, reply_to


def main() -> None:
    _limit_memory()
    statement = msgspec.json.decode(sys.stdin.buffer.read(), type=Statement)
    reply = reply_to(decoded_settings(sys.argv[1]), statement)
    sys.stdout.buffer.write(msgspec.json.encode(reply))
    sys.stdout.flush()
    # At once: threads of libraries that wake while the interpreter ends may abort the process, and the reply is given.
    os._exit(0)


def _limit_memory() -> None:
    """Where the system can: elsewhere DuckDB's own limit is all there is."""
    if sys.platform != "linux":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (PROCESS_BYTES, PROCESS_BYTES))


if __name__ == "__main__":
    main()
