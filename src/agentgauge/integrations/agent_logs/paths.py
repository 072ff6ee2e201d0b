"""Files, folders and patterns as a person names them, turned into the log files to read.

The agents keep their sessions in

    pi            ~/.pi/agent/sessions/--<folder>--/<time>_<id>.jsonl
    Claude Code   ~/.claude/projects/<folder>/<session>.jsonl, and ~/.config/claude/projects;
                  subagents beside the session, in <session>/subagents/agent-<id>.jsonl,
                  before 2.1 in agent-<id>.jsonl next to it
    Codex         ~/.codex/sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl, and ~/.codex/archived_sessions
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from agentgauge.errors import ImportFormatError

_SUFFIXES = (".jsonl", ".json")
_BESIDE = (".meta.json", "sessions-index.json")
"""What an agent keeps next to its logs and is no log."""


def expand(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The log files that `paths` name: each once, in the order of their names.

    A file is taken as it is, a folder with all *.jsonl and *.json below it, a pattern (`*`, `?`, `[...]`, `**`) with
    what it matches; `~` is the user's home. Raises `ImportFormatError` for a path that names nothing.
    """
    found: dict[Path, None] = {}
    for path in paths:
        for file in _named(os.fspath(path)):
            found.setdefault(file.resolve())
    return sorted(found)


def _named(text: str) -> Iterator[Path]:
    path = Path(text).expanduser()
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from _below(path)
    else:
        # A person's pattern may be absolute, which Path.glob refuses.
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
        if not matches:
            raise ImportFormatError(f"{text}: no such file or folder, and no file matches it as a pattern")
        for match in map(Path, matches):
            yield from _below(match) if match.is_dir() else (match,)


def _below(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if file.suffix in _SUFFIXES and not file.name.endswith(_BESIDE) and file.is_file():
            yield file
