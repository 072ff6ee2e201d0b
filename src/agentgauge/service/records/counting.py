"""How many runs, sessions, tickets, operations and events there are in a window: what lists say they are lists of."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.window import Window


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """By name: the same name in two projects counts once."""

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
        measures=(
            Measure("distinct", "run", name="runs"),
            Measure("distinct", "session", name="sessions"),
            Measure("distinct", "work_item", name="tickets"),
            Measure("count", over="tasks", name="operations"),
            Measure("count", name="events"),
        ),
    )
    return Counted(**engine.aggregate(query).records()[0])
