"""A report as one file of HTML: style and charts inside it, no script, nothing fetched; light and dark, and for print.

Charts are drawn once for a wide and once for a narrow screen, in the variables of the page's theme. Figures carry their
exact values (`<data value=...>`), so that a program can read the file too.
"""

from __future__ import annotations

from functools import cache

import jinja2
import msgspec
from markupsafe import Markup

from agentgauge.charts import Chart
from agentgauge.charts.drawing import svg
from agentgauge.charts.palette import LIGHT, style
from agentgauge.service.report_document.chart_tables import ChartTable, chart_table
from agentgauge.service.report_document.document import Document, Picture

_WIDE, _NARROW = 798, 340
"""Pixels of a chart, on a screen and on a phone."""


class Drawing(msgspec.Struct, frozen=True):
    picture: Picture
    wide: str
    narrow: str
    table: ChartTable


def html(document: Document) -> str:
    """Takes a second, for the charts. Raises `ChartsUnavailable`."""
    drawings = [_drawn(picture) for picture in document.pictures if picture.chart.rows]
    return (
        environment()
        .get_template("report.html")
        .render(document=document, drawings=drawings, theme=style(), print_theme=_print_theme())
    )


def _drawn(picture: Picture) -> Drawing:
    return Drawing(picture, _svg(picture.chart, _WIDE), _svg(picture.chart, _NARROW), chart_table(picture.chart))


def _svg(chart: Chart, width: int) -> Markup:
    """Without the texts that only a mouse that hovers would be shown."""
    return Markup(svg(chart, None, width))  # noqa: S704 - vl-convert's, which escapes what rows hold


def _print_theme() -> str:
    """Paper is white, whatever the reader's screen is."""
    return ";".join(f"--{name}:{value}" for name, value in LIGHT.items())


@cache
def environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("agentgauge.service.report_document"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
