"""What one chart shows: the form it has, its rows with their paint, and the same in words and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

Form = Literal["area", "lines", "columns", "bars", "histogram", "intervals", "band", "heat", "points"]
"""One of `agentgauge.charts.definitions`."""
Unit = Literal["usd", "ms", "count", "tokens", "ratio", "score"]
"""Of the figures: dollars, milliseconds, numbers, tokens, ratios 0-1, scores 0-100."""


class Series(msgspec.Struct, frozen=True):
    """What one colour stands for: a line of the legend."""

    name: str
    colour: str
    dash: tuple[int, ...] = (1, 0)
    link: str | None = None


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

    def specification(self, definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Vega-Lite with the data, of the definitions that `building` made."""
        return charted(definitions[self.form], self.rows, self.unit)


def charted(definition: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], unit: Unit) -> dict[str, Any]:
    """A definition with its data. The page's own module does the same."""
    return {**definition, "datasets": {"rows": list(rows)}, "params": _params(definition, unit)}


def _params(definition: Mapping[str, Any], unit: Unit) -> list[dict[str, Any]]:
    others = [param for param in definition.get("params", []) if param["name"] != "figures"]
    return [{"name": "figures", "value": unit}, *others]
