"""`python -m agentgauge.service.jobs`: runs the jobs when they are due, alone, until Ctrl-C.

Beside servers that are started with `--no-jobs`, on the same home and database.
"""

from __future__ import annotations

import signal
import sys
import threading

from agentgauge.errors import AgentGaugeError
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.leading import Leader
from agentgauge.service.logs import set_up_logs, warn_of_unknown_settings
from agentgauge.service.notifying.checking import check_channels
from agentgauge.settings.extras import check_server_extra
from agentgauge.settings.server import get_server_settings
from agentgauge.state.opening import served_state


def main() -> int:
    """Takes its settings from the environment. Returns the exit code."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    try:
        check_server_extra("apscheduler", "sqlalchemy")
        settings = get_server_settings()
        set_up_logs(settings.logs)
        warn_of_unknown_settings()
        check_channels(settings.recording.home)
        state = served_state(settings)
        state.prepare()
    except AgentGaugeError as error:
        sys.stderr.write(f"agentgauge: {error}\n")
        return 2
    leader = Leader(Work(settings, state))
    leader.start()
    sys.stdout.write("agentgauge: running the jobs\n")
    sys.stdout.flush()
    ending.wait()
    leader.close()
    state.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
