"""Sampling of what a process uses."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

import agentgauge
from agentgauge.features import AdvancedMetrics, sample_resources
from tests.recorder.reading import events

FOREVER = 3600


def test_a_sample_records_what_this_process_uses(gauge: agentgauge.Gauge, home: Path) -> None:
    with sample_resources(FOREVER, feature="search", gauge=gauge) as sampler:
        sampler.sample()
        sampler.sample()
    found = {event.name: event for event in events(home)}
    memory = found["process_memory"]
    assert (memory.kind, memory.feature, memory.unit) == ("measurement", "search", "%")
    attributes: dict[str, Any] = memory.attributes or {}
    assert (attributes["metric_type"], attributes["metric_category"]) == ("resource", "memory")
    assert memory.value == pytest.approx(100 * attributes["used"] / attributes["allocated"])
    assert attributes["used"] == pytest.approx(psutil.Process().memory_info().rss / (1 << 20), rel=0.2)
    assert found["process_cpu"].unit == "%"
    assert {found[name].unit for name in ("process_disk_io", "machine_network") if name in found} <= {"B/s"}


def test_a_rate_needs_two_samples(gauge: agentgauge.Gauge, home: Path) -> None:
    sampler = sample_resources(FOREVER, gauge=gauge)
    sampler.stop()
    counted = Counter(event.name for event in events(home))
    assert counted["process_memory"] == 1
    assert counted["process_cpu"] == counted["process_disk_io"] == counted["machine_network"] == 0


def test_processor_time_is_a_share_of_the_time_between_samples(gauge: agentgauge.Gauge, home: Path) -> None:
    moments = [now()]
    sampler = sample_resources(FOREVER, gauge=gauge)
    sampler.stop()  # has taken the first
    moments.append(now())
    while now()[1] < moments[1][1] + 0.2:
        sum(range(10_000))
    moments.append(now())
    sampler.sample()
    moments.append(now())
    (cpu,) = (event for event in events(home) if event.name == "process_cpu")
    (most_time, most_spent), (least_time, least_spent) = (
        [late - early for early, late in zip(moments[first], moments[last], strict=True)]
        for first, last in ((0, 3), (1, 2))
    )
    assert cpu.value is not None
    assert 100 * least_spent / most_time <= cpu.value <= 100 * most_spent / least_time


def now() -> tuple[float, float]:
    """The time, and how much of it this process has spent on its processors, in seconds."""
    spent = psutil.Process().cpu_times()
    return time.monotonic(), spent.user + spent.system


def test_it_samples_in_the_background_until_it_is_stopped(gauge: agentgauge.Gauge, home: Path) -> None:
    with sample_resources(0.001, gauge=gauge) as sampler:
        while len(events(home)) < 8:
            pass
    sampler.stop()
    recorded = len(events(home))
    assert not [thread for thread in threading.enumerate() if thread.name == "agentgauge-resources"]
    assert len(events(home)) == recorded


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_samples_itself(gauge: agentgauge.Gauge, home: Path) -> None:
    sampler = sample_resources(FOREVER, gauge=gauge)
    sampler.stop()
    running = sample_resources(FOREVER, feature="search", gauge=gauge)
    child = os.fork()
    if child == 0:
        sampler.stop()
        running.stop()  # after its first sample, in a thread of its own
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    running.stop()
    segments = {event.segment for event in events(home) if event.feature == "search"}
    assert len(segments) == 2


def test_what_is_sampled_is_found_among_the_resources(gauge: agentgauge.Gauge) -> None:
    sample_resources(FOREVER, gauge=gauge).stop()
    (row,) = AdvancedMetrics(gauge=gauge).get_performance_metrics(metric_category="memory")
    assert row["metric_name"] == "process_memory"


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf")])
def test_an_interval_that_is_none_is_refused(gauge: agentgauge.Gauge, interval: float) -> None:
    with pytest.raises(ValueError, match="interval"):
        sample_resources(interval, gauge=gauge)


def test_without_psutil_it_says_what_to_install(gauge: agentgauge.Gauge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(ImportError, match=r"pip install 'agentgauge\[resources\]'"):
        sample_resources(FOREVER, gauge=gauge)
