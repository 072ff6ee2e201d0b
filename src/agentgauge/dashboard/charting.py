"""A chart with its table: the rows of a chart over time as a table of buckets by series.

The table calls a bucket as the chart does; in CSV it is the day or the time when that begins.
"""

from __future__ import annotations

from agentgauge.charts import Chart, Unit
from agentgauge.dashboard.content import Drawn
from agentgauge.dashboard.table import Column, Kind, Row, Table

_KINDS: dict[Unit, Kind] = {
    "usd": "money", "ms": "duration", "count": "count", "tokens": "tokens", "ratio": "percent", "score": "score",
}  # fmt: skip


def drawn(chart: Chart, *, zooms: bool = False) -> Drawn:
    """A chart whose rows have `label`, `series` and `y`; of a series that is an interval `low` and `high` instead."""
    cells: dict[str, dict[str, float]] = {}
    for row in chart.rows:
        of_label = cells.setdefault(row["label"], {})
        if row["y"] is not None:
            of_label[row["series"]] = row["y"]
        elif "low" in row:
            of_label |= {f"{row['series']}, low": row["low"], f"{row['series']}, high": row["high"]}
    names: list[str] = []
    for series in chart.series:
        is_interval = series.shade is not None
        names += [f"{series.name}, low", f"{series.name}, high"] if is_interval else [series.name]
    columns = [Column(key="x", title=chart.x_title, kind="name", heading=chart.x_title, sorts=False)]
    columns += [
        Column(key=f"s{at}", title=name, kind=_KINDS[chart.unit], heading=name, sorts=False)
        for at, name in enumerate(names)
    ]
    rows = tuple(
        Row(
            values={"x": label, **{f"s{at}": found.get(name) for at, name in enumerate(names)}},
            exact={"x": chart.times[label]} if label in chart.times else {},
        )
        for label, found in cells.items()
    )
    return Drawn(chart=chart, table=Table(columns=tuple(columns), rows=rows, caption=chart.summary), zooms=zooms)
