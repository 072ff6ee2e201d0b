"""The file of JSON lines: what it keeps, and what it makes of lines that are none."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.sessions import EventType, MetricsEvent, MetricsStorage
from agentgauge.sessions.lines import LONGEST_LINE_BYTES
from tests.recorder.reading import events
from tests.sessions.making import LINES, event, mark


@pytest.fixture
def storage(tmp_path: Path, gauge: agentgauge.Gauge) -> MetricsStorage:
    return MetricsStorage(tmp_path / "metrics.jsonl", gauge=gauge)


def test_lines_of_the_document_are_written_as_they_were_read(storage: MetricsStorage, tmp_path: Path) -> None:
    storage.path.write_text("\n".join(LINES) + "\n")
    read = storage.read_events()
    assert [one.usage.cost_usd for one in read] == [0.01, 0.04]
    copy = MetricsStorage(tmp_path / "copy.jsonl")
    copy.write_batch(read)
    assert copy.path.read_text() == storage.path.read_text()


def test_a_naive_time_is_utc_when_read(storage: MetricsStorage) -> None:
    storage.path.write_text(LINES[0])
    (read,) = storage.read_events()
    assert read.timestamp.isoformat() == "2026-02-11T12:00:00+00:00"


def test_what_is_written_is_read_back(storage: MetricsStorage) -> None:
    first, second = (
        event(metadata={"a": [1, None, "ä\u2028\n"]}, user="ada"),
        mark(EventType.SESSION_END, duration_ms=7),
    )
    storage.write_event(first)
    storage.write_batch([second])
    storage.write_batch([])
    assert storage.read_events() == [first, second]
    assert list(storage.iter_events()) == [first, second]
    lines = [json.loads(line) for line in storage.path.read_bytes().splitlines()]
    assert lines[0]["timestamp"] == "2026-03-02T10:00:00Z"


def test_fields_that_we_do_not_know_stay(storage: MetricsStorage) -> None:
    line = json.loads(LINES[0]) | {"reviewer": {"name": "bob"}}
    storage.path.write_text(json.dumps(line))
    (read,) = storage.read_events()
    storage.clear()
    storage.write_event(read)
    assert json.loads(storage.path.read_text()) == line


def test_a_filter_says_which_are_read(storage: MetricsStorage) -> None:
    storage.write_batch([event(agent_role=role) for role in ("interview", "review", "interview")])
    assert len(storage.read_events(filter_fn=lambda e: e.agent_role == "interview")) == 2
    with pytest.raises(ZeroDivisionError):
        storage.read_events(lambda e: 1 / 0)


def test_no_file_is_no_events(storage: MetricsStorage) -> None:
    assert storage.read_events() == []
    storage.clear()
    assert not storage.path.exists()


def test_folders_are_made(tmp_path: Path, gauge: agentgauge.Gauge) -> None:
    deep = MetricsStorage(tmp_path / "a" / "b" / "metrics.jsonl", gauge=gauge)
    deep.write_event(event())
    assert len(deep.read_events()) == 1


def test_clear_empties_the_file(storage: MetricsStorage) -> None:
    storage.write_event(event())
    storage.clear()
    assert (storage.read_events(), storage.path.stat().st_size) == ([], 0)
    storage.write_event(event())
    assert len(storage.read_events()) == 1


def test_writing_alone_records_nothing(storage: MetricsStorage, home: Path) -> None:
    storage.write_event(event())
    assert events(home) == []


_BROKEN = {
    "not JSON": b"{oops",
    "invalid UTF-8": LINES[0].replace("interview", "\udcff").encode("utf-8", "surrogateescape"),
    "a list": b"[1]",
    "a number": b"7",
    "another object": b'{"x": 1}',
    "an unknown type": LINES[0].replace("agent_invocation", "agent_dance").encode(),
    "negative tokens": LINES[0].replace("100", "-100").encode(),
    "no time": LINES[0].replace("2026-02-11T12:00:00", "yesterday").encode(),
    "a hole": b"\0" * 500,
    "nested too deep": b'{"metadata":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "too long": b'{"metadata":"' + b"x" * (2 * LONGEST_LINE_BYTES) + b'"}',
}


@pytest.mark.parametrize("broken", _BROKEN.values(), ids=_BROKEN)
def test_a_corrupted_line_is_passed_over_and_counted(storage: MetricsStorage, broken: bytes) -> None:
    storage.path.write_bytes(b"\n".join([LINES[0].encode(), b"", broken, b"  \r", LINES[1].encode()]) + b"\r\n")
    assert [one.agent_role for one in storage.read_events()] == ["interview", "review"]
    assert storage.corrupted.count == 1
    (line,) = storage.corrupted.first
    assert line.number == 3
    assert 0 < len(line.reason) <= 200


def test_a_line_as_long_as_may_be_is_read(storage: MetricsStorage) -> None:
    start, end = LINES[0][:-2] + '"x":"', '"}}'
    whole = start + "y" * (LONGEST_LINE_BYTES - len(start) - len(end) - 1) + end + "\n"
    storage.path.write_text(whole + LINES[1])
    assert [len(one.metadata) for one in storage.read_events()] == [1, 0]
    assert storage.corrupted.count == 0


def test_only_the_first_corrupted_lines_are_told(storage: MetricsStorage) -> None:
    storage.path.write_text("x\n" * 1000 + LINES[0])
    assert len(storage.read_events()) == 1
    assert (storage.corrupted.count, len(storage.corrupted.first)) == (1000, 20)
    storage.clear()
    assert storage.read_events() == []
    assert storage.corrupted.count == 0


@pytest.mark.parametrize("cut", [1, 50, 200])
def test_nothing_is_appended_to_a_line_that_was_cut_short(storage: MetricsStorage, cut: int) -> None:
    storage.path.write_text(f"{LINES[0]}\n{LINES[1]}\n"[:-cut])
    storage.write_event(event(agent_role="coding"))
    read = [one.agent_role for one in storage.read_events()]
    assert read == (["interview", "review", "coding"] if cut == 1 else ["interview", "coding"])
    assert storage.corrupted.count == (cut != 1)


def test_a_line_cut_at_any_byte_costs_no_other(storage: MetricsStorage) -> None:
    whole = "".join(f"{line}\n" for line in LINES).encode()
    for length in range(len(whole) + 1):
        storage.path.write_bytes(whole[:length])
        storage.write_event(event(agent_role="coding"))
        read = [one.agent_role for one in storage.read_events()]
        assert read[-1] == "coding"
        assert read[:-1] == ["interview", "review"][: whole[: length + 1].count(b"\n")][: len(read) - 1]
        assert len(read) - 1 >= whole[:length].count(b"\n")


def _write(path: Path, worker: int, home: Path) -> None:
    with agentgauge.open(home) as gauge:
        storage = MetricsStorage(path, gauge=gauge)
        for number in range(25):
            storage.write_batch([event(agent_role=f"{worker}", operation=f"{number}", metadata={"x": "y" * 9000})] * 2)


def test_processes_append_to_one_file(storage: MetricsStorage, home: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(storage.path, worker, home)) for worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    read = storage.read_events()
    assert (len(read), storage.corrupted.count) == (150, 0)
    for worker in range(3):
        order = [int(one.operation) for one in read if one.agent_role == f"{worker}"]
        assert order == sorted(order)


def _odd() -> Iterator[Any]:
    yield event(metadata={"x": object()})
    yield event(metadata={"x": "\ud800"})
    yield None
    yield event()


def test_an_event_that_json_cannot_hold_is_left_out_and_counted(
    storage: MetricsStorage, gauge: agentgauge.Gauge
) -> None:
    storage.write_batch(_odd())
    assert len(storage.read_events()) == 1
    assert gauge.health().refused == {"not JSON": 3}


def test_an_event_too_long_to_be_read_again_is_left_out_and_counted(
    storage: MetricsStorage, gauge: agentgauge.Gauge
) -> None:
    storage.write_batch([event(metadata={"x": "y" * LONGEST_LINE_BYTES}), event()])
    assert len(storage.read_events()) == 1
    assert storage.corrupted.count == 0
    assert gauge.health().refused == {"too long": 1}


def test_a_file_that_cannot_be_written_is_counted(tmp_path: Path, gauge: agentgauge.Gauge) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "metrics.jsonl", tmp_path / "\0"):
        storage = MetricsStorage(path, gauge=gauge)
        storage.write_event(event())
        storage.clear()
    assert gauge.health().dropped == {"storage not written": 3, "storage not cleared": 3}


@pytest.mark.parametrize("switch", ["ENABLE_METRICS", "ENABLE_METRICS_PERSISTENCE"])
def test_switched_off_no_file_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(LINES[0])
    monkeypatch.setenv(switch, "false")
    storage = MetricsStorage(path, gauge=agentgauge.open(tmp_path / "home"))
    storage.write_event(event())
    storage.clear()
    assert path.read_text() == LINES[0]
    assert len(storage.read_events()) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_a_reader_sees_what_was_there_when_it_began(storage: MetricsStorage) -> None:
    storage.write_batch([event(), event()])
    reading = storage.iter_events()
    assert isinstance(next(reading), MetricsEvent)
    storage.write_event(event())
    assert len(list(reading)) == 1
    assert len(storage.read_events()) == 3


@pytest.mark.parametrize(
    "text",
    [
        LINES[0].replace("2026-02-11T12:00:00", "9999-12-31T23:59:59-12:00"),
        LINES[0].replace("interview", "\\ud800"),
        LINES[0].replace('"metadata":{}', '"metadata":{"x":' + "[" * 500 + "]" * 500 + "}"),
        LINES[0].replace("0.01", "NaN"),
        LINES[0].replace("0.01", "1e999"),
    ],
    ids=["out of range", "lone surrogate", "deep", "not a number", "infinite"],
)
def test_whatever_a_line_says_reading_goes_on(storage: MetricsStorage, text: str) -> None:
    storage.path.write_text(f"{text}\n{LINES[1]}\n")
    read = storage.read_events()
    assert read[-1].agent_role == "review"
    assert len(read) + storage.corrupted.count == 2


def _write_beyond_the_limit(path: Path, home: Path, answer: multiprocessing.SimpleQueue[Any]) -> None:
    import resource

    with agentgauge.open(home) as gauge:
        storage = MetricsStorage(path, gauge=gauge)
        storage.write_event(event())
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 500, resource.RLIM_INFINITY))
        storage.write_batch([event()] * 10)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        answer.put(gauge.health().dropped)


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
def test_of_a_batch_that_does_not_fit_nothing_is_left(storage: MetricsStorage, home: Path) -> None:
    """As on a full disk: a part is written, then the system refuses."""
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    writer = context.Process(target=_write_beyond_the_limit, args=(storage.path, home, answer))
    writer.start()
    assert answer.get() == {"storage not written": 1}
    writer.join()
    assert (len(storage.read_events()), storage.corrupted.count) == (1, 0)
    assert storage.path.read_bytes().endswith(b"\n")
