"""How many runs, sessions, tickets, operations and events there are in a window: what lists say they are lists of."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.window import Window


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The same name in two projects counts twice, as lists have it."""

    runs: int
    sessions: int
    tickets: int
    operations: int
    events: int


def counted(engine: Engine, window: Window, filters: Sequence[Filter] = ()) -> Counted:
    query = Query(
        start=window.start,
        end=window.end,
        filters=tuple(filters),
        group=("project",),
        measures=(
            Measure("distinct", "run", name="runs"),
            Measure("distinct", "session", name="sessions"),
            Measure("distinct", "work_item", name="tickets"),
            Measure("count", over="tasks", name="operations"),
            Measure("count", name="events"),
        ),
    )
    of_projects = engine.aggregate(query).records()
    return Counted(**{name: sum(row[name] for row in of_projects) for name in Counted.__struct_fields__})
