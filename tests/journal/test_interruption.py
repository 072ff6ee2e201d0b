"""An exception from a signal's handler is the program's: it reaches the caller, and recording goes on as before."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path

import pytest

from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal
from tests.journal.interruptions import interrupted_at
from tests.journal.records import losses, payload, values

# Interrupted between opening a file and the block that closes it, only the collector does, which Python remarks upon.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


@pytest.mark.parametrize("appended", [False, True])
@pytest.mark.parametrize("fills", [False, True], ids=["with room", "into the next segment"])
def test_a_record_interrupted_anywhere_is_written_at_most_once_and_recording_goes_on(
    tmp_path: Path, appended: bool, fills: bool
) -> None:
    options = SegmentOptions(first_bytes=16 << 10, appended=appended)
    for moment in itertools.count(1, 4 if fills else 1):
        root = tmp_path / str(moment)
        journal = Journal.open(root, flush_ms=60_000, options=options)
        journal.append(payload(journal, 0, text="x" * 10_000))
        record = payload(journal, 1, text="x" * (7_000 if fills else 10))
        interrupted = interrupted_at(moment, partial(journal.append, record))
        assert journal.append(payload(journal, 2))
        assert journal.append(payload(journal, 3, text="x" * 4_000))
        journal.settle()
        journal._closed = True  # its thread sleeps; nobody waits for it
        found = sorted(values(root))
        assert found in ([0, 1, 2, 3], [0, 2, 3]), moment
        assert found.count(1) == 1 or interrupted
        assert (losses(root), journal.health().dropped, journal.health().altered) == ({}, {}, {})
        if not interrupted:
            break
    assert moment > (20 if fills else 2)


def test_a_flush_that_was_interrupted_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    options = SegmentOptions(first_bytes=16 << 10)
    for moment in itertools.count(1):
        root = tmp_path / str(moment)
        journal = Journal.open(root, flush_ms=60_000, options=options)
        for number in range(4):
            journal.append(payload(journal, number, text="x" * 8_000))
        interrupted = interrupted_at(moment, journal.flush)
        assert journal.flush()
        assert journal._retired == []
        assert [segment for segment in journal._held if segment._descriptor >= 0] == [journal._segment]
        journal.settle()
        journal._closed = True
        assert values(root) == [0, 1, 2, 3], moment
        assert journal.health().altered == {}
        if not interrupted:
            break
    assert moment > 20


def test_an_interrupted_start_of_the_thread_neither_stops_flushing_nor_closing(tmp_path: Path) -> None:
    for moment in itertools.count(1):
        journal = Journal.open(tmp_path / str(moment), flush_ms=1)
        interrupted = interrupted_at(moment, journal._flusher.arm)
        journal._flusher.arm()
        assert journal._flusher._running
        journal.close()
        assert not journal._flusher._running
        if not interrupted:
            break
    assert moment > 4
