"""A disk that is really full, on a small tmpfs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal
from tests import small_disk as mounted
from tests.journal.records import losses, payload, values


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    with mounted.small_disk(place):
        yield place


@pytest.mark.parametrize("appended", [False, True])
def test_a_full_disk_drops_events_and_says_so_and_recovers(small_disk: Path, appended: bool) -> None:
    now = [0.0]
    journal = Journal.open(small_disk, options=SegmentOptions(appended=appended), clock=lambda: now[0])
    written = [journal.append(payload(journal, i, text="x" * 500)) for i in range(3000)]
    dropped = written.count(False)
    assert journal.health().dropped == {"disk full": dropped}
    assert journal.health().recorded == 3000 - dropped > 500
    journal.flush()
    kept = [i for i, there in enumerate(written) if there]
    assert values(small_disk) == kept
    oldest = journal.directory.segments()[0]
    saved = oldest.read_bytes().count(b'"value"')
    oldest.unlink()  # as compaction does
    now[0] += 1
    assert journal.append(payload(journal, 3000))
    journal.close()
    assert values(small_disk) == [*kept[saved:], 3000]
    assert losses(small_disk) == {"disk full": dropped}
