"""Whoever waits at the same time waits for one sync, and never for one that began too early."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from agentgauge.service.ingest.group_commit import GroupCommit

SECONDS = 30


class Sync:
    """A sync that goes on until it is let go."""

    def __init__(self) -> None:
        self.began = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        self.began.release()
        assert self.go_on.acquire(timeout=SECONDS)
        return self.calls


def test_those_who_come_during_a_sync_share_the_next_one() -> None:
    sync = Sync()
    commits = GroupCommit(sync)
    first = commits.synced()
    assert sync.began.acquire(timeout=SECONDS)
    later = [commits.synced() for _ in range(50)]
    sync.go_on.release()
    assert first.result(SECONDS) == 1
    assert not any(future.done() for future in later)  # what they wrote may have come too late for the first
    sync.go_on.release()
    assert {future.result(SECONDS) for future in later} == {2}
    commits.close()
    assert sync.calls == 2


def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    sync = Sync()
    commits = GroupCommit(sync)
    shared: Future[int] = commits.synced()
    assert not shared.cancel()
    sync.go_on.release()
    assert shared.result(SECONDS) == 1
    commits.close()


def test_a_sync_that_fails_fails_for_all_who_wait_and_for_nobody_else() -> None:
    outcomes = iter([OSError("the disk"), None])

    def sync() -> int:
        if error := next(outcomes):
            raise error
        return 0

    commits = GroupCommit(sync)
    with pytest.raises(OSError, match="the disk"):
        commits.synced().result(SECONDS)
    assert commits.synced().result(SECONDS) == 0
    commits.close()
