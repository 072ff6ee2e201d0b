"""Small journals for tests, and reading them back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agentgauge.journal import layout
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.layout import Header
from agentgauge.journal.scanner import Scan, is_dead, scan
from agentgauge.journal.writer import Journal


def payload(journal: Journal, value: int, **more: object) -> bytes:
    """A record that has its identity and a value, as the recorder would hand it over."""
    line = {"v": 1, "s": journal.segment_id, "n": journal.take(), "value": value, **more}
    return json.dumps(line, separators=(",", ":")).encode()[:-1]


def line(value: int, text: str = "") -> bytes:
    return layout.frame(b'{"v":1,"s":"abc-000000","n":%d,"value":%d,"name":"%s"' % (value, value, text.encode()))


def header(size: int = 0) -> bytes:
    return layout.header_line(Header("abc-000000", "j" * 32, "host", 1, 0, "0", size))


def scans(root: Path) -> list[Scan]:
    return [scan(path, dead=is_dead(path)) for path in JournalDirectory(root).segments()]


def records(root: Path) -> list[dict[str, Any]]:
    """Every event in the journal of `root`."""
    return [json.loads(text) for found in scans(root) for text in found.lines.splitlines()]


def values(root: Path) -> list[int]:
    return [record["value"] for record in records(root)]


def losses(root: Path) -> dict[str, int]:
    """Reason and count of everything that the journal says is lost."""
    total: dict[str, int] = {}
    for found in scans(root):
        for loss in found.losses:
            total[loss.reason] = total.get(loss.reason, 0) + loss.count
    return total
