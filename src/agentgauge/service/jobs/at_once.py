"""Running a job now because somebody asks, while who asked waits no longer than a page may take."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from agentgauge.service.jobs.due import last_due
from agentgauge.service.jobs.job import Job, Work
from agentgauge.service.jobs.running import JobRunner, Ran

PATIENCE_SECONDS = 3.0


def run_at_once(work: Work, job: Job, now: Callable[[], datetime], patience_s: float = PATIENCE_SECONDS) -> Ran | None:
    """Run it as it was last due. None: it goes on, on a thread of its own that ends with the process, and its run is
    kept as any is. Raises `StateError`.
    """
    found: list[Ran] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(JobRunner(work, now).run(job, last_due(job, now())))
        except BaseException as error:  # noqa: BLE001 - raised below, by who waits
            raised.append(error)

    thread = threading.Thread(target=run, name=f"agentgauge-job-{job.name}", daemon=True)
    thread.start()
    thread.join(patience_s)
    if raised:
        raise raised[0]
    return found[0] if found else None
