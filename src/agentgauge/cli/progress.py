"""Progress of long work, on standard error and only where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from agentgauge.cli.output import screen


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """A count that goes up: the block calls what it gets with the number reached."""
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} {task.description}"), TimeElapsedColumn())
    with _shown(*columns) as progress:
        task = progress.add_task(what, total=None)
        yield lambda reached: progress.update(task, completed=reached)


@contextmanager
def through_files() -> Iterator[Callable[[int, int, Path], None]]:
    """A bar over files: the block calls what it gets with files done, files in all and the file that comes next."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with _shown(*columns) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total, file: progress.update(task, completed=done, total=total, description=file.name)


@contextmanager
def through_bytes(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar over bytes: the block calls what it gets with bytes done and bytes in all."""
    with _shown(BarColumn(), DownloadColumn(), TextColumn(what), TimeElapsedColumn()) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _shown(*columns: ProgressColumn) -> Progress:
    console = screen(sys.stderr)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
