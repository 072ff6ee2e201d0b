"""A chart with its table: the rows of a chart over time as a table of buckets by series."""

from __future__ import annotations

from agentgauge.charts import Chart, Unit
from agentgauge.dashboard.content import Drawn
from agentgauge.dashboard.table import Column, Kind, Row, Table

_KINDS: dict[Unit, Kind] = {
    "usd": "money", "ms": "duration", "count": "count", "tokens": "tokens", "ratio": "percent", "score": "score",
}  # fmt: skip


def drawn(chart: Chart, *, zooms: bool = False) -> Drawn:
    """A chart whose rows have `label`, `series` and `y`."""
    names = [series.name for series in chart.series]
    cells: dict[str, dict[str, float]] = {}
    for row in chart.rows:
        cells.setdefault(row["label"], {})[row["series"]] = row["y"]
    columns = [Column(key="x", title=chart.x_title, kind="name", sorts=False)]
    columns += [Column(key=f"s{at}", title=name, kind=_KINDS[chart.unit], sorts=False) for at, name in enumerate(names)]
    rows = tuple(
        Row(values={"x": label, **{f"s{at}": found.get(name) for at, name in enumerate(names)}})
        for label, found in cells.items()
    )
    return Drawn(chart=chart, table=Table(columns=tuple(columns), rows=rows, caption=chart.summary), zooms=zooms)
