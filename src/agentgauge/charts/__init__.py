"""Charts, each form of them defined once: for the pages, the reports, notebooks and pictures.

    palette       the colours of both themes, and which paint an entity has
    axis          its ticks, and what they say, for each unit
    chart         what one chart shows: a form, rows with their paint, and the same in words
    definitions   the forms, made with Altair: Vega-Lite without data and without a theme
    building      definitions and the JavaScript that draws them, made once in a process of their own, and kept
    drawing       a chart as SVG, PNG or PDF

Colours in a definition are CSS variables, so that a page follows its theme without drawing anew; a picture has a
theme's values in their place. Only `definitions` imports Altair, and only `building` and `drawing` vl-convert, which
take half a second and 60 MB: a server imports neither.
"""

from agentgauge.charts.axis import Unit
from agentgauge.charts.chart import Chart, Series
from agentgauge.charts.palette import DARK, LIGHT, Paint, Theme, paints

__all__ = ["DARK", "LIGHT", "Chart", "Paint", "Series", "Theme", "Unit", "paints"]
