"""Which runs were left open on this machine: a small file for each run that a process has open.

    <home>/open_runs/<segment>-<n>.json    {"run": "..."}; the name is the identity of the run's start in the stream

It is made when a run starts, and removed when it ends. So the next start of anything learns from one directory
listing, usually empty, whether a run was left behind, without reading the stream. What happened in the run is in the
stream, and there only; these files say where to look.

A run was left behind when the process that started it is gone. Whether it is, is told by the locks on its journal
segments, which die with it, and never by process id: see `agentgauge.journal.scanner.is_dead`. Its other segments may
have been landed and removed long ago; the one it would write to next is there and locked as long as it lives.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from agentgauge.interruption import is_interruption
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.scanner import is_dead
from agentgauge.recorder import Gauge
from agentgauge.recorder.entry import Kept

_SUFFIX = ".json"


class _Note(msgspec.Struct):
    run: str


class LeftBehind(msgspec.Struct, frozen=True):
    run: str | None
    """None where the file is damaged: nothing can be recovered by it."""
    note: Path


def note_start(gauge: Gauge, started: Kept, run_id: str) -> Path | None:
    """Note that a run is open; the file, or None where it cannot be written: then only `recover` finds the run."""
    folder = _folder(gauge)
    if folder is None:
        return None
    note = folder / f"{started.segment}-{started.n}{_SUFFIX}"
    try:
        folder.mkdir(exist_ok=True)
        note.write_bytes(msgspec.json.encode(_Note(run_id)))
    except OSError as error:
        if is_interruption(error):
            raise
        return None
    return note


def remove(note: Path | None) -> None:
    """The run has ended."""
    if note is None:
        return
    try:
        note.unlink(missing_ok=True)
    except OSError as error:  # the next start finds the run ended, and tries again
        if is_interruption(error):
            raise


def others(gauge: Gauge) -> list[Path]:
    """Notes of other processes, alive or not."""
    folder, sink = _folder(gauge), gauge.sink
    if folder is None or sink is None:
        return []
    own = series_of(sink.segment_id)
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is asked for, in half the time
    except OSError as error:
        if is_interruption(error):
            raise
        return []
    return [folder / name for name in names if name.endswith(_SUFFIX) and series_of(name) != own]


def left_behind(gauge: Gauge) -> list[LeftBehind]:
    """Runs whose processes are gone."""
    notes = others(gauge)
    alive = living(gauge) if notes else frozenset()
    return [LeftBehind(_run_of(note), note) for note in notes if series_of(note.name) not in alive]


def living(gauge: Gauge) -> frozenset[str]:
    """The series of segments that a process on this machine writes to."""
    settings = gauge.settings
    if settings is None:
        return frozenset()
    paths = JournalDirectory(settings.home.root).segments()
    return frozenset(series_of("-".join(path.stem.rsplit("-", 2)[-2:])) for path in paths if not _is_gone(path))


def series_of(segment: str) -> str:
    """What all segments of one process have in common: `<nonce>` of `<nonce>-<seq>...`."""
    return segment.partition("-")[0]


def _is_gone(path: Path) -> bool:
    try:
        return is_dead(path)
    except FileNotFoundError:  # landed and removed meanwhile
        return True


def _run_of(note: Path) -> str | None:
    try:
        return msgspec.json.decode(note.read_bytes(), type=_Note).run
    except (OSError, msgspec.MsgspecError) as error:
        if is_interruption(error):
            raise
        return None


def _folder(gauge: Gauge) -> Path | None:
    settings = gauge.settings
    return settings.home.root / "open_runs" if settings is not None and settings.persist else None
