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

RULE_FAILED = "rule_failed"
"""Type of the alerts about rules that could not be evaluated, and the name under which they are found."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular about a type of rule."""

    watches: str
    """In half a sentence, with fields of the rule in braces."""
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
        watches="budgets above their warning or critical percentage, looked at by the job budgets",
        filters=("agent", "role", "user", "team"),
        by=(),
        has_window=False,
    ),
    "performance_degradation": Kind(
        watches="{metric} {threshold:g} % worse in {window_hours} h than in the weeks before",
        unit="% worse than before",
        has_clear_threshold=True,
        metrics=("execution_time", "execution_time_p95", "cost", "tokens", "quality_score", "success_rate"),
        has_samples=True,
    ),
    "outlier": Kind(
        watches="{metric} of an operation of {window_hours} h more than {threshold:g} spreads above its usual",
        unit="spreads above the median",
        metrics=("execution_time", "cost", "tokens"),
        by=(),
        has_samples=True,
    ),
    "anomaly": Kind(
        watches="{metric} unusual for its hour of the week, one in {threshold:g} by chance",
        unit="usual hours of which one is alerted of by chance",
        highest=8760,
        metrics=("cost", "tokens", "operations", "execution_time", "error_rate"),
        has_window=False,
    ),
    "error_rate": Kind(
        watches="more than {threshold:g} % of operations without success in {window_hours} h",
        unit="% of operations",
        highest=100,
        has_clear_threshold=True,
        has_samples=True,
    ),
    "satisfaction": Kind(
        watches="mean satisfaction under {threshold:g} in {window_hours} h",
        unit="score of 0 to 1",
        worse="below",
        highest=1,
        has_clear_threshold=True,
        has_samples=True,
    ),
    "unpriced_models": Kind(watches="more than {threshold:g} calls without a price in {window_hours} h", unit="calls"),
    "no_data": Kind(
        watches="no event for {threshold:g} h after some in {window_hours} h",
        unit="hours without an event",
        highest=8760,
        has_samples=True,
    ),
    "budget_unchecked": Kind(
        watches="more than {threshold:g} calls past a budget that could not be checked in {window_hours} h",
        unit="calls",
        filters=("agent", "role", "user", "team"),
    ),
}
