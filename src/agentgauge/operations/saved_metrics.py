"""Summaries of sessions as JSON files, in `data/metrics/` unless told otherwise."""

from __future__ import annotations

import os
from pathlib import Path

from agentgauge.files import make_directory, write_atomically
from agentgauge.operations.models import MetricsData

DIRECTORY = Path("data") / "metrics"
"""Relative to the working directory, as document 002 has it."""

_UNNAMED = "session"


def save(data: MetricsData, directory: Path, filename: str | os.PathLike[str] | None) -> Path:
    """Write a summary to `filename` in `directory`, which is made; it is there whole, or as it was before.

    Blocks until it is on the disk. Raises `OSError`.
    """
    path = directory / (filename or _file_name(data.session_id))
    make_directory(path.parent)
    write_atomically(path, data.model_dump_json(indent=2).encode() + b"\n")
    return path


def load(path: str | os.PathLike[str], directory: Path) -> MetricsData:
    """A summary that was saved: the file at `path`, else the one of that name in `directory`.

    Raises `OSError`, and `ValueError` where the file is none.
    """
    file = Path(path)
    return MetricsData.model_validate_json((file if file.exists() else directory / file).read_bytes())


def _file_name(session_id: str) -> str:
    """A session's id may come from the environment and hold anything."""
    safe = "".join(character if character.isalnum() or character in "-_" else "_" for character in session_id)
    return f"{safe[:100] or _UNNAMED}.json"
