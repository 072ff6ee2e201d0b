"""Which entities have a colour of their own: the ones that cost most of all time, in the order in which
they came; where no cost is known, the ones most used.

So a model keeps its colour when others are filtered out, and when another costs more than it this week. A colour
moves only when an entity comes among these or leaves them.
"""

from __future__ import annotations

from agentgauge.charts.palette import MOST
from agentgauge.engines import Engine, Filter, Measure, Query


def known_entities(engine: Engine, column: str, *kinds: str) -> tuple[str, ...]:
    """The names of a column that have a colour, in the order of their colours; of events of some kinds alone, where a
    column says another thing of each. One question of all events.
    """
    query = Query(
        filters=(Filter("kind", "in", kinds),) if kinds else (),
        group=(column,),
        measures=(Measure("cost"), Measure("count", name="events"), Measure("min", "time", name="first")),
    )
    rows = [row for row in engine.aggregate(query).records() if row[column] is not None]
    rows.sort(key=lambda row: (-(row["cost_usd"] or 0), -row["events"], row[column]))
    most = sorted(rows[:MOST], key=lambda row: (row["first"], row[column]))
    return tuple(row[column] for row in most)
