"""A line with what it may turn out to be: rows of the form `band`, for forecasts and whatever else is expected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from agentgauge.analysis.forecast import Span
from agentgauge.charts import Series
from agentgauge.charts.axis import Form
from agentgauge.service import forecast_wording
from agentgauge.service.graphs.days import on_clocks

LEVELS = (95, 80)
"""Of the bands, the wider first, so that the narrower is drawn upon it."""
EXPECTED_DASH = (6, 3)
_SHADES = {95: 0.18, 80: 0.33}


def line(time: datetime, label: str, series: Series, value: float, text: str) -> Mapping[str, Any]:
    """A point of a line."""
    return {
        "x": on_clocks(time), "label": label, "y": value, "low": None, "high": None, "text": text,
        "series": series.name, "colour": series.colour, "dash": series.dash,
    }  # fmt: skip


def bands(time: datetime, label: str, colour: str, span: Span) -> list[Mapping[str, Any]]:
    """What a figure lies between at a time, by each level; none where that cannot be said."""
    if math.isnan(span.low_95):
        return []
    limits = {80: (span.low_80, span.high_80), 95: (span.low_95, span.high_95)}
    return [
        {
            "x": on_clocks(time), "label": label, "y": None, "low": limits[level][0], "high": limits[level][1],
            "text": forecast_wording.between(span, level, "USD"), "series": _name(level), "colour": colour,
            "dash": (1, 0),
        }
        for level in LEVELS
    ]  # fmt: skip


def legend(colour: str) -> tuple[Series, ...]:
    """Of the bands."""
    return tuple(Series(_name(level), colour, shade=_SHADES[level]) for level in sorted(LEVELS))


def form_of(rows: Iterable[Mapping[str, Any]]) -> Form:
    """`band` where there are intervals to draw, else `lines`."""
    return "band" if any(row["low"] is not None for row in rows) else "lines"


def _name(level: int) -> str:
    return f"{level} of 100 cases"
