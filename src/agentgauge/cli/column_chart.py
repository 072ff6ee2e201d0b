"""A series as columns of text: one line high beside a name, or a few lines with what they are as high as."""

from __future__ import annotations

import math
from collections.abc import Sequence

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_HEIGHTS = "0123456789"
_ABSENT = " "


def columns(values: Sequence[float], width: int) -> list[float]:
    """At most `width` values: the means of neighbours, as many to each, where there are more. NaN is none."""
    together = max(1, math.ceil(len(values) / max(width, 1)))
    found: list[float] = []
    for start in range(0, len(values), together):
        known = [value for value in values[start : start + together] if not math.isnan(value)]
        found.append(sum(known) / len(known) if known else math.nan)
    return found


def sparkline(values: Sequence[float], *, unicode: bool) -> str:
    """A character per value, as high as its share of the largest; digits 0 to 9 where there are no blocks.

    What is not known is blank. Columns stand on 0, or on the least value where that is below.
    """
    if unicode:
        return column_chart(values, 1, unicode=True)[0]
    top = len(_HEIGHTS) - 1
    return "".join(_ABSENT if math.isnan(share) else _HEIGHTS[round(share * top)] for share in _shares(values))


def column_chart(values: Sequence[float], height: int, *, unicode: bool) -> list[str]:
    """Lines from the top, a character per value; `#` where there are no blocks. What is known is never blank."""
    steps = len(_EIGHTHS) - 1 if unicode else 1
    lines = []
    for line in reversed(range(height)):
        shown = []
        for share in _shares(values):
            if math.isnan(share):
                shown.append(_ABSENT)
                continue
            filled = max(round(share * height * steps), 1) - line * steps
            step = min(max(filled, 0), steps)
            shown.append(_EIGHTHS[step] if unicode else "#"[:step] or " ")
        lines.append("".join(shown))
    return lines


def _shares(values: Sequence[float]) -> list[float]:
    known = [value for value in values if not math.isnan(value)]
    least, largest = min([0.0, *known]), max([0.0, *known])
    span = (largest - least) or 1.0
    return [(value - least) / span for value in values]
