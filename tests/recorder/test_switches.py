"""Recording switched off, recording by default, and what importing costs."""

from __future__ import annotations

import asyncio
import inspect
import logging
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import agentgauge
from agentgauge.recorder import DisabledGauge, Gauge, process, sinks
from agentgauge.settings import get_settings
from tests.recorder.reading import events, only


@pytest.fixture(autouse=True)
def _fresh_default() -> Iterator[None]:
    agentgauge.set_default(None)
    yield
    agentgauge.set_default(None)


PUBLIC = [name for name, member in inspect.getmembers(Gauge, inspect.isroutine) if not name.startswith("_")]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_disabled_gauge_takes_the_same_calls(name: str) -> None:
    real, disabled = inspect.signature(getattr(Gauge, name)), inspect.signature(getattr(DisabledGauge, name))
    assert list(real.parameters.values()) == list(disabled.parameters.values())
    assert real.return_annotation == disabled.return_annotation


@pytest.mark.parametrize(("variable", "value"), [("AGENTGAUGE_DISABLED", "1"), ("ENABLE_METRICS", "false")])
def test_switched_off_nothing_is_recorded_and_nothing_made(
    home: Path, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("AGENTGAUGE_HOME", str(home))
    for gauge in (agentgauge.open(home, "shop"), agentgauge.default()):
        with gauge, gauge.scope(run="r"), gauge.span("s", ticket=1) as span:
            span.set(quality_score=1)
            gauge.llm_call("m", input_tokens=-1)
            gauge.task("t")
            assert gauge.bind(len)([1]) == 1
        assert gauge.flush()
        assert gauge.health() == agentgauge.Health(0, {}, {}, {})
        assert isinstance(pickle.loads(pickle.dumps(gauge)), DisabledGauge)
    assert not home.exists()


def test_switched_off_exceptions_still_go_on_and_coroutines_still_run() -> None:
    gauge = DisabledGauge()

    async def main() -> None:
        async with gauge.span("s"):
            raise ValueError

    with pytest.raises(ValueError):
        asyncio.run(main())


def test_the_default_gauge_is_one_and_comes_from_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGAUGE_HOME", str(home))
    monkeypatch.setenv("AGENTGAUGE_PROJECT", "shop")
    monkeypatch.setenv("METRICS_SESSION_ID", "s-1")
    gauge = agentgauge.default()
    assert agentgauge.default() is gauge
    gauge.task("t")
    gauge.close()
    assert (only(home).project, only(home).session) == ("shop", "s-1")


def test_a_default_gauge_without_a_usable_home_counts_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").touch()
    monkeypatch.setenv("AGENTGAUGE_HOME", str(tmp_path / "home"))
    gauge = agentgauge.default()
    gauge.task("t")
    gauge.llm_call("m")
    assert gauge.health().dropped == {"journal unavailable": 2}
    assert str(tmp_path / "home") in caplog.text
    gauge.close()


def test_a_setting_that_makes_no_sense_is_logged_and_events_stay_in_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AGENTGAUGE_FLUSH_MS", "soon")
    gauge = agentgauge.default()
    gauge.task("t")
    assert gauge.health().recorded == 1
    assert "AGENTGAUGE_FLUSH_MS" in caplog.text


def test_a_gauge_may_be_made_the_default(gauge: Gauge) -> None:
    agentgauge.set_default(gauge)
    assert agentgauge.default() is gauge


def test_a_process_that_just_ends_has_recorded_everything(home: Path) -> None:
    code = (
        "import atexit\n"
        "atexit.register(lambda: gauge.task('late'))\n"
        "import agentgauge\n"
        "gauge = agentgauge.default()\n"
        "gauge.task('work')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "AGENTGAUGE_HOME": str(home)})
    assert [event.name for event in events(home)] == ["work", "late"]
    first, _ = sorted(home.glob("journal/*.seg"))
    assert first.stat().st_size < 4096, "at exit, unused space is given back"


def test_recording_imports_nothing_heavy(home: Path) -> None:
    code = (
        "import sys, agentgauge\n"
        "with agentgauge.open(sys.argv[1]) as gauge, gauge.span('s'): gauge.llm_call('m')\n"
        "print(*sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code, str(home)], check=True, capture_output=True, text=True).stdout
    heavy = {"duckdb", "deltalake", "pydantic", "genai_prices", "typer", "rich", "numpy", "asyncio", "logging", "scipy"}
    assert heavy.isdisjoint(out.split())


def test_a_child_forked_while_a_thread_makes_the_default_gauge_makes_its_own(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_HOME", str(home))
    holds, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with process._lock, sinks._sharing:
            holds.set()
            may_go.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    child = multiprocessing.get_context("fork").Process(target=_record_by_default)
    child.start()
    child.join(timeout=30)
    may_go.set()
    thread.join()
    child.kill()
    assert child.exitcode == 0
    assert sorted(str(event.name) for event in events(home)) == ["by default", "shared"]


def _record_by_default() -> None:
    agentgauge.default().mark("by default")
    with Gauge(sinks.shared_sink(get_settings())) as gauge:
        gauge.mark("shared")


def test_no_lock_is_held_while_the_default_gauge_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that records by the default gauge, in another thread that it waits for."""
    monkeypatch.setenv("AGENTGAUGE_FLUSH_MS", "soon")
    waited: list[bool] = []

    class Recording(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            thread = threading.Thread(target=lambda: agentgauge.default().mark("logged"), daemon=True)
            thread.start()
            thread.join(timeout=5)
            waited.append(thread.is_alive())

    handler = Recording()
    logging.getLogger("agentgauge").addHandler(handler)
    try:
        gauge = agentgauge.default()
    finally:
        logging.getLogger("agentgauge").removeHandler(handler)
    assert waited == [False]
    assert gauge.health().recorded == 1
