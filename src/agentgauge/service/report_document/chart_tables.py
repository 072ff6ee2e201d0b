"""The figures of a chart as a table: a row for each time, a column for each series."""

from __future__ import annotations

import msgspec

from agentgauge.charts import Chart
from agentgauge.service.short_wording import NOTHING


class ChartTable(msgspec.Struct, frozen=True):
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The first cell of each says when."""


def chart_table(chart: Chart) -> ChartTable:
    """Of a chart whose rows have `label`, `series` and `text`, with its totals where it has some."""
    cells: dict[str, dict[str, str]] = {}
    for row in chart.rows:
        cells.setdefault(row["label"], {})[row["series"]] = row["text"]
    names = [series.name for series in chart.series]
    total = ("Total",) if chart.totals else ()
    return ChartTable(
        (chart.x_title, *names, *total),
        tuple(
            (
                label,
                *(found.get(name, NOTHING) for name in names),
                *((chart.totals.get(label, NOTHING),) if total else ()),
            )
            for label, found in cells.items()
        ),
    )
