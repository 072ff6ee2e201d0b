"""Whether a change worked, in words: what is better, what is worse, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.analysis.metrics import is_ratio
from agentgauge.service import wording
from agentgauge.service.plain_trends import figure
from agentgauge.service.reports.before_after import BeforeAfter, Check
from agentgauge.service.trend_wording import chance

_MOST_NEEDED = 100_000


def amount(value: float, row: BeforeAfter) -> str:
    """A figure of the metric: a ratio in percent, others in their unit."""
    return wording.percent(value) if is_ratio(row.metric) else figure(value, row.unit)


def difference(value: float, row: BeforeAfter) -> str:
    """A difference of two figures: of ratios in points."""
    if value != value:
        return wording.NOTHING
    sign = "+" if value > 0 else "-" if value < 0 else ""
    return sign + (f"{abs(value) * 100:.1f} points" if is_ratio(row.metric) else figure(abs(value), row.unit))


def verdict(row: BeforeAfter) -> str:
    """`better (p = 0.003)`, `no change shown; 1,200 operations more on either side would show one of this size`."""
    match row.verdict:
        case "better" | "worse":
            return f"{row.verdict} ({chance(row.p_adjusted)})"
        case "no change shown" if row.needed and row.needed <= _MOST_NEEDED:
            return f"no change shown ({chance(row.p_adjusted)}); {row.needed:,} more on either side would show this one"
        case "no change shown":
            return f"no change shown ({chance(row.p_adjusted)})"
        case _:
            return "nothing to compare on one side"


def sentences(check: Check) -> Iterator[tuple[str, str]]:
    """What was found, each with its verdict: `Satisfaction is better: from 51.2 % to 74.0 % (95 %: ...).`"""
    for row in check.metrics:
        if row.verdict in ("better", "worse"):
            name = row.metric.replace("_", " ")
            limits = f"95 %: {difference(row.low, row)} to {difference(row.high, row)}"
            be = "are" if name.endswith("failures") else "is"
            said = (
                f"{name[:1].upper()}{name[1:]} {be} {row.verdict}: from {amount(row.before, row)} to "
                f"{amount(row.after, row)} ({limits}; {chance(row.p_adjusted)} after correction for "
                f"{wording.count_of(check.tests, 'test')})."
            )
            yield said, row.verdict
