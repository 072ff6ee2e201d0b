"""`GET /api/v1/events`: the events themselves, a page at a time, as JSON, JSON lines or CSV, as `Accept` asks."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from starlette.exceptions import HTTPException

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.beyond.lists import EventsMeta, PageParameters, row_key, written_row_key
from agentgauge.api.beyond.question import Words
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.paging import link_next
from agentgauge.events.plain import csv_cell
from agentgauge.exporters.events import told
from agentgauge.service.dimensions import parse_dimensions
from agentgauge.service.records.rows import COLUMNS, IDENTITY, RowKey, columns_named, event_rows, missing_before

router = APIRouter()

_JSON, _LINES, _CSV = "application/json", "application/x-ndjson", "text/csv"
_FORMS = {"*/*": _JSON, "application/*": _JSON, _JSON: _JSON, _LINES: _LINES, "text/*": _CSV, _CSV: _CSV}


class EventParameters(PageParameters):
    columns: Words = Field(
        (),
        description="What is told of each, several with commas: columns, and attributes.<key>; left out, all that each "
        "has.",
        examples=[["time,kind,agent,cost_usd"]],
    )
    newest_first: bool = Field(True, description="Or else the oldest.")

    def named(self) -> tuple[str, ...]:
        return columns_named(parse_dimensions(self.columns))


class EventList(msgspec.Struct, frozen=True):
    data: tuple[dict[str, Any], ...]
    meta: EventsMeta


@router.get(
    "/events",
    summary="Events",
    responses={**answer_of(EventList, "A page of them; `Link` leads to the next, in every form"), **errors(406)},
)
async def events(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[EventParameters, Query()]
) -> Response:
    """All that was recorded, one row per event, by time and then by where each was first written: pages neither repeat
    nor skip rows while more is recorded. For all of them at once there is `/api/v1/export`."""
    form = _form(request.headers.get("accept", "*/*"))

    def compute(of: Asked) -> EventList:
        columns = asked.named()
        page = asked.page(of.now, "events")
        part = asked.question(of, now=page.as_of)
        found = event_rows(
            part.engine,
            part.window,
            part.filters,
            columns or COLUMNS,
            limit=page.limit + 1,
            newest_first=asked.newest_first,
            after=row_key(page.after),
        )
        rows, following = page.cut(tuple(found), lambda row: written_row_key(_identity(row)))
        # Every column where some were named, else what each event has.
        tell = (lambda row: dict(zip(columns, row, strict=True))) if columns else told
        meta = EventsMeta(page.as_of, following, missing_before(part.engine, part.window))
        return EventList(tuple(tell(row[len(IDENTITY) :]) for row in rows), meta)

    found = link_next(request, await answered(request, runtime, principal, "events", tuple(asked), compute))
    return found if form == _JSON or found.status_code != 200 else _as(form, asked.named() or COLUMNS, found)


def _identity(row: Sequence[Any]) -> RowKey:
    time, segment, n = row[: len(IDENTITY)]
    return time, segment, n


def _form(accepted: str) -> str:
    """The form that is asked for first."""
    for part in accepted.split(","):
        if form := _FORMS.get(part.partition(";")[0].strip().lower()):
            return form
    raise HTTPException(406, f"events are given as {_JSON}, {_LINES} or {_CSV}")


def _as(form: str, columns: Sequence[str], page: Response) -> Response:
    """The same page in another form."""
    packed = page.headers.get("content-encoding") == "gzip"
    rows = msgspec.json.decode(gzip.decompress(page.body) if packed else page.body)["data"]
    if form == _LINES:
        body = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    else:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([csv_cell(row.get(name)) for name in columns] for row in rows)
        body = text.getvalue().encode()
    kept = ("link", "agentgauge-as-of", "x-cache")
    headers = {name: page.headers[name] for name in kept if name in page.headers}
    return Response(body, headers={**headers, "Vary": "Accept"}, media_type=form)
