"""`agentgauge report` as files: HTML, PDF or PNG, each with everything inside it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentgauge.errors import QueryError
from agentgauge.settings.extras import check_server_extra

if TYPE_CHECKING:
    from agentgauge.cli.question import Question
    from agentgauge.service.report_document.document import Document

_SCREEN = "-"


def check_report_files(wanted: Mapping[str, str], refused: Mapping[str, bool], by: Sequence[str]) -> None:
    """Raises `QueryError` for what no file can have, `SettingsError` without the [server] extra, before anything is
    read. `wanted` are files by their forms, `refused` the options that a file has no place for, and whether they are
    given.
    """
    for option in (name for name, is_given in refused.items() if is_given):
        raise QueryError(f"{option} has no place in a file: leave it out, or the file, and have it on the screen")
    for form, file in wanted.items():
        if file == _SCREEN and form != "html":
            raise QueryError(f"--{form} - would write bytes to the screen: name a file, as --{form} report.{form}")
        if file != _SCREEN and Path(file).is_dir():
            raise QueryError(f"--{form} {file} is a directory: name a file in it, as {Path(file) / f'report.{form}'}")
    if "component" in by or ("tool" in by and len(by) > 1):
        raise QueryError(f"a file is not broken down by {', '.join(by)}: take it on the screen, or with --json")
    check_server_extra("jinja2", "altair", "vl_convert", *(("typst",) if {"pdf", "png"} & {*wanted} else ()))


def write_report_files(
    asked: Question, home: str | None, wanted: Mapping[str, str], by: Sequence[str], bucket: str | None, limit: int
) -> None:
    """Each takes a second or two, most of it for the charts. Says where they are on standard error.

    Raises `AgentGaugeError`.
    """
    from agentgauge.service.dimensions import dimension
    from agentgauge.service.report_document.building import build
    from agentgauge.service.report_document.question import Question as About
    from agentgauge.settings.server import get_server_settings
    from agentgauge.state.opening import shared_state

    document = build(
        About(
            engine=asked.engine, state=shared_state(get_server_settings(home)), book=asked.meter.book,
            window=asked.window, now=asked.now, filters=asked.filters, conditions=tuple(asked.where),
            zone_name=asked.zone_name, by=tuple(name if name == "tool" else dimension(name) for name in by),
            bucket=bucket, limit=limit,
        )
    )  # fmt: skip
    for form, file in wanted.items():
        made = _made(document, form)
        if file == _SCREEN:
            sys.stdout.write(made.decode())
        else:
            _write(Path(file), made)


def _made(document: Document, form: str) -> bytes:
    if form == "html":
        from agentgauge.service.report_document.html import html

        return html(document).encode()
    from agentgauge.service.report_document import paper

    return paper.pdf(document) if form == "pdf" else paper.png(document)


def _write(file: Path, made: bytes) -> None:
    from agentgauge.cli.output import note
    from agentgauge.files import write_atomically

    try:
        write_atomically(file, made)
    except OSError as error:
        raise QueryError(f"{file} cannot be written: {error.strerror or error}") from error
    note(f"{file}: {len(made):,} bytes")
