"""What questions about a part of the events have in common: a window of time, the clocks of a zone, and conditions.

They are the options of the command line by the same names: `since` and `until` as it takes them (`7d`, `yesterday`,
`2026-11-01`, a time), `tz` by which days begin (UTC where none is named), `where` once for each condition. A parameter
that there is not is refused: a mistyped one would be ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Annotated

import msgspec
from pydantic import Field

from agentgauge.api.answering import Asked
from agentgauge.api.metrics.parameters import Parameters
from agentgauge.engines import Engine, Filter
from agentgauge.engines.time_buckets import zone_named
from agentgauge.errors import QueryError
from agentgauge.service.dimensions import parse_dimensions
from agentgauge.service.filters import parse_filters
from agentgauge.service.recorded import check_recorded
from agentgauge.service.window import Window, parse_moment, parse_window

Word = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Words = Annotated[tuple[Word, ...], Field(max_length=50)]
Moment = Annotated[str, Field(min_length=1, max_length=64)]

Zone = Annotated[str, Field(max_length=64, description="An IANA zone, by whose clocks days begin.")]
By = Annotated[
    Words,
    Field(
        description="Columns of the events, or keys of attributes, to tell groups apart by; several with commas.",
        examples=[["model"]],
    ),
]
Exact = Annotated[bool, Field(description="Read percentiles from the events themselves, never from sums within 1 %.")]
Metric = Annotated[
    Word,
    Field(
        description="execution_time, cost, tokens, success_rate, error_rate, quality_score, latency, tool_failures, "
        "satisfaction, a numeric column, attributes.<key> or the name of a measurement.",
        examples=["cost"],
    ),
]


class Question(msgspec.Struct, frozen=True):
    """The parameters of one, understood."""

    engine: Engine
    window: Window
    filters: tuple[Filter, ...]
    zone: tzinfo
    now: datetime


class InZone(Parameters):
    tz: Zone = "UTC"

    def zone(self) -> tzinfo:
        with naming("tz"):
            return zone_named(self.tz)


class OfConditions(InZone):
    where: Words = Field(
        (),
        description="Only events that meet a condition: model=gpt-4o, agent!=reviewer, duration_ms>=1000. Several "
        "fields must all hold, several values of one are alternatives.",
        examples=[["agent=coder"]],
    )

    def filters(self) -> tuple[Filter, ...]:
        with naming("where"):
            return parse_filters(self.where)


class InWindow(InZone):
    since: Moment | None = Field(
        None, description="The start: 7d, 12h, today, 2026-11-01, 2026-11-01T09:30Z.", examples=["7d"]
    )
    until: Moment | None = Field(
        None, description="The end, in the same forms; a day is included whole.", examples=["today"]
    )

    def window(self, now: datetime, *, since: str | None = None) -> Window:
        """Raises `QueryError`; `since` is the start where none is asked for."""
        zone = self.zone()
        if self.until is not None:
            with naming("until"):
                parse_moment(self.until, zone, now, end_of_day=True)
        with naming("since"):
            return parse_window(self.since or since, self.until, zone, now)


class OfPart(OfConditions, InWindow):
    def question(self, asked: Asked, by: Sequence[str] = (), *, now: datetime | None = None) -> Question:
        """What is asked for. Raises `QueryError`, also where nothing recorded has what conditions, or the dimensions
        `by`, name: an answer of nothing must not look like one of zeros.
        """
        moment = now or asked.now
        found = Question(asked.engine, self.window(moment), self.filters(), self.zone(), moment)
        with naming("where"):
            check_recorded(found.engine, found.window, found.filters)
        with naming("by"):
            check_recorded(found.engine, found.window, by=by)
        return found


def dimensions(texts: Sequence[str]) -> tuple[str, ...]:
    """The dimensions that the texts of a `by` name. Raises `QueryError`."""
    with naming("by"):
        return parse_dimensions(texts)


@contextmanager
def naming(field: str) -> Iterator[None]:
    """Errors of questions inside are of this parameter, unless they name another."""
    try:
        yield
    except QueryError as error:
        error.field = error.field or field
        raise
