"""One event: every field that it has, and its attributes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter
from agentgauge.errors import NotFound
from agentgauge.service.records.rows import COLUMNS, IDENTITY, RowKey, event_rows
from agentgauge.service.records.work_item import Step, course
from agentgauge.service.window import Window


class OneEvent(msgspec.Struct, frozen=True, kw_only=True):
    step: Step
    fields: dict[str, Any]
    """What it has of all that can be recorded, by column, attributes left out."""
    attributes: dict[str, Any]


def one_event(engine: Engine, key: RowKey) -> OneEvent:
    """The event of a row's key. Raises `NotFound`."""
    time, segment, n = key
    at = Window(time, time + timedelta(microseconds=1))
    own = (Filter("segment", "=", segment), Filter("n", "=", n))
    row = next(event_rows(engine, at, own, COLUMNS, limit=1), None)
    if row is None:
        raise NotFound("no such event: it has expired, or the address is not whole", field="event")
    told = {name: value for name, value in zip(COLUMNS, row[len(IDENTITY) :], strict=True) if value is not None}
    given = told.pop("attributes", None)
    attributes = msgspec.json.decode(given) if isinstance(given, str | bytes) else given
    return OneEvent(step=course(engine, at, own, limit=1)[0], fields=told, attributes=attributes or {})
