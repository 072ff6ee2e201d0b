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

Every row has `colour`, of lines also `dash`, and where they are stacked `order`. The axis of figures is worded by the
parameter `figures`. Sizes are the page's: `width` follows its container.

Imports Altair, which takes half a second: `building` calls this in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt

Drawable = Any
"""A chart of Altair's. Its methods are typed as returning what they never return here."""
_HEIGHT = 220
_ROW_HEIGHT = 26
_TICKS = 5

LABEL = (
    "figures == 'usd' ? (datum.value == 0 ? '$0' : abs(datum.value) >= 10000 ? '$' +"
    " replace(format(datum.value, '.3~s'), 'G', 'B')"
    " : abs(datum.value) >= 1000 ? '$' + format(datum.value, ',.0f') : '$' + format(datum.value, '~r'))"
    " : figures == 'ms' ? (abs(datum.value) < 1000 ? format(datum.value, '~r') + ' ms' : abs(datum.value) < 60000 ?"
    " format(datum.value / 1000, '~r') + ' s' : abs(datum.value) < 3600000 ? format(datum.value / 60000, '.2~r')"
    " + ' min' : format(datum.value / 3600000, '.2~r') + ' h')"
    " : figures == 'ratio' ? format(datum.value * 100, '~r') + ' %'"
    " : figures == 'score' ? format(datum.value, '~r')"
    " : abs(datum.value) < 1000 ? format(datum.value, '~r') : replace(format(datum.value, '.3~s'), 'G', 'B')"
)
"""The labels of an axis of figures, by the parameter `figures`."""


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
    plain["params"] = [{"name": "figures", "value": "count"}, *plain.get("params", [])]
    return plain


def _base(height: int | dict[str, int] = _HEIGHT) -> Drawable:
    return alt.Chart(alt.NamedData("rows")).properties(width="container", height=height)


def _time() -> alt.X:
    return alt.X(
        "x:T", axis=alt.Axis(grid=False, labelOverlap=True, tickCount=6, labelFlush=True), scale=alt.Scale(nice=False)
    )


def _figure(field: str = "y", **more: Any) -> alt.Y:
    return alt.Y(f"{field}:Q", axis=alt.Axis(labelExpr=LABEL, tickCount=_TICKS), **more)


def _fill() -> alt.Fill:
    return alt.Fill("colour:N", scale=None, legend=None)


def _stroke() -> alt.Stroke:
    return alt.Stroke("colour:N", scale=None, legend=None)


def _dash() -> alt.StrokeDash:
    return alt.StrokeDash("dash:N", scale=None, legend=None)


def _hovered(base: Drawable) -> Drawable:
    """A rule at the time that the pointer, or the keyboard, is nearest to; its tooltip is the page's."""
    at = alt.selection_point(name="at", on="pointerover", clear="pointerout", nearest=True, fields=["x"], empty=False)
    return (
        base.mark_rule(tooltip=True)
        .encode(x=_time(), opacity=alt.condition(at, alt.value(0.5), alt.value(0)), detail="text:N")
        .add_params(at)
    )


def _area() -> Drawable:
    base = _base()
    marks = base.mark_area(interpolate="linear").encode(
        x=_time(), y=_figure(stack="zero"), fill=_fill(), detail="series:N", order=alt.Order("order:Q")
    )
    return alt.layer(marks, _hovered(base))


def _columns() -> Drawable:
    base = _base()
    marks = base.mark_bar(orient="vertical", x2Offset=-1).encode(
        x=_time(), x2="x2:T", y=_figure(stack="zero"), fill=_fill(), detail="series:N", order=alt.Order("order:Q")
    )
    return alt.layer(marks, _hovered(base))


def _lines() -> Drawable:
    base = _base()
    marks = base.mark_line(strokeWidth=2).encode(
        x=_time(), y=_figure(), stroke=_stroke(), strokeDash=_dash(), detail="series:N"
    )
    alone = base.mark_point(filled=True, size=18).encode(x=_time(), y=_figure(), fill=_fill(), detail="series:N")
    return alt.layer(marks, alone, _hovered(base))


def _band() -> Drawable:
    base = _base()
    marks = base.mark_area(opacity=0.18).encode(
        x=_time(), y=_figure("low"), y2="high:Q", fill=_fill(), detail="series:N"
    )
    line = base.mark_line(strokeWidth=2).encode(
        x=_time(), y=_figure(), stroke=_stroke(), strokeDash=_dash(), detail="series:N"
    )
    return alt.layer(marks, line, _hovered(base))


def _bars() -> Drawable:
    return (
        _base({"step": _ROW_HEIGHT})
        .mark_bar(cornerRadiusEnd=3, height={"band": 0.7}, tooltip=True)
        .encode(
            y=alt.Y("y:N", sort=None, axis=alt.Axis(labelLimit=180)),
            x=alt.X("x:Q", axis=alt.Axis(labelExpr=LABEL, tickCount=_TICKS)),
            fill=_fill(),
            detail="text:N",
        )
    )


def _intervals() -> Drawable:
    base = _base({"step": _ROW_HEIGHT})
    names = alt.Y("y:N", sort=None, axis=alt.Axis(labelLimit=180))
    low = alt.X("low:Q", axis=alt.Axis(labelExpr=LABEL, tickCount=_TICKS), scale=alt.Scale(zero=False))
    null = base.mark_rule(strokeDash=[4, 3]).encode(x="rule:Q")
    bars = base.mark_rule(strokeWidth=3, tooltip=True).encode(
        y=names, x=low, x2="high:Q", stroke=_stroke(), detail="text:N"
    )
    dots = base.mark_point(filled=True, size=70, tooltip=True).encode(y=names, x="x:Q", fill=_fill(), detail="text:N")
    return alt.layer(null, bars, dots)


def _histogram() -> Drawable:
    return (
        _base()
        .mark_bar(tooltip=True)
        .encode(
            x=alt.X("x:Q", bin="binned", axis=alt.Axis(labelExpr=LABEL, tickCount=8, grid=False)),
            x2="x2:Q",
            y=alt.Y("y:Q", axis=alt.Axis(tickCount=_TICKS, format="~s")),
            fill=_fill(),
            detail="text:N",
        )
    )


def _heat() -> Drawable:
    return (
        _base({"step": _ROW_HEIGHT})
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
