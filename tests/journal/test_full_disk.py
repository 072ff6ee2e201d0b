"""A disk that is really full, on a small tmpfs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal
from tests.components import require
from tests.journal.records import losses, payload, values


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    require(sys.platform == "linux" and os.getuid() == 0, "root on Linux, to mount a tmpfs")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True, check=False
    )
    require(mounted.returncode == 0, "the right to mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


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
