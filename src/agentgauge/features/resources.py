"""What this process uses of its machine, recorded in the background.

Every `interval` seconds a daemon thread records, as measurements of `metric_type` resource:

    category   name               value                                               attributes
    cpu        process_cpu        percent of one processor since the last sample      allocated: processors
    memory     process_memory     percent of the machine's memory that is resident    allocated, used: MB
    disk       process_disk_io    B/s read and written since the last sample
    network    machine_network    B/s sent and received by the whole machine, since no system counts it by process

A sample takes well under a millisecond. What a platform does not count (disk I/O on macOS) is left out. What is counted
since the last sample begins with the second one.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
import weakref
from types import ModuleType, TracebackType
from typing import Self

import agentgauge
from agentgauge.features.categories import ResourceUtilization
from agentgauge.interruption import is_interruption
from agentgauge.recorder import Gauge

_MEGABYTE = 1 << 20


class ResourceSampler:
    """Runs from when it is made until `stop()`, or to the end of its `with` block. A forked child samples itself."""

    def __init__(self, interval: float, feature: str | None, gauge: Gauge | None) -> None:
        """Raises `ValueError` for an interval that is none, `ImportError` where psutil is missing."""
        if not 0 < interval <= threading.TIMEOUT_MAX:
            raise ValueError(f"interval is a number of seconds above 0, got {interval}")
        self._psutil = _psutil()
        self._interval = interval
        self._feature = feature
        self._own = gauge
        self._stopped = False
        self._start()
        _samplers.add(self)

    def _start(self) -> None:
        self._process = self._psutil.Process()
        self._processors = self._psutil.cpu_count() or 1
        self._rates: dict[str, tuple[float, float]] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="agentgauge-resources", daemon=True)
        self._thread.start()

    def after_fork(self) -> None:
        """In the child, which has no thread of its parent's."""
        if not self._stopped:
            self._start()

    def stop(self) -> None:
        """Record no more. Waits for a sample that is being taken. Stopping again does nothing."""
        self._stopped = True
        self._end.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        end = self._end
        self.sample()
        while not end.wait(self._interval):
            self.sample()

    def sample(self) -> None:
        """Record one sample now. What cannot be read is left out."""
        for read in (self._cpu, self._memory, self._disk, self._network):
            try:
                read()
            except (self._psutil.Error, OSError, NotImplementedError) as error:
                if is_interruption(error):
                    raise
                # Not counted by this platform, or not for this user: the other figures are recorded all the same.
                continue

    def _cpu(self) -> None:
        spent = self._process.cpu_times()
        percent_seconds = 100 * (spent.user + spent.system)
        self._keep_rate(ResourceUtilization.CPU, "process_cpu", percent_seconds, "%", allocated=self._processors)

    def _memory(self) -> None:
        used, total = self._process.memory_info().rss, self._psutil.virtual_memory().total
        self._keep(
            ResourceUtilization.MEMORY,
            "process_memory",
            100 * used / total,
            allocated=total / _MEGABYTE,
            used=used / _MEGABYTE,
            resource_unit="MB",
        )

    def _disk(self) -> None:
        if not hasattr(self._process, "io_counters"):
            return
        counted = self._process.io_counters()
        self._keep_rate(ResourceUtilization.DISK, "process_disk_io", counted.read_bytes + counted.write_bytes)

    def _network(self) -> None:
        counted = self._psutil.net_io_counters()
        if counted is not None:  # a machine without a network
            self._keep_rate(ResourceUtilization.NETWORK, "machine_network", counted.bytes_sent + counted.bytes_recv)

    def _keep_rate(
        self, category: ResourceUtilization, name: str, total: float, unit: str = "B/s", **attributes: object
    ) -> None:
        """Keep how fast `total` has grown since it was last read."""
        now = time.monotonic()
        before, self._rates[name] = self._rates.get(name), (now, total)
        if before is not None and now > before[0] and total >= before[1]:
            self._keep(category, name, (total - before[1]) / (now - before[0]), unit=unit, **attributes)

    def _keep(
        self, category: ResourceUtilization, name: str, value: float, *, unit: str = "%", **attributes: object
    ) -> None:
        gauge = self._own or agentgauge.default()
        own = {"metric_type": "resource", "metric_category": category.value, **attributes}
        gauge.measurement(name, value, unit, attributes=own, feature=self._feature)


def sample_resources(
    interval: float = 10.0, *, feature: str | None = None, gauge: Gauge | None = None
) -> ResourceSampler:
    """Record this process's CPU, memory, disk and network every `interval` seconds, until `.stop()`.

    Raises `ImportError` naming what to install where psutil is missing, and `ValueError` for an interval that is none.
    """
    return ResourceSampler(interval, feature, gauge)


def _psutil() -> ModuleType:
    try:
        return importlib.import_module("psutil")  # which publishes no types
    except ImportError as error:
        raise ImportError("sample_resources needs psutil: pip install 'agentgauge[resources]'") from error


_samplers: weakref.WeakSet[ResourceSampler] = weakref.WeakSet()


def _after_fork() -> None:
    for sampler in list(_samplers):
        sampler.after_fork()


if hasattr(os, "register_at_fork"):  # behind the journals' own, which were registered when `agentgauge` was imported
    os.register_at_fork(after_in_child=_after_fork)
