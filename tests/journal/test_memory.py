"""A journal in memory keeps the same promises to the recorder, short of the disk."""

from __future__ import annotations

import json

from agentgauge.journal.layout import LARGEST_LINE_BYTES, is_whole
from agentgauge.journal.memory import MemoryJournal


def append(journal: MemoryJournal, value: object) -> bool:
    line = {"v": 1, "s": journal.segment_id, "n": journal.take(), "value": value}
    return journal.append(json.dumps(line, separators=(",", ":")).encode()[:-1])


def values(journal: MemoryJournal) -> list[object]:
    lines = journal.lines().splitlines(keepends=True)
    assert all(is_whole(line) for line in lines)
    return [json.loads(line)["value"] for line in lines]


def test_it_holds_what_was_appended_in_order() -> None:
    journal = MemoryJournal()
    assert [append(journal, i) for i in range(3)] == [True] * 3
    assert values(journal) == [0, 1, 2]
    assert journal.health().recorded == 3


def test_over_its_capacity_it_lets_go_of_the_oldest_and_counts_them() -> None:
    journal = MemoryJournal(capacity=5)
    for i in range(12):
        append(journal, i)
    assert values(journal) == [7, 8, 9, 10, 11]
    assert (journal.health().recorded, journal.forgotten) == (12, 7)


def test_what_it_cannot_keep_is_counted() -> None:
    journal = MemoryJournal()
    assert not append(journal, "x" * LARGEST_LINE_BYTES)
    journal.close()
    journal.close()
    assert not append(journal, 1)
    health = journal.health()
    assert (health.recorded, health.refused, health.dropped) == (0, {"event too large": 1}, {"journal closed": 1})
