"""What stands out in an operation's figures, and what could be done about it.

A bottleneck is a figure over its threshold, and names both; a suggestion cites the figure that led to it. Which
component calls a model and which searches is told by its name.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

PERFORMANCE_THRESHOLDS: Mapping[str, float] = {
    "qa_response": 3.0,
    "vector_search": 0.5,
    "llm_inference": 2.0,
    "embedding_generation": 1.0,
}
"""Seconds on average, as document 002 lists them. They are of operations and of components alike."""

ERROR_RATE_THRESHOLD = 10.0
"""Percent."""
COST_THRESHOLD = 0.10
"""US dollars per operation."""
TOKENS_THRESHOLD = 10_000.0
"""Tokens per operation."""

_RETRIEVES = ("vector", "search", "retriev", "embed", "index")
_CALLS_A_MODEL = ("llm", "model", "inference", "generat", "completion")


class Thresholds(msgspec.Struct, frozen=True):
    durations: Mapping[str, float]
    """Seconds by name of operation or component."""
    error_rate: float
    cost: float
    tokens: float


class Figures(msgspec.Struct, frozen=True):
    """Averages of one operation over a period; NaN where there is no data."""

    operation: str
    operations: int
    seconds: float
    error_percent: float
    commonest_error: str | None
    cost: float
    tokens: float
    components: Mapping[str, float]
    """Seconds per operation that has the component."""


def bottlenecks(figures: Figures, limits: Thresholds) -> list[str]:
    """`<kind>: <what>, <figure> (threshold <threshold>)`; kinds are slow operation, component, error rate and cost."""
    found = []
    limit = limits.durations.get(figures.operation)
    if limit is not None and figures.seconds > limit:
        found.append(
            f"slow operation: {figures.operation} takes {_seconds(figures.seconds)} on average "
            f"(threshold {_seconds(limit)})"
        )
    found += [
        f"component: {component} takes {_seconds(seconds)} per operation (threshold {_seconds(limit)})"
        for component, seconds, limit in _slow_components(figures, limits)
    ]
    if figures.error_percent > limits.error_rate:
        found.append(
            f"error rate: {figures.error_percent:.1f} % of {figures.operations} operations failed "
            f"(threshold {limits.error_rate:.1f} %)"
        )
    if figures.cost > limits.cost:
        found.append(f"cost: ${figures.cost:.4f} per operation (threshold ${limits.cost:.4f})")
    return found


def suggestions(figures: Figures, limits: Thresholds) -> list[str]:
    """What to try, the slow first."""
    found = [_about(component, seconds) for component, seconds, _ in _slow_components(figures, limits)]
    limit = limits.durations.get(figures.operation)
    slow = limit is not None and figures.seconds > limit
    if slow and not found:
        found.append(_about_whole(figures))
    if figures.error_percent > limits.error_rate:
        mostly = "" if figures.commonest_error is None else f", most often by {figures.commonest_error}"
        found.append(f"Review error handling and retry logic: {figures.error_percent:.1f} % failed{mostly}")
    if slow or figures.cost > limits.cost:
        why = f"an operation takes {_seconds(figures.seconds)}"
        if figures.cost > limits.cost:
            why = f"an operation costs ${figures.cost:.4f}"
        found.append(f"Implement caching for frequently accessed data: {why}")
    if figures.tokens > limits.tokens:
        found.append(
            f"Send fewer tokens, by shorter prompts and less context: an operation uses {figures.tokens:,.0f} "
            f"(threshold {limits.tokens:,.0f})"
        )
    return found


def _slow_components(figures: Figures, limits: Thresholds) -> list[tuple[str, float, float]]:
    """Component, seconds and threshold of those over it, the slowest first."""
    return sorted(
        (
            (component, seconds, limits.durations[component])
            for component, seconds in figures.components.items()
            if component in limits.durations and seconds > limits.durations[component]
        ),
        key=lambda found: -found[1],
    )


def _about(component: str, seconds: float) -> str:
    name = component.lower()
    if any(word in name for word in _RETRIEVES):
        return f"Optimize vector search with better indexing: {component} takes {_seconds(seconds)}"
    if any(word in name for word in _CALLS_A_MODEL):
        return f"Consider using a faster model: {component} takes {_seconds(seconds)}"
    return f"Look into {component}: it takes {_seconds(seconds)}"


def _about_whole(figures: Figures) -> str:
    """Of a slow operation none of whose components is over a threshold."""
    if figures.components:
        slowest = max(figures.components, key=lambda component: figures.components[component])
        return _about(slowest, figures.components[slowest])
    return f"Consider using a faster model: {figures.operation} takes {_seconds(figures.seconds)} on average"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f} s"
