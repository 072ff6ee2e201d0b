"""The journal lands by size and by age, and what goes wrong is counted."""

from __future__ import annotations

import logging
import threading

import pytest

import agentgauge
from agentgauge.lake.compactor import writer_lock
from agentgauge.meter import Meter
from agentgauge.service.live import Landing, LandingFigures
from agentgauge.service.live.landing import LANDED_BYTES, LANDED_SECONDS
from tests.service.live.clock import Clock, until


def record(gauge: agentgauge.Gauge, count: int = 1, attributes: dict[str, str] | None = None) -> None:
    for _ in range(count):
        gauge.llm_call("gpt-4o", "openai", input_tokens=1, attributes=attributes or {})


def unlanded(meter: Meter) -> int:
    with meter.lake.snapshot() as snapshot:
        return snapshot.tail_rows


def test_nothing_lands_where_there_is_nothing(meter: Meter, gauge: agentgauge.Gauge, clock: Clock) -> None:
    landing = Landing(meter, clock)
    assert not landing.look()
    clock.pass_seconds(10 * LANDED_SECONDS)
    assert not landing.look()
    assert landing.figures == LandingFigures()


def test_what_waits_for_a_minute_lands(meter: Meter, gauge: agentgauge.Gauge, clock: Clock) -> None:
    landing = Landing(meter, clock)
    record(gauge)
    assert not landing.look()
    clock.pass_seconds(LANDED_SECONDS - 1)
    record(gauge)
    assert not landing.look()
    clock.pass_seconds(1)
    assert landing.look()
    assert unlanded(meter) == 0
    record(gauge)
    assert not landing.look()
    assert landing.figures == LandingFigures(landings=1)


def test_a_long_tail_lands_at_once(meter: Meter, gauge: agentgauge.Gauge, clock: Clock) -> None:
    landing = Landing(meter, clock)
    record(gauge, LANDED_BYTES // (64 << 10) + 1, {"note": "x" * (64 << 10)})
    assert landing.look()
    assert unlanded(meter) == 0


def test_it_comes_back_a_second_later_where_another_process_is_at_it(
    meter: Meter, gauge: agentgauge.Gauge, clock: Clock
) -> None:
    landing = Landing(meter, clock)
    record(gauge)
    landing.look()
    clock.pass_seconds(LANDED_SECONDS)
    with writer_lock(meter.settings.home):
        assert not landing.look()
    clock.pass_seconds(1)
    assert landing.look()
    assert landing.figures == LandingFigures(landings=1, busy=1)


def test_what_goes_wrong_is_logged_counted_and_tried_again_after_a_minute(
    meter: Meter, gauge: agentgauge.Gauge, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    landing = Landing(meter, clock)
    record(gauge)
    meter.lake.compact()
    plan = next((meter.settings.home.root / "plans").glob("*.json"))
    right = plan.read_bytes()
    plan.write_bytes(b"torn")
    with caplog.at_level(logging.WARNING, "agentgauge"):
        assert not landing.look()
    assert "not a plan" in caplog.text
    assert landing.figures == LandingFigures(failures=1)
    plan.write_bytes(right)
    record(gauge)
    landing.look()
    clock.pass_seconds(LANDED_SECONDS)
    assert landing.look()


def test_its_thread_looks_until_it_is_closed(meter: Meter, gauge: agentgauge.Gauge, clock: Clock) -> None:
    turns, ended = threading.Semaphore(0), threading.Event()

    def pause(seconds: float) -> bool:
        turns.acquire()
        return ended.is_set()

    landing = Landing(meter, clock, pause)
    landing.start()
    record(gauge)
    turns.release()
    until(lambda: not turns.acquire(blocking=False) or bool(turns.release()))
    clock.pass_seconds(LANDED_SECONDS)
    until(lambda: turns.release() or landing.figures.landings == 1)
    assert unlanded(meter) == 0
    ended.set()
    turns.release()
    landing.close()


def test_closing_one_that_was_never_started_is_nothing(meter: Meter) -> None:
    Landing(meter).close()
