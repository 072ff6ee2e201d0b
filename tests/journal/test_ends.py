"""How far segments have been written, told without reading again what was seen."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from agentgauge.journal import layout
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.ends import SegmentEnds
from agentgauge.journal.scanner import is_dead, scan
from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal

PAYLOAD = b'{"v":1,"kind":"task","name":"n","s":"x","n":1'


def nothing_covered() -> dict[str, int]:
    return {}


def scanned(root: Path) -> dict[str, int]:
    """What the scanner says, which reads everything."""
    scans = {path.name: scan(path, dead=is_dead(path)) for path in JournalDirectory(root).segments()}
    return {name: found.end for name, found in scans.items() if found.records}


@pytest.mark.parametrize("appended", [False, True])
def test_ends_are_those_of_the_scanner_whatever_was_seen_before(tmp_path: Path, appended: bool) -> None:
    ends = SegmentEnds(JournalDirectory(tmp_path))
    options = SegmentOptions(appended=appended, first_bytes=64 << 10)
    with closing(Journal.open(tmp_path, options=options)) as journal:
        assert ends.look(nothing_covered) == {}
        for count in (1, 1, 3000, 1):  # over several segments, each twice as large as the one before
            for _ in range(count):
                journal.append(PAYLOAD)
            assert ends.look(nothing_covered) == scanned(tmp_path)
            assert SegmentEnds(JournalDirectory(tmp_path)).look(nothing_covered) == scanned(tmp_path)


def test_a_line_that_is_being_written_does_not_count(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path, options=SegmentOptions(appended=True))) as journal:
        journal.append(PAYLOAD)
    path = next(iter(JournalDirectory(tmp_path).segments()))
    ends = SegmentEnds(JournalDirectory(tmp_path))
    before = ends.look(nothing_covered)
    line = layout.frame(PAYLOAD)
    with path.open("ab") as file:
        file.write(line[:-1])
        file.flush()
        assert ends.look(nothing_covered) == before
        file.write(line[-1:])
    assert ends.look(nothing_covered) == {path.name: before[path.name] + len(line)}


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path)) as journal:
        journal.append(PAYLOAD)
        ends = SegmentEnds(JournalDirectory(tmp_path))
        seen = ends.look(nothing_covered)
        path = next(iter(JournalDirectory(tmp_path).segments()))
        with path.open("r+b") as file:  # behind its back: who reads it again would find no line
            start = ends.start(path.name)
            file.seek(start)
            file.write(bytes(seen[path.name] - start))
        assert ends.look(nothing_covered) == seen
        ends.forget()
        assert ends.look(nothing_covered) == {}
        assert SegmentEnds(JournalDirectory(tmp_path)).look(lambda: seen) == seen


def test_a_segment_that_was_dropped_is_not_there_any_more(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path)) as journal:
        journal.append(PAYLOAD)
    ends = SegmentEnds(JournalDirectory(tmp_path))
    assert len(ends.look(nothing_covered)) == 1
    for path in JournalDirectory(tmp_path).segments():
        path.unlink()
    assert ends.look(nothing_covered) == {}
