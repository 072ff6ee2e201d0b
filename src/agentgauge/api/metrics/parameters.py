"""Parameters that documented endpoints share: a period, and a project.

A time without an offset is UTC. `end_date` is excluded, but the last second of an hour is meant whole: 23:59:59 is the
end of its day, as people write it, and a date alone is its whole day. Without `end_date` the period ends now, without
`start_date` it begins 30 days before its end. A mistyped parameter is refused, not ignored.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from agentgauge.api.metrics.figures import Part
from agentgauge.engines import Engine, Filter
from agentgauge.errors import QueryError
from agentgauge.service.recorded import check_recorded
from agentgauge.service.window import Window

DAYS = 30
"""Of a period whose start is not given."""
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_PLUS_AS_SPACE = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")


def _parsed(text: object, end_of_day: bool) -> datetime:
    """Raises `ValueError` for text that is no time."""
    given = str(text).strip()
    try:
        if "T" not in given.upper() and ":" not in given:
            day = date.fromisoformat(given)
            return datetime.combine(day, time(23, 59, 59) if end_of_day else time(), UTC)
        # A plus sign that was not percent-encoded arrives as a space.
        moment = datetime.fromisoformat(_PLUS_AS_SPACE.sub("+", given.upper()))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{given[:40]!r} is outside the years that can be computed with") from None
    except ValueError:
        raise ValueError(f"{given[:40]!r} is no time: write 2025-11-01T00:00:00Z, or 2025-11-01") from None


def _start(text: object) -> datetime:
    return _parsed(text, end_of_day=False)


def _end(text: object) -> datetime:
    return _parsed(text, end_of_day=True)


def _time_like(example: str) -> WithJsonSchema:
    forms = [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
    return WithJsonSchema({"anyOf": forms, "examples": [example, example[:10]]})


Name = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
RowId = Annotated[int, Path(ge=1, lt=2**53, description="Its `id`.", examples=[1])]
"""Of an alert or a recommendation."""


class Parameters(BaseModel):
    """Of a question. All of them are part of what its answer is kept under: `tuple(parameters)`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OfProject(Parameters):
    project: Name | None = Field(
        None, description="What this project recorded; left out, everything that may be seen.", examples=["web"]
    )

    def filters(self, engine: Engine) -> tuple[Filter, ...]:
        """Raises `QueryError` for a project that recorded nothing, ever."""
        if self.project is None:
            return ()
        of_project = (Filter("project", "=", self.project),)
        try:
            check_recorded(engine, Window(), of_project)
        except QueryError as error:
            error.field = "project"
            raise
        return of_project


class InPeriod(OfProject):
    start_date: Annotated[datetime | None, BeforeValidator(_start), _time_like("2025-11-01T00:00:00Z")] = Field(
        None,
        description=f"The first moment; left out, {DAYS} days before the end. Without an offset it is UTC.",
    )
    end_date: Annotated[datetime | None, BeforeValidator(_end), _time_like("2025-11-17T23:59:59Z")] = Field(
        None,
        description="The end, not included, but 23:59:59 is the whole of its day; left out, now.",
    )

    def period(self, now: datetime) -> tuple[Period, Window]:
        """The period as it was asked for, and the window of events that it means. Raises `QueryError`."""
        end = self.end_date or now
        start = self.start_date or max(end - timedelta(days=DAYS), _EARLIEST)
        for field, moment in (("end_date", end), ("start_date", start)):
            if not _EARLIEST <= moment < _LATEST:
                raise QueryError(
                    f"{field} is {moment.isoformat()}: periods lie in the years {_EARLIEST.year} to {_LATEST.year - 1}",
                    field=field,
                )
        if start >= end:
            said = f"the period ends at {end.isoformat()}, before it starts, at {start.isoformat()}"
            raise QueryError(said, field="start_date" if self.end_date is None else "end_date")
        whole = end.replace(microsecond=0) + _SECOND if (end.minute, end.second) == (59, 59) else end
        return Period(start=start, end=end), Window(start, whole)


class Period(Part):
    """As it was asked for."""

    start: datetime
    end: datetime
