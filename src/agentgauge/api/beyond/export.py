"""`GET /api/v1/export`: all events of a window as one file, sent as it is read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked
from agentgauge.api.beyond.question import OfPart, Question
from agentgauge.api.beyond.streaming import Streamed, begun
from agentgauge.api.head import is_head
from agentgauge.exporters.events import COLUMNS, Format, write_rows_as_parquet, written
from agentgauge.service.projects import OfProjects
from agentgauge.service.records.rows import all_rows
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal

router = APIRouter()

_MEDIA_TYPES: dict[Format, str] = {
    "jsonl": "application/x-ndjson",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
_PIECE = 64 << 10


class ExportParameters(OfPart):
    format: Format = Field("jsonl", description="One event a line, one list, a table, or the types of the lake.")


@router.get(
    "/export",
    summary="Events as a file",
    response_class=Response,
    responses={
        200: {
            "description": "The file. One that is broken off ends without the end of its chunks: it is not complete.",
            "content": {kind.partition(";")[0]: {} for kind in _MEDIA_TYPES.values()},
        }
    },
)
async def export(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[ExportParameters, Query()]
) -> Response:
    """Every field and the identity of each event, in order of time; money is exact, times are ISO 8601 in UTC. In CSV,
    text that a spreadsheet would run as a formula begins with an apostrophe."""
    with ExitStack() as held:
        held.enter_context(runtime.heavy.turn())
        make = _no_pieces if is_head(request.scope) else _pieces
        pieces = await run_in_threadpool(make, held, runtime, principal, asked)
        headers = {"Content-Disposition": f'attachment; filename="events.{asked.format}"'}
        return Streamed(pieces, held.pop_all(), _MEDIA_TYPES[asked.format], headers)


def _pieces(held: ExitStack, runtime: Runtime, principal: Principal, asked: ExportParameters) -> Iterator[bytes]:
    """The file, of which the first piece is made; what it needs is put into `held`."""
    part = _question(held, runtime, principal, asked)
    runtime.audit.note(principal, "events.exported", f"events.{asked.format}", asked.model_dump(exclude_defaults=True))
    rows = all_rows(part.engine, part.window, part.filters, COLUMNS)
    if asked.format != "parquet":
        return begun(written(asked.format, rows))
    file = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="agentgauge-"))) / "events.parquet"
    write_rows_as_parquet(rows, file)
    stream = held.enter_context(closing(file.open("rb")))
    return begun(iter(lambda: stream.read(_PIECE), b""))


def _no_pieces(held: ExitStack, runtime: Runtime, principal: Principal, asked: ExportParameters) -> Iterator[bytes]:
    """What is asked for with HEAD: whether the question can be."""
    _question(held, runtime, principal, asked)
    return iter(())


def _question(held: ExitStack, runtime: Runtime, principal: Principal, asked: ExportParameters) -> Question:
    seen = held.enter_context(runtime.live.reading())
    engine = seen.engine if principal.projects is None else OfProjects(seen.engine, principal.projects)
    return asked.question(Asked(engine, seen.as_of, runtime.now(), runtime, principal))
