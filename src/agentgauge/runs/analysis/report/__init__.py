"""The comparison of runs as a report: text for a terminal, Markdown, or an HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from agentgauge.errors import QueryError
from agentgauge.files import make_directory, write_atomically
from agentgauge.runs.analysis.reading import RunSet
from agentgauge.runs.analysis.report.content import content_of
from agentgauge.runs.analysis.report.html import as_html
from agentgauge.runs.analysis.report.markdown import as_markdown
from agentgauge.runs.analysis.report.text import as_text

__all__ = ["Format", "write_report"]

Format = Literal["text", "markdown", "html"]
_OF_SUFFIX: dict[str, Format] = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}


def write_report(
    read: RunSet,
    file: Path | None = None,
    format: Format | None = None,  # noqa: A002 - its public name
    weights: Mapping[str, float] | None = None,
    references: Mapping[str, float] | None = None,
) -> str:
    """The report, in the format that is named, else that of the file's suffix, else text; written where there is a
    file, whole or not at all.

    Raises `QueryError` for another format, and for weights and references that cannot be used; OSError where the file
    cannot be written.
    """
    if format is None:
        format = "text" if file is None else _OF_SUFFIX.get(file.suffix.lower(), "text")  # noqa: A001 - as above
    if format not in get_args(Format):
        raise QueryError(f"no format {format!r}: a report is {', '.join(get_args(Format))}")
    render = {"text": as_text, "markdown": as_markdown, "html": as_html}[format]
    report = _printable(render(content_of(read, weights, references)))
    if file is not None:
        make_directory(file.parent)
        write_atomically(file, report.encode())
    return report


def _printable(report: str) -> str:
    """Without what a name may hold and a terminal or a browser would obey: controls, marks that turn the direction of
    writing, halves of characters.
    """
    return "".join(
        character if character == "\n" or character.isprintable() else " " if character.isspace() else ""
        for character in report
    )
