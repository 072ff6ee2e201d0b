"""The forms of charts, as Vega-Lite without data and without a theme.

    area        x time, y, series                  stacked from zero: shares of a sum over time
    columns     x, x2 times, y, series             stacked from zero, for sums per day or hour
    lines       x time, y, series                  figures over time that do not add up
    band        x time, y, low, high, series       a line with its interval: a forecast, what is expected
    bars        x, y text                          one figure per name
    intervals   y, low, high, x text               estimates with their intervals, per name; `rule` is the null value
    histogram   x, x2, y                           counts per class
    heat        x, y text, value                   a figure per cell, as its opacity
    points      x, y, series                       one mark per observation

Every row has `colour`, of lines also `dash`, and where they are stacked `order`. A time is what clocks say in the zone
of the page, written as if they were UTC: the axis shows it as it is. The parameters `ticks`, `labels` and `shown` are
`agentgauge.charts.axis`. Sizes are the page's: `width` follows its container.

Imports Altair, which takes half a second: `building` calls this in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt

Drawable = Any
"""A chart of Altair's. Its methods are typed as returning what they never return here."""
_HEIGHT = 220
_LABEL = "labels[indexof(ticks, datum.value)]"
_TIME_LABEL = (
    "span(domain('x')) > 1.5e10 ? utcFormat(datum.value, utcmonth(datum.value) == 0 ? '%Y' : '%b %Y')"
    " : utchours(datum.value) + utcminutes(datum.value) == 0 ? utcFormat(datum.value, '%-d %b')"
    " : utcFormat(datum.value, '%H:%M')"
)
"""A day, or a time of it; of more than half a year a month."""
_PARAMETERS: tuple[dict[str, Any], ...] = (
    {"name": "ticks", "value": [0, 1]}, {"name": "labels", "value": ["0", "1"]}, {"name": "shown", "value": [0, 1]},
)  # fmt: skip


def definitions() -> dict[str, dict[str, Any]]:
    """All forms by their names."""
    made: dict[str, Callable[[], Drawable]] = {
        "area": _area,
        "columns": _columns,
        "lines": _lines,
        "band": _band,
        "bars": _bars,
        "intervals": _intervals,
        "histogram": _histogram,
        "heat": _heat,
        "points": _points,
    }
    return {name: _plain(make()) for name, make in made.items()}


def _plain(chart: Drawable) -> dict[str, Any]:
    styled = chart.configure(
        background="transparent",
        font="Inter, system-ui, sans-serif",
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelColor="var(--muted)", labelFontSize=12, gridColor="var(--line)", domain=False, ticks=False,
            labelPadding=8, title=None,
        ),
        rule=alt.MarkConfig(color="var(--muted)"),
    ).properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))  # fmt: skip
    plain: dict[str, Any] = styled.to_dict()
    plain["data"] = {"name": "rows"}
    plain["params"] = list(_PARAMETERS)
    return plain


def _base() -> Drawable:
    return _base_of_rows().properties(height=_HEIGHT)


def _base_of_rows() -> Drawable:
    """Of a chart with a row per name: `Chart.specification` says how high it is."""
    return alt.Chart(alt.NamedData("rows")).properties(width="container")


def _time() -> alt.X:
    axis = alt.Axis(
        grid=False, labelOverlap="greedy", labelSeparation=12, labelFlush=True, labelExpr=_TIME_LABEL,
        tickCount=alt.ExprRef("max(3, min(8, floor(width / 80)))"),
    )  # fmt: skip
    return alt.X("x:T", axis=axis, scale=alt.Scale(type="utc", nice=False))


def _axis(**more: Any) -> alt.Axis:
    return alt.Axis(labelExpr=_LABEL, values=alt.ExprRef("ticks"), **more)


def _scale() -> alt.Scale:
    return alt.Scale(domainMin=alt.ExprRef("shown[0]"), domainMax=alt.ExprRef("shown[1]"), nice=False, zero=False)


def _figure(field: str = "y", **more: Any) -> alt.Y:
    return alt.Y(f"{field}:Q", axis=_axis(), scale=_scale(), **more)


def _figure_across(field: str = "x", **more: Any) -> alt.X:
    return alt.X(f"{field}:Q", axis=_axis(labelOverlap=True, labelFlush=True), scale=_scale(), **more)


def _names() -> alt.Y:
    return alt.Y("y:N", sort=None, axis=alt.Axis(labelLimit=180))


def _fill() -> alt.Fill:
    return alt.Fill("colour:N", scale=None, legend=None)


def _stroke() -> alt.Stroke:
    return alt.Stroke("colour:N", scale=None, legend=None)


def _dash() -> alt.StrokeDash:
    return alt.StrokeDash("dash:N", scale=None, legend=None)


def _area() -> Drawable:
    return (
        _base()
        .mark_area(interpolate="linear", tooltip=True)
        .encode(x=_time(), y=_figure(stack="zero"), fill=_fill(), detail="series:N", order=alt.Order("order:Q"))
    )


def _columns() -> Drawable:
    return (
        _base()
        .mark_bar(orient="vertical", x2Offset=-1, tooltip=True)
        .encode(
            x=_time(),
            x2="x2:T",
            y=_figure(stack="zero"),
            fill=_fill(),
            detail="series:N",
            order=alt.Order("order:Q"),
        )
    )


def _line(base: Drawable) -> Drawable:
    return base.mark_line(strokeWidth=2).encode(
        x=_time(), y=_figure(), stroke=_stroke(), strokeDash=_dash(), detail="series:N"
    )


def _lines() -> Drawable:
    base = _base()
    dots = base.mark_point(filled=True, size=18, opacity=1, tooltip=True).encode(
        x=_time(), y=_figure(), fill=_fill(), detail="series:N"
    )
    return alt.layer(_line(base), dots)


def _band() -> Drawable:
    base = _base()
    interval = base.mark_area(opacity=0.18, tooltip=True).encode(
        x=_time(), y=_figure("low"), y2="high:Q", fill=_fill(), detail="series:N"
    )
    return alt.layer(interval, _line(base))


def _bars() -> Drawable:
    return (
        _base_of_rows()
        .mark_bar(cornerRadiusEnd=3, height={"band": 0.7}, tooltip=True)
        .encode(y=_names(), x=_figure_across(), fill=_fill(), detail="text:N")
    )


def _intervals() -> Drawable:
    base = _base_of_rows()
    # Without a null value the rule stands at the interval and is not seen: a scale of no values would be warned of.
    null = (
        base.transform_calculate(null="isValid(datum.rule) ? datum.rule : datum.low")
        .mark_rule(strokeDash=[4, 3])
        .encode(x="null:Q", opacity=alt.condition("isValid(datum.rule)", alt.value(1), alt.value(0)))
    )
    bars = base.mark_rule(strokeWidth=3, tooltip=True).encode(
        y=_names(), x=_figure_across("low"), x2="high:Q", stroke=_stroke(), detail="text:N"
    )
    dots = base.mark_point(filled=True, size=70, opacity=1, tooltip=True).encode(
        y=_names(), x=_figure_across(), fill=_fill(), detail="text:N"
    )
    return alt.layer(bars, dots, null)


def _histogram() -> Drawable:
    return (
        _base()
        .mark_bar(x2Offset=-1, tooltip=True)
        .encode(
            x=alt.X("x:Q", bin="binned", axis=_axis(labelOverlap=True, grid=False), scale=_scale()),
            x2="x2:Q",
            y=alt.Y("y:Q", axis=alt.Axis(tickCount=5, tickMinStep=1, format="~s")),
            fill=_fill(),
            detail="text:N",
        )
    )


def _heat() -> Drawable:
    return (
        _base_of_rows()
        .mark_rect(cornerRadius=2, tooltip=True)
        .encode(
            x=alt.X("x:O", sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("y:O", sort=None),
            opacity=alt.Opacity("value:Q", scale=alt.Scale(range=[0.06, 1]), legend=None),
            fill=_fill(),
            detail="text:N",
        )
    )


def _points() -> Drawable:
    return (
        _base()
        .mark_point(filled=True, size=36, opacity=0.7, tooltip=True)
        .encode(x=_time(), y=_figure(), fill=_fill(), detail=["series:N", "text:N"])
    )
