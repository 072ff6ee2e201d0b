"""The comparison of runs as a report: text for a terminal, Markdown, or an HTML page that needs nothing else."""

from __future__ import annotations

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
_UNPRINTABLE = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))
"""Control characters, which the name of a model may hold and a terminal would obey."""
_OF_SUFFIX: dict[str, Format] = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}


def write_report(read: RunSet, file: Path | None, format: Format | None) -> str:  # noqa: A002 - its public name
    """The report, in the format that is named, else that of the file's suffix, else text; written where there is a
    file, whole or not at all.

    Raises `QueryError` for another format and OSError where the file cannot be written.
    """
    if format is None:
        format = "text" if file is None else _OF_SUFFIX.get(file.suffix.lower(), "text")  # noqa: A001 - as above
    if format not in get_args(Format):
        raise QueryError(f"no format {format!r}: a report is {', '.join(get_args(Format))}")
    render = {"text": as_text, "markdown": as_markdown, "html": as_html}[format]
    report = render(content_of(read)).translate(_UNPRINTABLE)
    if file is not None:
        make_directory(file.parent)
        write_atomically(file, report.encode("utf-8", "backslashreplace"))
    return report
