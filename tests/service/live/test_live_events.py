"""Many questions share a snapshot, which is always recent, whole, and closed when nobody reads it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import agentgauge
from agentgauge.engines import Measure, Query
from agentgauge.errors import LakeError
from agentgauge.meter import Meter
from agentgauge.service.live import LiveEvents, Seen
from tests.service.live.clock import Clock, until

COUNT = Query(measures=(Measure("count"),))


def record(gauge: agentgauge.Gauge, count: int = 1, **scope: str) -> None:
    with gauge.scope(**scope):
        for _ in range(count):
            gauge.llm_call("gpt-4o", "openai", input_tokens=1)


def counted(seen: Seen) -> int:
    return int(seen.engine.aggregate(COUNT).rows[0][0])


def count(live: LiveEvents, *, fresh: bool = False) -> int:
    with live.reading(fresh=fresh) as seen:
        return counted(seen)


def test_what_was_written_before_a_question_is_seen_where_nothing_was_asked_lately(
    live: LiveEvents, gauge: agentgauge.Gauge, clock: Clock
) -> None:
    for total in (1, 2, 3):
        record(gauge)
        clock.pass_seconds(5)
        assert count(live) == total


def test_questions_of_five_seconds_share_a_snapshot_while_something_is_recorded_all_the_time(
    live: LiveEvents, gauge: agentgauge.Gauge, clock: Clock
) -> None:
    record(gauge)
    with live.reading() as first:
        for _ in range(3):
            record(gauge)
            clock.pass_seconds(1.3)
            with live.reading() as seen:
                assert seen is first
    clock.pass_seconds(1.3)
    assert count(live) == 4


def test_a_question_sees_what_was_written_before_it_where_only_the_version_was_asked_for(
    live: LiveEvents, gauge: agentgauge.Gauge, clock: Clock
) -> None:
    record(gauge)
    assert count(live) == 1
    record(gauge)
    clock.pass_seconds(5)
    version = live.version()
    with live.reading() as seen:
        assert seen.version == version
        assert counted(seen) == 2


def test_a_fresh_question_sees_everything_acknowledged_before_it(live: LiveEvents, gauge: agentgauge.Gauge) -> None:
    for total in range(1, 6):
        record(gauge)
        assert count(live, fresh=True) == total
    assert count(live) == 5


def test_a_fresh_question_where_nothing_is_new_takes_no_snapshot(live: LiveEvents, gauge: agentgauge.Gauge) -> None:
    record(gauge)
    with live.reading() as first, live.reading(fresh=True) as second:
        assert first is second


def test_the_version_of_a_question_is_the_one_that_was_foretold(
    live: LiveEvents, gauge: agentgauge.Gauge, clock: Clock
) -> None:
    for _ in range(3):
        record(gauge)
        clock.pass_seconds(5)
        foretold = live.version()
        with live.reading() as seen:
            assert seen.version == foretold == live.version() == live.version_at_hand()


def test_two_processes_foretell_the_same_version(live: LiveEvents, meter: Meter, gauge: agentgauge.Gauge) -> None:
    record(gauge, 3)
    assert count(live) == 3
    other = LiveEvents(Meter(meter.settings))
    assert other.version() == live.version()
    other.close()


def test_the_next_snapshot_is_made_while_questions_go_on_with_the_old_one(
    live: LiveEvents, gauge: agentgauge.Gauge, clock: Clock
) -> None:
    record(gauge)
    with live.reading() as first:
        record(gauge)
        clock.pass_seconds(4.5)
        assert live.version() == first.version
        until(lambda: live.version() != first.version)
        assert counted(first) == 1
        with live.reading() as second:
            assert counted(second) == 2


def test_a_replaced_snapshot_lives_as_long_as_it_is_read(live: LiveEvents, gauge: agentgauge.Gauge) -> None:
    record(gauge)
    with live.reading() as first:
        with live.reading() as also:
            record(gauge)
            assert count(live, fresh=True) == 2
            assert live.open_snapshots == 2
        assert also is first
        assert counted(first) == 1
    assert live.open_snapshots == 1


def test_closing_leaves_running_questions_what_they_read(live: LiveEvents, gauge: agentgauge.Gauge) -> None:
    record(gauge)
    with live.reading() as seen:
        live.close()
        assert counted(seen) == 1
    assert live.open_snapshots == 0


def test_threads_that_record_and_ask_each_see_what_they_recorded(meter: Meter) -> None:
    live = LiveEvents(meter)  # by the real clock

    def record_and_ask(agent: str) -> None:
        with agentgauge.open(meter.settings.home.root) as gauge:
            for n in range(1, 9):
                record(gauge, agent=agent)
                with live.reading(fresh=True) as seen:
                    rows = seen.engine.aggregate(Query(group=("agent",), measures=(Measure("count"),))).rows
                assert dict(rows)[agent] == n

    with ThreadPoolExecutor(6) as threads:
        landing = threads.submit(lambda: [meter.compact_if_possible() for _ in range(10)])
        for done in [threads.submit(record_and_ask, f"a{n}") for n in range(5)]:
            done.result()
        landing.result()
    assert count(live, fresh=True) == 40
    assert live.open_snapshots == 1
    live.close()


def test_who_is_forgotten_is_in_no_later_answer(
    live: LiveEvents, meter: Meter, gauge: agentgauge.Gauge, clock: Clock
) -> None:
    record(gauge, 3, user="ann")
    record(gauge, 1, user="bob")
    assert count(live) == 4
    meter.lake.forget("ann")
    clock.pass_seconds(0.1)  # as long as a look is remembered; far below five seconds
    assert count(live) == 1


def test_a_question_whose_files_are_forgotten_under_it_is_asked_again(
    live: LiveEvents, meter: Meter, gauge: agentgauge.Gauge
) -> None:
    record(gauge, 3, user="ann")
    record(gauge, 1, user="bob")
    meter.lake.compact()
    asked = []

    def question(seen: Seen) -> int:
        asked.append(seen.version)
        if len(asked) == 1:
            meter.lake.forget("ann")
        return counted(seen)

    assert live.answer(question) == 1
    assert len(asked) == 2


def test_a_file_that_is_gone_is_said_to_be(live: LiveEvents, meter: Meter, gauge: agentgauge.Gauge) -> None:
    record(gauge)
    meter.lake.compact()
    for file in Path(meter.settings.home.lake, "events").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(LakeError, match="could not be read"):
        live.answer(counted)


def test_a_snapshot_that_cannot_be_made_is_an_error_and_the_next_question_tries_again(
    live: LiveEvents, meter: Meter, gauge: agentgauge.Gauge
) -> None:
    record(gauge)
    meter.lake.compact()
    plan = next((meter.settings.home.root / "plans").glob("*.json"))
    right = plan.read_bytes()
    plan.write_bytes(b"torn")
    with pytest.raises(LakeError, match="not a plan"):
        count(live)
    plan.write_bytes(right)
    assert count(live) == 1


def test_a_snapshot_that_could_not_be_made_is_not_tried_again_at_once_where_nobody_waits_for_it(
    live: LiveEvents, meter: Meter, gauge: agentgauge.Gauge, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    record(gauge)
    meter.lake.compact()
    assert count(live) == 1
    seen = live.version()
    plan = next((meter.settings.home.root / "plans").glob("*.json"))
    plan.write_bytes(b"torn")
    record(gauge)
    clock.pass_seconds(4.5)
    with pytest.raises(LakeError, match="not a plan"):
        count(live, fresh=True)
    for _ in range(10_000):
        assert live.version() == seen
    assert sum("no newer snapshot" in line for line in caplog.messages) == 1


def test_a_long_tail_is_landed_before_it_is_read(
    meter: Meter, gauge: agentgauge.Gauge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentgauge.service.live.events.TAIL_BYTES", 1000)
    record(gauge, 50)
    live = LiveEvents(meter)
    assert count(live) == 50
    with meter.lake.snapshot() as snapshot:
        assert snapshot.tail_rows == 0
    live.close()


def test_waiting_questions_share_the_snapshot_that_is_made_for_them(meter: Meter, gauge: agentgauge.Gauge) -> None:
    record(gauge, 10)
    live = LiveEvents(meter)
    together = threading.Barrier(12)

    def ask() -> Seen:
        together.wait()
        with live.reading() as seen:
            return seen

    with ThreadPoolExecutor(12) as threads:
        seen = [asked.result() for asked in [threads.submit(ask) for _ in range(12)]]
    assert all(one is seen[0] for one in seen)
    live.close()
