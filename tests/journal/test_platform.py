"""Reading and writing where the system lacks calls that Linux has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentgauge import files
from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal
from tests.journal.records import payload, values


@pytest.fixture
def _without_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has neither call."""
    monkeypatch.delattr(os, "pread")
    monkeypatch.delattr(os, "pwrite")


@pytest.mark.usefixtures("_without_positions")
@pytest.mark.parametrize("appended", [True, None])
def test_a_journal_is_written_and_read_without_pread(tmp_path: Path, appended: bool | None) -> None:
    journal = Journal.open(tmp_path, flush_ms=0, options=SegmentOptions(appended=appended))
    for number in range(5):
        assert journal.append(payload(journal, number))
    assert values(tmp_path) == list(range(5))
    journal.close()
    assert values(tmp_path) == list(range(5))


@pytest.mark.usefixtures("_without_positions")
def test_bytes_are_written_and_read_at_their_place(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        assert files.write_at(descriptor, b"abcdef", 2) == 6
        assert files.read_at(descriptor, 3, 4) == b"cde"
        assert files.read_at(descriptor, 10, 7) == b"f"
    finally:
        os.close(descriptor)
