"""What this process uses of its machine, read through psutil, which comes with `agentgauge[resources]`."""

from __future__ import annotations

import importlib
import time

from agentgauge.operations.models import SystemMetrics


def system_metrics() -> SystemMetrics:
    """Figures of now; takes about a millisecond. Where psutil is missing, or the system does not tell, it says so."""
    try:
        psutil = importlib.import_module("psutil")  # an extra, which publishes no types
    except ImportError:
        return SystemMetrics(problem="psutil is not installed: pip install 'agentgauge[resources]'")
    try:
        process = psutil.Process()
        with process.oneshot():
            times = process.cpu_times()
            cpu_seconds = float(times.user + times.system)
            age = time.time() - process.create_time()
            memory = psutil.virtual_memory()
            return SystemMetrics(
                available=True,
                cpu_seconds=cpu_seconds,
                cpu_percent=100 * cpu_seconds / age if age > 0 else 0.0,
                memory_bytes=process.memory_info().rss,
                threads=process.num_threads(),
                machine_cpus=psutil.cpu_count(),
                machine_memory_percent=memory.percent,
                machine_memory_available_bytes=memory.available,
            )
    except (psutil.Error, OSError) as error:  # a container may hide /proc
        return SystemMetrics(problem=f"the system does not tell: {error}")
