"""What the processes of a server count of themselves: requests, events that arrived, and what failed.

With several processes the counts are kept in files of one directory, so that whichever answers a poll answers for all,
those that have ended included. The library decides at its import whether it does so: `share` comes before it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram
    from prometheus_client.metrics_core import Metric

_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The library's name for it."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def share(directory: Path) -> None:
    """Have the processes started from here count together, from zero, in an empty `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in directory.glob("*.db"):
        file.unlink()
    os.environ[_DIRECTORY] = str(directory)


class ProcessFigures:
    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._requests = Counter(
            "agentgauge_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "agentgauge_http_request_duration_seconds",
            "Time from a request's first line to its answer's end.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._received = Counter(
            "agentgauge_received_events",
            "Events that arrived over the network.",
            ("door", "result"),
            registry=self._registry,
        )
        self._cache = Counter(
            "agentgauge_cache_requests", "Questions looked for in the cache.", ("result",), registry=self._registry
        )
        self.cache_failures = Counter(
            "agentgauge_cache_failures", "Times that Redis failed, or held what is no answer.", registry=self._registry
        )
        self.cache_evictions = Counter(
            "agentgauge_cache_evictions", "Answers dropped from memory to make room.", registry=self._registry
        )
        self.landing_failures = Counter(
            "agentgauge_landing_failures", "Times that the journal could not be landed.", registry=self._registry
        )
        self.snapshots = Gauge(
            "agentgauge_snapshots", "Snapshots of the events that are held in memory.", registry=self._registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        # Looking up what a label stands for takes longer than counting.
        self._of_route: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._of_result = {result: self._cache.labels(result) for result in ("hit", "miss")}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered. `route` is its template: addresses have no end."""
        counts = self._of_route.get((method, route, status))
        if counts is None:
            counts = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            self._of_route[method, route, status] = counts
        requests, durations = counts
        requests.inc()
        durations.observe(seconds)

    def received(self, door: str, accepted: int, rejected: int) -> None:
        """Events arrived at a door: events or otlp."""
        self._received.labels(door, "accepted").inc(accepted)
        self._received.labels(door, "rejected").inc(rejected)

    def looked_up(self, result: Literal["hit", "miss"]) -> None:
        """A question was looked for in the cache."""
        self._of_result[result].inc()

    def collect(self) -> Iterable[Metric]:
        """The counts of all processes."""
        if directory := os.environ.get(_DIRECTORY):
            from prometheus_client import CollectorRegistry
            from prometheus_client.multiprocess import MultiProcessCollector

            _drop_gauges_of_the_dead(Path(directory))
            return MultiProcessCollector(CollectorRegistry()).collect()  # type: ignore[no-untyped-call,no-any-return]
        return self._registry.collect()


def _drop_gauges_of_the_dead(directory: Path) -> None:
    """What a process counted stays when it ends; what it had does not."""
    from psutil import pid_exists  # type: ignore[import-untyped]

    for file in directory.glob("gauge_live*_*.db"):
        if not pid_exists(int(file.stem.rpartition("_")[2])):
            file.unlink(missing_ok=True)
