"""The types of rules: what each watches, what its threshold counts, and which fields it takes.

Adding a type is a row here, its default rule in `defaults`, and an evaluator in `agentgauge.service`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

RuleType = Literal[
    "budget_overrun",
    "performance_degradation",
    "outlier",
    "anomaly",
    "error_rate",
    "satisfaction",
    "unpriced_models",
    "no_data",
    "budget_unchecked",
]
Dimension = Literal["agent", "role", "operation", "model", "feature", "user", "team"]
DIMENSIONS: tuple[Dimension, ...] = ("agent", "role", "operation", "model", "feature", "user", "team")


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular about a type of rule."""

    watches: str
    """In half a sentence."""
    unit: str | None = None
    """What thresholds count; None: it has none."""
    worse: Literal["above", "below"] = "above"
    """On which side of the threshold its condition holds."""
    highest: float = 10**9
    """What a threshold is at most."""
    has_clear_threshold: bool = False
    """Whether a value is compared with the threshold, so that another one may say when it is over."""
    metrics: tuple[str, ...] = ()
    """Of which a rule watches one, or all."""
    filters: tuple[Dimension, ...] = DIMENSIONS
    by: tuple[Dimension, ...] = DIMENSIONS
    has_window: bool = True
    has_samples: bool = False
    """Whether it concludes nothing from fewer than `min_samples`."""


KINDS: dict[RuleType, Kind] = {
    "budget_overrun": Kind(
        watches="budgets above their own warning or critical percentage",
        filters=("agent", "role", "user", "team"),
        by=(),
        has_window=False,
    ),
    "performance_degradation": Kind(
        watches="a metric of the window that is worse than that of the seven windows before it",
        unit="% worse than before",
        has_clear_threshold=True,
        metrics=("execution_time", "cost", "tokens", "quality_score", "success_rate"),
        has_samples=True,
    ),
    "outlier": Kind(
        watches="single operations of the window that are far above those of 30 days of the same operation",
        unit="spreads above the median",
        metrics=("execution_time", "cost", "tokens"),
        by=(),
        has_samples=True,
    ),
    "anomaly": Kind(
        watches="an hour that is not as its hour of the week lets expect",
        unit="usual hours of which one is alerted of by chance",
        highest=8760,
        metrics=("cost", "tokens", "operations", "execution_time", "error_rate"),
        has_window=False,
    ),
    "error_rate": Kind(
        watches="operations of the window that did not succeed",
        unit="% of operations",
        highest=100,
        has_clear_threshold=True,
        has_samples=True,
    ),
    "satisfaction": Kind(
        watches="the mean satisfaction of the window",
        unit="score of 0 to 1",
        worse="below",
        highest=1,
        has_clear_threshold=True,
        has_samples=True,
    ),
    "unpriced_models": Kind(watches="calls of the window whose cost is not known", unit="calls"),
    "no_data": Kind(
        watches="silence of what recorded in the window",
        unit="hours without an event",
        highest=8760,
        has_samples=True,
    ),
    "budget_unchecked": Kind(
        watches="calls of the window that went ahead although their budget could not be checked",
        unit="calls",
        filters=("agent", "role", "user", "team"),
    ),
}
