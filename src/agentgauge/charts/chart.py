"""What one chart shows: the form it has, its rows with their paint, and the same in words and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agentgauge.charts.axis import Axis, Form, Unit, axis_of

_ROW_HEIGHT = 26
_OF_ROWS = ("bars", "intervals", "heat")


class Series(msgspec.Struct, frozen=True):
    """What one colour stands for: a line of the legend."""

    name: str
    colour: str
    dash: tuple[int, ...] = (1, 0)
    link: str | None = None
    shade: float | None = None
    """How dense the area is that it stands for, 0-1; None of a line, or of what its form fills."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Rows have the fields that their form names (`agentgauge.charts.definitions`): `x` and `y`, mostly a `series` with
    its `colour`, `dash` and `order`, and `text`, the figure as people read it.
    """

    form: Form
    unit: Unit
    rows: tuple[Mapping[str, Any], ...]
    series: tuple[Series, ...] = ()
    summary: str
    """What it shows, in a sentence: for who cannot see it."""
    x_title: str = "Time"
    """What its table calls the first column."""
    axis: Axis | None = None
    """Of figures that are drawn otherwise than they are, such as by their logarithms; else it follows from the rows."""
    totals: Mapping[str, str] = {}
    """What the figures of a time add up to, as people read it, by the `label` of its rows; empty where they do not."""
    times: Mapping[str, str] = {}
    """When that is, as programs read it (ISO 8601), by the same; empty where rows are of no time."""

    def parameters(self) -> dict[str, Any]:
        """What its definition is told beside the rows: where ticks are, what they say, what the axis shows, and how
        high it is, where that depends on its rows.
        """
        found: dict[str, Any] = msgspec.to_builtins(self.axis or axis_of(self.form, self.unit, self.rows))
        if self.form in _OF_ROWS:
            found["height"] = _ROW_HEIGHT * max(1, len({row["y"] for row in self.rows}))
        return found

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What a notebook shows where a cell ends with a chart: Vega-Lite, under the name that Altair 6 gives it; a
        picture where that is not known; and its summary. Needs the [server] extra, and a second for the first one.
        """
        from agentgauge.charts.drawing import specification, svg  # deferred: only notebooks and files draw

        return {
            "application/vnd.vegalite.v6.json": specification(self),
            "image/svg+xml": svg(self),
            "text/plain": self.summary,
        }

    def specification(self, definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Vega-Lite with the data, of the definitions that `building` made. The page's own module does the same."""
        definition, given = definitions[self.form], self.parameters()
        params = [{**param, "value": given[param["name"]]} for param in definition["params"]]
        sized = {"height": given["height"]} if "height" in given else {}
        return {**definition, **sized, "datasets": {"rows": list(self.rows)}, "params": params}
