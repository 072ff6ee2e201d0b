"""A process that saves and exports issues, saying each as it is done. Run with a folder, a run id, the number of the
first issue and how many; told 0, it goes on until it is killed.

Every third issue is exported open first, every fourth has a field of its own.
"""

from __future__ import annotations

import itertools
import sys

from agentgauge.runs.models import Status
from agentgauge.runs.storage import MetricsStorage
from tests.runs.issues import issue


def export(storage: MetricsStorage, run_id: str, number: int) -> None:
    name = str(number)
    extra = {f"field {number % 8}": number} if number % 4 == 0 else {}
    final = issue(run_id, name, extra=extra)
    if number % 3 == 0:
        started = issue(run_id, name, agents=1, status=Status.RUNNING, end_time=None)
        storage.save_issue_metrics(run_id, started)
        storage.export_issue_to_csv(run_id, started)
    storage.save_issue_metrics(run_id, final)
    storage.export_issue_to_csv(run_id, final)


def main() -> None:
    base, run_id, first, many = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    storage = MetricsStorage(base)
    numbers = itertools.count(first) if many == 0 else range(first, first + many)
    for number in numbers:
        export(storage, run_id, number)
        print(number, flush=True)


if __name__ == "__main__":
    main()
