"""Events go from the journal into the lake once each, whatever happens on the way."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import LakeBusy
from agentgauge.events import Event
from agentgauge.lake import Lake
from agentgauge.lake.compactor import writer_lock
from agentgauge.pricing import PriceBook
from agentgauge.settings import resolve_home
from tests.lake.reading import one, rows, values

STEPS = ("planned", "written", "committed", "sealed", "reported", "dropped")


def fill(gauge: agentgauge.Gauge, numbers: range) -> None:
    for number in numbers:
        gauge.measurement("n", value=number)


def test_an_event_answers_the_same_before_and_after_compaction(lake: Lake, gauge: agentgauge.Gauge) -> None:
    with gauge.scope(run="r1", agent="coder", ticket="P-1"):
        gauge.llm_call(
            "claude-sonnet-4-5",
            "anthropic",
            input_tokens=1000,
            output_tokens=200,
            cache_read_tokens=400,
            duration_ms=12.5,
        )
        gauge.llm_call("nobody-knows-this-model", input_tokens=5)
        gauge.llm_call("gpt-4o", "openai", input_tokens=5, cost_usd=Decimal("0.123456789012"))
    query = "SELECT * EXCLUDE (id) FROM events ORDER BY n"
    before = rows(lake, query)
    assert lake.compact().events == 3
    assert rows(lake, query) == before
    assert rows(lake, "SELECT cost_usd, cost_source FROM events ORDER BY n") == [
        (Decimal("0.00492"), "computed"),
        (None, "unpriced"),
        (Decimal("0.123456789012"), "reported"),
    ]
    assert rows(lake, "SELECT DISTINCT success, work_item, project, agent FROM events") == [
        (True, "P-1", "proj", "coder")
    ]


def test_ids_are_unique_and_do_not_change(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(10))
    lake.compact()
    first = rows(lake, "SELECT value, id FROM events ORDER BY 1")
    fill(gauge, range(10, 20))
    lake.compact()
    both = rows(lake, "SELECT value, id FROM events ORDER BY 1")
    assert both[:10] == first
    assert len({identity for _, identity in both}) == 20


def test_compacting_nothing_commits_nothing(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(3))
    lake.compact()
    with lake.snapshot() as snapshot:
        version = snapshot.version
    assert lake.compact().batches == 0
    with lake.snapshot() as snapshot:
        assert snapshot.version == version


def test_a_segment_is_dropped_once_its_process_is_gone_and_it_has_landed(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(3))
    assert lake.compact().segments_dropped == 0
    gauge.close()
    assert lake.compact().segments_dropped == 1
    assert list(lake.home.journal.glob("*.seg")) == []
    assert values(lake) == [0, 1, 2]


@pytest.mark.parametrize("step", STEPS)
def test_a_compactor_killed_at_any_step_leaves_each_event_once(tmp_path: Path, book: PriceBook, step: str) -> None:
    """The batch has two months, a corrected call, a refused event and a line that is no event; its writer lives."""
    home = tmp_path / "home"
    lake = Lake(resolve_home(home), book)
    with agentgauge.open(home) as gauge:
        fill_with_everything(gauge, range(5), output_tokens=1)
        lake.compact()
        fill_with_everything(gauge, range(5, 9), output_tokens=2)
        add_a_line_that_is_no_event(lake)
        expected_losses = losses(lake)
        assert sorted(expected_losses) == [("negative tokens", 1), ("negative tokens", 1), ("unreadable record", 1)]
        assert killed_at(home, step) == -signal.SIGKILL
        assert (values(lake), corrected(lake)) == (list(range(9)), [2]), "a reader after the crash"
        fill(gauge, range(9, 12))
        assert values(lake) == list(range(12)), "a reader before the next compaction"
        lake.compact()
        assert (values(lake), corrected(lake), losses(lake)) == (list(range(12)), [2], expected_losses)
    assert len(set(rows(lake, "SELECT id FROM events"))) == 13


@pytest.mark.parametrize("step", STEPS)
def test_a_compactor_killed_while_the_writer_is_gone_leaves_each_event_once(
    tmp_path: Path, book: PriceBook, step: str
) -> None:
    home = tmp_path / "home"
    lake = Lake(resolve_home(home), book)
    with agentgauge.open(home) as gauge:
        fill(gauge, range(9))
    assert killed_at(home, step) == -signal.SIGKILL
    assert values(lake) == list(range(9))
    lake.compact()
    assert values(lake) == list(range(9))
    assert list(lake.home.journal.glob("*.seg")) == []


def fill_with_everything(gauge: agentgauge.Gauge, numbers: range, output_tokens: int) -> None:
    for number in numbers:
        gauge.measurement("n", value=number, at=datetime(2026, 1 + number % 2, 3, tzinfo=UTC))
    call = Event(
        kind="llm_call",
        time=datetime(2026, 1, 9, tzinfo=UTC),
        model="gpt-4o",
        output_tokens=output_tokens,
        source_id="call-1",
    )
    gauge.record(call)
    gauge.llm_call("gpt-4o", input_tokens=-1)
    gauge.flush()  # a reason seen before is told with the next flush


def add_a_line_that_is_no_event(lake: Lake) -> None:
    """In a segment of its own: a right checksum over a body that no recorder writes."""
    body = b'{"v":1,"s":"x-0","n":7,"time":"yesterday","kind":"measurement","name":"n","value":3'
    path = lake.home.journal / "somebody-1-x-000000.seg"
    path.write_bytes(body + b',"c":"%08x"}\n' % zlib.crc32(body))


def corrected(lake: Lake) -> list[int]:
    return [tokens for (tokens,) in rows(lake, "SELECT output_tokens FROM events WHERE source_id = 'call-1'")]


def losses(lake: Lake) -> list[tuple[str, int]]:
    return rows(lake, 'SELECT reason, count FROM losses ORDER BY reason, file, "offset"')  # type: ignore[return-value]


def killed_at(home: Path, step: str) -> int:
    """Compact in a process of its own that is killed when it reaches `step`; how it ended."""
    program = (
        "import os, signal, sys\n"
        "from agentgauge.lake import Lake\n"
        "from agentgauge.pricing import PriceBook\n"
        "from agentgauge.settings import resolve_home\n"
        "stop = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == sys.argv[2] else None\n"
        "Lake(resolve_home(sys.argv[1]), PriceBook.load()).compact(stop)\n"
    )
    return subprocess.run([sys.executable, "-c", program, str(home), step], check=False).returncode


def test_a_compactor_killed_between_parquet_and_commit_leaves_no_orphan_for_ever(
    tmp_path: Path, book: PriceBook
) -> None:
    home = tmp_path / "home"
    lake = Lake(resolve_home(home), book)
    with agentgauge.open(home) as gauge:
        fill(gauge, range(3))
    killed_at(home, "written")
    orphans = set((home / "lake" / "events").rglob("*.parquet"))
    assert len(orphans) == 1
    long_ago = datetime.now(UTC).timestamp() - 7200
    for orphan in orphans:
        os.utime(orphan, (long_ago, long_ago))
    lake.compact()
    assert not orphans & set((home / "lake" / "events").rglob("*.parquet"))
    assert values(lake) == [0, 1, 2]


def test_two_compactors_at_once_are_harmless(tmp_path: Path, book: PriceBook) -> None:
    home = tmp_path / "home"
    with agentgauge.open(home) as gauge:
        fill(gauge, range(200))
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=compact_until_idle, args=(str(home),)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    lake = Lake(resolve_home(home), book)
    assert values(lake) == list(range(200))
    with lake.snapshot() as snapshot:
        assert snapshot.tail_rows == 0


def compact_until_idle(home: str) -> None:
    lake = Lake(resolve_home(home), PriceBook.load())
    for _ in range(20):
        try:
            lake.compact()
        except LakeBusy:
            continue


def test_a_second_compactor_is_told_who_is_in_the_way(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(1))
    with writer_lock(lake.home), pytest.raises(LakeBusy, match="another process is compacting"):
        lake.compact()


def test_readers_see_each_event_once_while_a_writer_and_a_compactor_run(lake: Lake, gauge: agentgauge.Gauge) -> None:
    stop = threading.Event()
    written = [0]

    def write() -> None:
        while not stop.is_set() and written[0] < 50_000:
            gauge.measurement("n", value=written[0])
            written[0] += 1

    def compact() -> None:
        while not stop.is_set():
            lake.compact()

    threads = [threading.Thread(target=write), threading.Thread(target=compact)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(15):
            at_least = written[0]
            count, distinct = rows(lake, "SELECT count(*), count(DISTINCT value) FROM events")[0]
            assert count == distinct >= at_least
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(values(lake)) == written[0]


def test_events_are_filed_by_the_month_they_happened_in(lake: Lake, gauge: agentgauge.Gauge) -> None:
    for month in (1, 2, 3):
        gauge.measurement("n", value=month, at=datetime(2026, month, 5, tzinfo=UTC))
    lake.compact()
    names = sorted(path.parent.name for path in (lake.home.root / "lake" / "events").rglob("*.parquet"))
    assert names == ["month=2026-01", "month=2026-02", "month=2026-03"]
    assert values(lake) == [1, 2, 3]


def test_small_files_are_merged_in_the_order_of_time(lake: Lake, gauge: agentgauge.Gauge) -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    for batch in range(9):
        for number in range(10):
            gauge.measurement(
                "n", value=batch * 10 + number, at=start - timedelta(minutes=batch * 7) + timedelta(hours=number)
            )
        lake.compact()
    with lake.snapshot() as snapshot:
        files = list((lake.home.root / "lake" / "events").rglob("*.parquet"))
        assert snapshot.files == 2
        for file in map(str, files):
            times = snapshot.connection.execute("SELECT time FROM read_parquet(?)", [file]).fetchall()
            assert times == sorted(times)
    assert values(lake) == list(range(90))
    assert len(set(rows(lake, "SELECT id FROM events"))) == 90


def test_what_was_torn_is_reported_once_with_file_and_offset(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(3))
    gauge.close()
    (segment,) = lake.home.journal.glob("*.seg")
    data = bytearray(segment.read_bytes())
    at = data.index(b'"value":1')
    data[at + 8] ^= 1
    segment.write_bytes(data)
    before = rows(lake, 'SELECT reason, count, file, "offset" FROM losses')
    assert len(before) == 1
    assert before[0][:3] == ("corrupt record", 1, segment.name)
    assert data.rindex(b"\n", 0, at) + 1 == before[0][3]
    lake.compact()
    assert rows(lake, 'SELECT reason, count, file, "offset" FROM losses') == before
    lake.compact()
    assert rows(lake, 'SELECT reason, count, file, "offset" FROM losses') == before
    assert values(lake) == [0, 2]


def test_a_line_that_is_no_event_is_reported_with_its_place(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(2))
    gauge.llm_call("gpt-4o", input_tokens=-1)
    gauge.close()
    (segment,) = lake.home.journal.glob("*.seg")
    offset = segment.stat().st_size
    add_a_line_that_is_no_event(lake)
    forged = lake.home.journal / "somebody-1-x-000000.seg"
    with segment.open("ab") as file:
        file.write(forged.read_bytes())
    forged.unlink()
    query = """SELECT file, "offset" FROM losses WHERE reason = 'unreadable record'"""
    assert rows(lake, query) == [(segment.name, offset)]
    lake.compact()
    assert rows(lake, query) == [(segment.name, offset)]
    assert values(lake) == [0, 1]


def test_a_segment_that_somebody_removed_is_said_to_be_lost_and_stops_nothing(tmp_path: Path, book: PriceBook) -> None:
    home = tmp_path / "home"
    lake = Lake(resolve_home(home), book)
    with agentgauge.open(home) as gauge:
        fill(gauge, range(3))
    assert killed_at(home, "planned") == -signal.SIGKILL
    for segment in lake.home.journal.glob("*.seg"):
        segment.unlink()
    with agentgauge.open(home) as gauge:
        fill(gauge, range(3, 5))
    lake.compact()
    assert values(lake) == [3, 4]
    assert one(lake, "SELECT reason FROM losses") == "segment gone"


def test_a_home_that_was_never_written_reads_as_empty(lake: Lake) -> None:
    assert values(lake) == []
    assert not lake.home.root.exists()


def test_a_cloned_home_goes_its_own_way(tmp_path: Path, book: PriceBook) -> None:
    import shutil

    first, second = tmp_path / "first", tmp_path / "second"
    with agentgauge.open(first) as gauge:
        fill(gauge, range(5))
        Lake(resolve_home(first), book).compact()
        fill(gauge, range(5, 8))
        shutil.copytree(first, second)
    for home in (first, second):
        with agentgauge.open(home) as gauge:
            fill(gauge, range(8, 10))
        lake = Lake(resolve_home(home), book)
        assert values(lake) == list(range(10))
        lake.compact()
        assert values(lake) == list(range(10))
