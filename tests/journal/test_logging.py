"""What is told to the program's log, whose handlers may do anything: record, wait for others who record, raise."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentgauge.journal.disk import Disk
from agentgauge.journal.losses import warn
from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal
from tests.journal.records import payload, values


class _Handler(logging.Handler):
    def __init__(self, emit: Callable[[], object]) -> None:
        super().__init__()
        self._emit = emit

    def emit(self, record: logging.LogRecord) -> None:
        self._emit()


@pytest.fixture
def handle() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Makes the logger `agentgauge` call something for each message."""
    logger = logging.getLogger("agentgauge")
    added: list[_Handler] = []

    def add(emit: Callable[[], object]) -> None:
        added.append(_Handler(emit))
        logger.addHandler(added[-1])

    yield add
    for handler in added:
        logger.removeHandler(handler)


class _FailingDisk(Disk):
    def __init__(self) -> None:
        self.full = False
        self.failure: BaseException | None = None
        self.synced = threading.Event()

    def allocate(self, descriptor: int, size: int) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "full")
        super().allocate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        super().sync(descriptor)
        self.synced.set()


def _refuse(journal: Journal, disk: _FailingDisk) -> None:
    journal.count("refused", "negative tokens", "input_tokens is -1")


def _drop(journal: Journal, disk: _FailingDisk) -> None:
    disk.full = True
    journal.append(payload(journal, 0, text="x" * (20 << 10)))


def _fail_to_sync(journal: Journal, disk: _FailingDisk) -> None:
    disk.failure = OSError(errno.EIO, "worn out")
    journal.flush()


@pytest.mark.parametrize("lose", [_refuse, _drop, _fail_to_sync])
def test_no_lock_is_held_while_a_loss_is_logged(
    tmp_path: Path, handle: Callable[[Callable[[], object]], None], lose: Callable[[Journal, _FailingDisk], None]
) -> None:
    """A handler that waits for another thread, which records and flushes, is waited for by none that it waits for."""
    disk = _FailingDisk()
    journal = Journal.open(tmp_path, options=SegmentOptions(first_bytes=16 << 10), disk=disk)
    waited: list[bool] = []

    def record() -> None:
        journal.append(payload(journal, 1, text="y" * (20 << 10)))
        journal.flush()

    def emit() -> None:
        thread = threading.Thread(target=record, daemon=True)
        thread.start()
        thread.join(timeout=5)
        waited.append(thread.is_alive())

    handle(emit)
    lose(journal, disk)
    assert waited
    assert not any(waited)
    disk.full = False
    journal.close()


def test_a_handler_that_raises_is_not_raised_into_whoever_records(
    tmp_path: Path, handle: Callable[[Callable[[], object]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def emit() -> None:
        raise ValueError("handler broken")

    handle(emit)
    journal = Journal.open(tmp_path)
    journal.count("refused", "negative tokens", "input_tokens is -1")
    warn("%s of two", 1)
    journal.close()
    said = capsys.readouterr().err
    assert "negative tokens: input_tokens is -1" in said
    assert "1 of two (a logging handler raised ValueError)" in said


@pytest.mark.parametrize("failure", [RuntimeError("a bug"), SystemExit()])
def test_the_flusher_outlives_a_flush_that_raised_or_is_started_again(tmp_path: Path, failure: BaseException) -> None:
    disk = _FailingDisk()
    journal = Journal.open(tmp_path, flush_ms=1, disk=disk)
    journal.flush()
    disk.failure = failure
    journal.append(payload(journal, 0))
    if isinstance(failure, SystemExit):  # which ends a thread
        journal._flusher._ended.get(timeout=30)
        assert not journal._flusher._running
    else:
        while disk.failure is not None or journal._flusher.armed:
            threading.Event().wait(0.001)
    disk.synced.clear()
    journal.append(payload(journal, 1))
    assert disk.synced.wait(30)
    journal.close()
    assert values(tmp_path) == [0, 1]
