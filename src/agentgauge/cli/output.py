"""Where output goes: tables and documents to standard output, progress and notes to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, NoReturn

import msgspec
from rich.console import Console
from rich.segment import Segment

from agentgauge.cli.exits import at_words
from agentgauge.events.plain import document

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType
    from rich.text import Text

_PIPE_WIDTH = 200
"""No terminal, no edge: tables take what they need and are not cut for a width that nobody has."""
_CONTROLS = dict.fromkeys({*range(32), *range(127, 160)} - {ord("\n")})
"""Characters that a name may have, and a terminal would obey."""


class Screen(Console):
    """A console that leaves a reader's going away to whoever called, shows no control characters of what it is given,
    and writes no blanks at the end of a line into a file or pipe.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else text.translate(_CONTROLS), style, control)

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError

    def print(self, *objects: Any, **how: Any) -> None:
        if self.is_terminal:
            super().print(*objects, **how)
            return
        with self.capture() as captured:
            super().print(*objects, **how)
        self.file.write("\n".join(line.rstrip(" ") for line in captured.get().split("\n")))


def screen(file: IO[str] | None = None) -> Screen:
    """Standard output, or another stream, at the width of its terminal or of COLUMNS.

    NO_COLOR, where it is not empty, means plain text: neither colour nor bold nor dim.
    """
    stream = sys.stdout if file is None else file
    plain = bool(os.environ.get("NO_COLOR"))
    console = Screen(file=stream, highlight=False, soft_wrap=False, color_system=None if plain else "auto")
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    return console


def note(text: str) -> None:
    """One line for the person, beside the output; a terminal wraps it between words."""
    print(at_words(text), file=sys.stderr)


def print_sentence(text: str | Text) -> None:
    """On standard output: wrapped between words on a terminal, one line anywhere else."""
    out = screen()
    out.print(text, markup=False, soft_wrap=not out.is_terminal)


def print_document(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document(value)), indent=2).decode() + "\n")


def print_rows(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows as a JSON list of objects, one a line, written as they come."""
    sys.stdout.write("[")
    for count, row in enumerate(rows):
        line = msgspec.json.encode(dict(zip(columns, map(document, row), strict=True))).decode()
        sys.stdout.write(f"{',' if count else ''}\n{line}")
    sys.stdout.write("\n]\n")
