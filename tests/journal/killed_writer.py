"""A process that records as fast as it can until it is killed. Run with a home, a number of threads and a file for
acknowledgements.

Each thread counts in its own 8 bytes of that file, mapped shared, what `llm_call` has returned from; so the count
outlives the process too.
"""

from __future__ import annotations

import mmap
import sys
import threading

import agentgauge


def main() -> None:
    home, threads, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    gauge = agentgauge.open(home)
    with open(path, "r+b") as file:  # noqa: PTH123
        acknowledged = memoryview(mmap.mmap(file.fileno(), 8 * threads)).cast("Q")

    def record(thread: int) -> None:
        with gauge.scope(run=f"{path}/{thread}"):
            number = 0
            while True:
                gauge.llm_call("m", "p", input_tokens=number)
                number += 1
                acknowledged[thread] = number

    for thread in range(1, threads):
        threading.Thread(target=record, args=(thread,), daemon=True).start()
    record(0)


main()
