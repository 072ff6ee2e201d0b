"""Figures of this process and its machine, or why there are none."""

from __future__ import annotations

import os
import sys
import threading

import psutil
import pytest

from agentgauge.operations import MetricsCollector


def test_the_figures_are_this_process_own(collector: MetricsCollector) -> None:
    system = collector.get_system_metrics()
    assert system.available
    assert system.problem is None
    assert system.memory_bytes == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    assert system.threads is not None
    assert system.threads >= threading.active_count()  # libraries have threads that Python does not know
    assert system.machine_cpus == os.cpu_count()
    assert system.cpu_seconds is not None
    assert 0 < system.cpu_seconds <= psutil.Process().cpu_times().user + psutil.Process().cpu_times().system
    assert system.machine_memory_percent is not None
    assert 0 < system.machine_memory_percent <= 100


def test_without_psutil_it_says_so(collector: MetricsCollector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    system = collector.get_system_metrics()
    assert not system.available
    assert system.memory_bytes is None
    assert "pip install 'agentgauge[resources]'" in str(system.problem)
