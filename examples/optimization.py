"""An optimization and what it brought: tasks are measured before and after answers are kept, and the impact is said
with its uncertainty.

    python examples/optimization.py

Records into the default home; `AGENTGAUGE_HOME=./metrics` puts it elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from agentgauge.features import get_advanced_metrics, monitor, sample_resources

FEATURE = "process-optimization"
OPTIMIZATION = "keep-answers"


def slow(n: int) -> int:
    """Fibonacci, each number from the two before it and each of those anew."""
    return n if n < 2 else slow(n - 1) + slow(n - 2)


@cache
def fast(n: int) -> int:
    return n if n < 2 else fast(n - 1) + fast(n - 2)


def main() -> None:
    metrics = get_advanced_metrics()
    with sample_resources(interval=1.0, feature=FEATURE):
        for size in range(12, 20):
            before_time = measure(slow, size)
            after_time = measure(fast, size)
            metrics.record_optimization_impact(
                feature=FEATURE,
                optimization_id=OPTIMIZATION,
                impact_category="task_completion_time",
                before_value=before_time,
                after_value=after_time,
                user_impact_score=0.85,
                metadata={"size": size},
            )

    impact = metrics.get_optimization_impact(FEATURE, OPTIMIZATION, hours=1)
    for category, times in impact["by_category"].items():  # none where recording is switched off
        change = times["relative_change"]
        print(f"{category} of {times['count']} tasks: {-change['value']:.0%} less")
        print(f"between {-change['high']:.0%} and {-change['low']:.0%}, with 95 % confidence ({change['method']})")

    watch = monitor(on_alert=lambda alert: print(f"ALERT: {alert.message}"), feature=FEATURE)
    print(f"{len(watch())} thresholds are exceeded")


def measure(task: Callable[[int], int], size: int) -> float:
    """Milliseconds that a task takes."""
    start = time.perf_counter()
    task(size)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
