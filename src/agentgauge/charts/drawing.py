"""A chart as a picture: SVG, PNG or PDF. Imports vl-convert, which takes 60 MB and half a second for the first one."""

from __future__ import annotations

from typing import Any

import msgspec

from agentgauge.charts.building import definitions
from agentgauge.charts.chart import Chart
from agentgauge.charts.palette import LIGHT, Theme, in_theme

WIDTH = 640
"""Of a picture, in pixels."""


def specification(chart: Chart, theme: Theme | None = LIGHT, width: int = WIDTH) -> dict[str, Any]:
    """Plain Vega-Lite: what a notebook shows, and every other program that knows it. Without a theme its colours stay
    the variables of a page, on no ground of its own.
    """
    spec = chart.specification(definitions())
    for part in (spec, *spec.get("layer", ())):
        if part.get("width") == "container":
            part["width"] = width
    if theme is None:
        return spec
    spec["background"] = theme["card"]
    plain: dict[str, Any] = msgspec.json.decode(in_theme(msgspec.json.encode(spec).decode(), theme))
    return plain


def svg(chart: Chart, theme: Theme | None = LIGHT, width: int = WIDTH) -> str:
    """Without a theme to be put into a page, whose theme it then follows."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(specification(chart, theme, width))
    return drawn


def png(chart: Chart, theme: Theme = LIGHT, width: int = WIDTH, scale: float = 2.0) -> bytes:
    """`scale`: pixels of the picture per pixel of the chart."""
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png(specification(chart, theme, width), scale=scale)
    return drawn


def pdf(chart: Chart, theme: Theme = LIGHT, width: int = WIDTH) -> bytes:
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_pdf(specification(chart, theme, width))
    return drawn
