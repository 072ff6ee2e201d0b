"""What a journal promises of a record once `append` has returned, on segments of both kinds."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentgauge.errors import JournalUnavailable
from agentgauge.journal import layout
from agentgauge.journal.disk import Disk
from agentgauge.journal.scanner import is_dead, scan
from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal
from tests.journal.records import header, losses, payload, records, scans, values

SMALL = 16 << 10


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FaultyDisk(Disk):
    """A disk whose calls fail, where and while `broken` says."""

    def __init__(self) -> None:
        self.broken: dict[str, int] = {}
        self.calls: list[str] = []

    def _do(self, call: str) -> None:
        self.calls.append(call)
        if call in self.broken:
            raise OSError(self.broken[call], os.strerror(self.broken[call]))

    def allocate(self, descriptor: int, size: int) -> None:
        self._do("allocate")
        super().allocate(descriptor, size)

    def write(self, descriptor: int, data: bytes) -> int:
        if self.broken.get("write") == 0:  # a short write, as on a disk that fills up inside a line
            return super().write(descriptor, data[: len(data) // 2])
        self._do("write")
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._do("sync")
        super().sync(descriptor)

    def create(self, path: Path) -> int:
        self._do("create")
        return super().create(path)

    def create_for_mapping(self, path: Path) -> int:
        self._do("create")
        return super().create_for_mapping(path)


@pytest.fixture(params=["mapped", "locked", "appended"])
def options(request: pytest.FixtureRequest) -> SegmentOptions:
    return SegmentOptions(first_bytes=SMALL, appended=request.param == "appended", locked=request.param == "locked")


@pytest.fixture
def disk() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, options: SegmentOptions, disk: FaultyDisk, clock: Clock) -> Iterator[Journal]:
    journal = Journal.open(tmp_path, options=options, disk=disk, clock=clock)
    yield journal
    disk.broken.clear()
    journal.close()


def append(journal: Journal, numbers: range, **more: Any) -> list[bool]:
    return [journal.append(payload(journal, number, **more)) for number in numbers]


def test_a_record_can_be_read_as_soon_as_it_is_appended(journal: Journal, tmp_path: Path) -> None:
    for number in range(5):
        assert append(journal, range(number, number + 1)) == [True]
        assert values(tmp_path) == list(range(number + 1))
    assert journal.health().recorded == 5


def test_identities_are_unique_over_segments_and_threads(journal: Journal, tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=append, args=(journal, range(1000 * i, 1000 * i + 1000)), kwargs={"text": "x" * 50})
        for i in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = records(tmp_path)
    assert sorted(record["value"] for record in found) == list(range(3000))
    assert len({(record["s"], record["n"]) for record in found}) == 3000
    assert len(journal.directory.segments()) > 3
    assert journal.health().recorded == 3000
    assert losses(tmp_path) == {}


def test_segments_double_up_to_a_largest(journal: Journal, tmp_path: Path) -> None:
    append(journal, range(400), text="x" * 1000)
    journal.close()
    sizes = [path.stat().st_size for path in journal.directory.segments()]
    assert [round(size / SMALL) for size in sizes[:4]] == [1, 2, 4, 8] if journal._options.appended else sizes[:3]
    assert values(tmp_path) == list(range(400))


def test_a_closed_journal_takes_no_space_it_does_not_use(journal: Journal, tmp_path: Path) -> None:
    append(journal, range(3))
    (path,) = journal.directory.segments()
    assert not is_dead(path)
    journal.close()
    journal.close()
    assert is_dead(path)
    assert path.read_bytes().endswith(b"}\n")
    assert append(journal, range(3, 5)) == [False, False]
    assert journal.health().dropped == {"journal closed": 2}
    assert values(tmp_path) == [0, 1, 2]


def test_after_it_settled_the_next_record_opens_another_segment(journal: Journal, tmp_path: Path) -> None:
    append(journal, range(2))
    journal.settle()
    assert all(is_dead(path) for path in journal.directory.segments())
    append(journal, range(2, 4))
    assert values(tmp_path) == [0, 1, 2, 3]


def test_a_record_larger_than_a_segment_gets_one_of_its_own_size(journal: Journal, tmp_path: Path) -> None:
    assert append(journal, range(1), text="x" * (500 << 10)) == [True]
    assert append(journal, range(1, 2)) == [True]
    assert values(tmp_path) == [0, 1]


def test_a_record_over_the_limit_is_refused_and_told(journal: Journal, tmp_path: Path) -> None:
    assert append(journal, range(1), text="x" * layout.LARGEST_LINE_BYTES) == [False]
    assert append(journal, range(1, 2)) == [True]
    assert journal.health().refused == {"event too large": 1}
    assert journal.health().recorded == 1
    assert (values(tmp_path), losses(tmp_path)) == ([1], {"event too large": 1})


def test_a_record_over_the_limit_is_refused_where_it_would_fit(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, options=SegmentOptions(first_bytes=4 << 20))
    assert append(journal, range(1), text="x" * layout.LARGEST_LINE_BYTES) == [False]
    assert journal.health().refused == {"event too large": 1}
    journal.close()
    assert values(tmp_path) == []


def test_losses_are_told_at_once_and_then_together(journal: Journal, tmp_path: Path) -> None:
    for number in range(10):
        journal.count("refused", "negative tokens", f"input_tokens is {-number}")
        assert losses(tmp_path)["negative tokens"] >= 1
    journal.flush()
    assert losses(tmp_path) == {"negative tokens": 10}
    assert sum(len(found.losses) for found in scans(tmp_path)) <= 3
    assert journal.health().refused == {"negative tokens": 10}


def test_each_reason_is_logged_once(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        journal.count("refused", "negative tokens", "input_tokens is -1")
        journal.count("refused", "naive time", "no zone")
    assert len(caplog.records) == 2
    assert "input_tokens is -1" in caplog.text


def test_flush_syncs_the_segment_and_those_before_it(tmp_path: Path, options: SegmentOptions, disk: FaultyDisk) -> None:
    journal = Journal.open(tmp_path, flush_ms=600_000, options=options, disk=disk)  # its flusher syncs nothing before
    append(journal, range(300), text="x" * 200)
    count = len(journal.directory.segments())
    disk.calls.clear()
    assert journal.flush()
    assert 1 <= disk.calls.count("sync") <= count
    *closed, current = journal.directory.segments()
    assert all(is_dead(path) for path in closed)
    assert not is_dead(current)
    journal.close()


def test_the_flusher_syncs_by_itself(tmp_path: Path, options: SegmentOptions) -> None:
    synced = threading.Event()

    class Watched(Disk):
        def sync(self, descriptor: int) -> None:
            super().sync(descriptor)
            synced.set()

    journal = Journal.open(tmp_path, flush_ms=1, options=options, disk=Watched())
    for number in range(3):
        synced.clear()
        append(journal, range(number, number + 1))
        assert synced.wait(30)
    journal.close()


def test_with_flush_ms_0_each_record_is_on_the_disk_when_append_returns(
    tmp_path: Path, options: SegmentOptions, disk: FaultyDisk
) -> None:
    journal = Journal.open(tmp_path, flush_ms=0, options=options, disk=disk)
    for number in range(300):
        before = disk.calls.count("sync")
        append(journal, range(number, number + 1), text="x" * 100)
        assert disk.calls.count("sync") > before
    journal.close()
    assert values(tmp_path) == list(range(300))


def test_a_failed_sync_is_counted_and_nothing_is_lost(journal: Journal, disk: FaultyDisk, tmp_path: Path) -> None:
    append(journal, range(2))
    disk.broken = {"sync": errno.EIO}
    assert not journal.flush()
    disk.broken = {}
    assert journal.flush()
    assert journal.health().altered.keys() == {"sync failed"}
    assert journal.health().dropped == {}
    assert values(tmp_path) == [0, 1]


FULL = {"allocate": errno.ENOSPC, "write": errno.ENOSPC}


def test_on_a_full_disk_events_are_dropped_counted_and_told_and_then_recorded_again(
    journal: Journal, disk: FaultyDisk, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written = append(journal, range(20), text="x" * 100)
    disk.broken = dict(FULL)
    written += append(journal, range(20, 400), text="x" * 100)
    dropped = written.count(False)
    assert dropped > 100
    assert journal.health().dropped == {"disk full": dropped}
    assert journal.health().recorded == 400 - dropped
    assert len(caplog.records) == 1
    journal.flush()
    tries = len(disk.calls)
    assert append(journal, range(400, 410), text="x" * 5000) == [False] * 10
    assert disk.calls[tries:].count("create") == 0, "tried again within a second"
    clock.now += 1
    disk.broken = {}
    written += [False] * 10 + append(journal, range(410, 420), text="x" * 100)
    assert written[-10:] == [True] * 10
    journal.close()
    assert values(tmp_path) == [i for i, kept in enumerate(written) if kept]
    assert losses(tmp_path) == {"disk full": dropped + 10}


def test_a_process_that_dies_on_a_full_disk_has_said_what_it_dropped(
    tmp_path: Path, disk: FaultyDisk, clock: Clock
) -> None:
    journal = Journal.open(tmp_path, options=SegmentOptions(first_bytes=SMALL), disk=disk, clock=clock)
    disk.broken = dict(FULL)
    written = append(journal, range(300), text="x" * 100)
    journal.flush()
    shutil.copytree(tmp_path, tmp_path / "as if killed")  # a copy holds no locks
    assert values(tmp_path / "as if killed") == [i for i, kept in enumerate(written) if kept]
    assert losses(tmp_path / "as if killed") == {"disk full": written.count(False)}
    journal.close()
    assert losses(tmp_path) == {"disk full": written.count(False)}


def test_a_short_write_leaves_no_torn_line(tmp_path: Path, disk: FaultyDisk, clock: Clock) -> None:
    journal = Journal.open(tmp_path, options=SegmentOptions(appended=True), disk=disk, clock=clock)
    append(journal, range(2))
    disk.broken = {"write": 0}
    assert append(journal, range(2, 4)) == [False, False]
    disk.broken = {}
    assert append(journal, range(4, 6)) == [True, True]
    journal.close()
    assert values(tmp_path) == [0, 1, 4, 5]
    assert losses(tmp_path) == {"disk full": 2}


def test_a_full_journal_refuses_new_events_and_keeps_the_old(tmp_path: Path, clock: Clock) -> None:
    options = SegmentOptions(max_bytes=100 << 10, first_bytes=SMALL)
    journal = Journal.open(tmp_path, options=options, clock=clock)
    written = append(journal, range(2000), text="x" * 200)
    kept = written.index(False)
    assert journal.health().dropped == {"journal full": 2000 - kept}
    assert journal.directory.total_bytes() <= 100 << 10
    journal.flush()
    for path in journal.directory.segments()[:-1]:  # as compaction does
        path.unlink()
    clock.now += 1
    assert append(journal, range(1)) == [True]
    journal.close()
    assert losses(tmp_path) == {"journal full": 2000 - kept}


def test_a_directory_that_cannot_be_written_later_drops_and_counts(
    journal: Journal, disk: FaultyDisk, tmp_path: Path
) -> None:
    disk.broken = {"create": errno.EROFS, "write": errno.EIO}
    written = append(journal, range(400), text="x" * 100)
    assert journal.health().dropped == {"journal unavailable": written.count(False)}
    assert written.count(False) > 0


def test_opening_where_nothing_can_be_made_raises(tmp_path: Path, options: SegmentOptions, disk: FaultyDisk) -> None:
    disk.broken = {"create": errno.EROFS}
    with pytest.raises(JournalUnavailable, match="name another home"):
        Journal.open(tmp_path, options=options, disk=disk)


def test_opening_on_a_full_disk_drops_until_there_is_room(
    tmp_path: Path, options: SegmentOptions, disk: FaultyDisk, clock: Clock
) -> None:
    disk.broken = dict(FULL)
    journal = Journal.open(tmp_path, options=options, disk=disk, clock=clock)
    assert append(journal, range(3)) == [False] * 3
    disk.broken = {}
    clock.now += 1
    assert append(journal, range(3, 5)) == [True] * 2
    journal.close()
    assert (values(tmp_path), losses(tmp_path)) == ([3, 4], {"disk full": 3})


def test_a_file_system_without_reservation_is_appended_to(tmp_path: Path, disk: FaultyDisk) -> None:
    disk.broken = {"allocate": errno.EOPNOTSUPP}
    journal = Journal.open(tmp_path, disk=disk)
    append(journal, range(3))
    (path,) = journal.directory.segments()
    found = layout.read_header(path.read_bytes())
    assert found is not None
    assert found.size == 0
    journal.close()
    assert values(tmp_path) == [0, 1, 2]
    assert list(path.parent.glob("*.tmp")) == []


def test_a_removed_home_is_made_again_with_all_that_its_segment_held(journal: Journal, tmp_path: Path) -> None:
    before = journal.directory.id
    append(journal, range(5))
    shutil.rmtree(tmp_path / "journal")
    append(journal, range(5, 8))
    journal.flush()
    append(journal, range(8, 10))
    assert values(tmp_path) == list(range(10))
    assert journal.directory.id != before
    assert journal.health().altered == {"home moved": 8}
    assert journal.health().recorded == 10
    journal.close()
    assert values(tmp_path) == list(range(10))


def test_a_removed_home_is_noticed_though_a_backup_of_hard_links_exists(journal: Journal, tmp_path: Path) -> None:
    append(journal, range(5))
    shutil.copytree(tmp_path / "journal", tmp_path / "backup", copy_function=os.link)
    shutil.rmtree(tmp_path / "journal")
    assert journal.flush()
    append(journal, range(5, 8))
    assert values(tmp_path) == list(range(8))


def test_a_relative_home_stays_where_it_was_when_the_process_changes_its_directory(
    tmp_path: Path, options: SegmentOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    journal = Journal.open("home", options=options)
    append(journal, range(2))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    append(journal, range(2, 4))
    journal.close()
    assert values(tmp_path / "home") == list(range(4))
    assert journal.health().altered == {}


def test_an_attempt_at_a_segment_that_left_its_file_does_not_stop_the_next(journal: Journal, tmp_path: Path) -> None:
    """As where the process was interrupted between making the file and knowing of it."""
    name = f"{journal._series._host}-{os.getpid()}-{journal._series.next_id}"
    (tmp_path / "journal" / f"{name}.tmp").mkdir()
    assert append(journal, range(1), text="x" * 20_000) == [True]


def test_what_was_copied_out_of_a_removed_segment_says_so(journal: Journal, tmp_path: Path) -> None:
    """A reader that has taken some lines of the removed segment drops them by their identity."""
    append(journal, range(5))
    taken = {(record["s"], record["n"]) for record in records(tmp_path)}
    shutil.rmtree(tmp_path / "journal")
    journal.flush()
    append(journal, range(5, 8))
    copy, current = scans(tmp_path)
    assert (copy.copied, current.copied) == (True, False)
    assert {(line["s"], line["n"]) for line in map(json.loads, copy.lines.splitlines())} == taken
    assert current.records == 3


def test_a_home_removed_while_threads_record_loses_nothing_recorded_after(journal: Journal, tmp_path: Path) -> None:
    counts = [0, 0]

    def record(thread: int) -> None:
        for number in range(3000):
            append(journal, range(10_000 * thread + number, 10_000 * thread + number + 1), text="x" * 100)
            counts[thread] = number + 1

    threads = [threading.Thread(target=record, args=(thread,)) for thread in range(2)]
    for thread in threads:
        thread.start()
    while min(counts) < 500:
        journal.flush()
    recorded = list(counts)
    shutil.rmtree(tmp_path, ignore_errors=True)
    for thread in threads:
        thread.join()
    journal.close()
    found = values(tmp_path)
    assert len(found) == len(set(found))
    after = {10_000 * thread + number for thread in range(2) for number in range(recorded[thread], 3000)}
    assert after <= set(found)
    assert journal.health().dropped == {}


def test_a_home_removed_before_closing_is_made_again(journal: Journal, tmp_path: Path) -> None:
    append(journal, range(5))
    shutil.rmtree(tmp_path)
    journal.close()
    assert values(tmp_path) == list(range(5))
    assert all(is_dead(path) for path in journal.directory.segments())


def test_a_segment_that_was_retired_and_removed_before_it_was_synced_is_saved(journal: Journal, tmp_path: Path) -> None:
    append(journal, range(60), text="x" * 600)
    shutil.rmtree(tmp_path / "journal")
    journal.close()
    assert set(values(tmp_path)) >= set(range(50, 60))
    assert journal.health().altered["home moved"] == len(values(tmp_path))


def _in_child(journal: Journal, numbers: range) -> None:
    append(journal, numbers)


def test_a_forked_child_writes_its_own_segment_and_leaves_the_parents(journal: Journal, tmp_path: Path) -> None:
    append(journal, range(3))
    child = multiprocessing.get_context("fork").Process(target=_in_child, args=(journal, range(3, 6)))
    child.start()
    append(journal, range(6, 9))
    child.join()
    assert child.exitcode == 0
    assert sorted(values(tmp_path)) == list(range(9))
    states = [is_dead(path) for path in journal.directory.segments()]
    assert sorted(states) == [False, True]
    assert len({(record["s"], record["n"]) for record in records(tmp_path)}) == 9
    assert journal.health().recorded == 6


def test_a_child_that_lives_on_does_not_keep_its_parents_segment_live(tmp_path: Path, options: SegmentOptions) -> None:
    """A child forked by a parent that then closes: the parent's segment is dead though the child runs."""
    journal = Journal.open(tmp_path, options=options)
    append(journal, range(3))
    context = multiprocessing.get_context("fork")
    runs, go = context.Event(), context.Event()
    child = context.Process(target=lambda: (runs.set(), go.wait()))
    child.start()
    assert runs.wait(60)  # by then it has let go of what it inherited
    (path,) = journal.directory.segments()
    journal.close()
    try:
        assert is_dead(path)
    finally:
        go.set()
        child.join()


def test_a_journal_nobody_holds_is_closed(tmp_path: Path, options: SegmentOptions) -> None:
    journal = Journal.open(tmp_path, options=options)
    append(journal, range(3))
    (path,) = journal.directory.segments()
    del journal
    assert is_dead(path)
    assert values(tmp_path) == [0, 1, 2]


def test_an_unwritten_segment_is_only_its_header(journal: Journal) -> None:
    (path,) = journal.directory.segments()
    journal.close()
    found = scan(path, dead=True)
    assert (found.records, found.losses) == (0, ())
    assert path.stat().st_size < len(header()) + 100
