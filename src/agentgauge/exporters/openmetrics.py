"""Counters as OpenMetrics or as Prometheus' older text, whichever a poller asks for.

Units are base units: seconds, dollars and tokens. Token types add up to the total, so that `sum` over them says
something; what is a part of another (cached, reasoning) has a name of its own. A bucket's limit is met to 1 %, which is
the width of what histograms are kept by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from agentgauge.service.reports.counters import Counters, Durations
from agentgauge.summaries.buckets import representative

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
"""Upper limits of the buckets of durations: from a quick tool to an agent that works for an hour."""

NeverFalling = Callable[[dict[str, Decimal]], dict[str, Decimal]]
"""Makes of values by name such that none is below what was given out before."""


class _Families:
    """Families of metrics in the making; all values of counters go through `never_falling` together."""

    def __init__(self) -> None:
        self.values: dict[str, Decimal] = {}
        self._makers: list[Callable[[dict[str, Decimal]], Metric]] = []

    def counter(
        self, name: str, what: str, labels: tuple[str, ...], samples: Iterable[tuple[tuple[str, ...], int | Decimal]]
    ) -> None:
        kept = [(values, self._keep(name, values, value)) for values, value in samples]

        def make(raised: dict[str, Decimal]) -> Metric:
            from prometheus_client.core import CounterMetricFamily

            family = CounterMetricFamily(name, what, labels=labels)
            for values, key in kept:
                family.add_metric(values, float(raised[key]))
            return family

        self._makers.append(make)

    def durations(self, name: str, what: str, label: str, series: Iterable[Durations]) -> None:
        kept = []
        for one in series:
            limits = [*cumulative(one.histogram), ("+Inf", one.count)]
            buckets = [(limit, self._keep(f"{name}_bucket", (one.label, limit), count)) for limit, count in limits]
            total = self._keep(f"{name}_sum", (one.label,), Decimal(repr(one.sum_ms)) / 1000)
            kept.append((one.label, buckets, total))

        def make(raised: dict[str, Decimal]) -> Metric:
            from prometheus_client.core import HistogramMetricFamily

            family = HistogramMetricFamily(name, what, labels=(label,), unit="seconds")
            for value, buckets, total in kept:
                counts = [(limit, float(raised[key])) for limit, key in buckets]
                family.add_metric((value,), counts, float(raised[total]))
            return family

        self._makers.append(make)

    def _keep(self, name: str, labels: tuple[str, ...], value: int | Decimal) -> str:
        key = "\t".join((name, *labels))
        self.values[key] = Decimal(value)
        return key

    def made(self, never_falling: NeverFalling) -> Iterator[Metric]:
        raised = never_falling(self.values)
        return (make(raised) for make in self._makers)


def cumulative(histogram: Iterable[tuple[int, int]]) -> list[tuple[str, int]]:
    """How many durations are up to each limit of `SECONDS`, of a histogram of milliseconds."""
    values = [(representative(bucket) / 1000, count) for bucket, count in histogram]
    return [(repr(limit), sum(count for value, count in values if value <= limit)) for limit in SECONDS]


def families(counters: Counters, never_falling: NeverFalling = lambda values: values) -> Iterator[Metric]:
    """The metrics of what agents did."""
    found, work, calls = _Families(), counters.work, counters.calls
    outcome = (*counters.work_labels, "outcome")
    found.counter(
        "agentgauge_operations",
        "Operations: finished pieces of an agent's work.",
        outcome,
        (
            ((*row.labels, word), count)
            for row in work
            for word, count in (("success", row.successes), ("failure", row.failures), ("unstated", row.unstated))
        ),
    )
    found.counter(
        "agentgauge_quality_scores",
        "Operations that have a quality score.",
        counters.work_labels,
        ((row.labels, row.quality_count) for row in work),
    )
    found.counter(
        "agentgauge_quality_score_points",
        "Sum of quality scores, each of 0 to 100.",
        counters.work_labels,
        ((row.labels, Decimal(repr(row.quality_sum))) for row in work),
    )
    of_calls = (*counters.call_labels, "outcome")
    found.counter(
        "agentgauge_model_calls",
        "Model calls; those without an outcome count as successes.",
        of_calls,
        (
            ((*row.labels, word), count)
            for row in calls
            if row.model_calls
            for word, count in (
                ("success", row.model_calls - row.failed_model_calls),
                ("failure", row.failed_model_calls),
            )
        ),
    )
    found.counter(
        "agentgauge_tool_calls",
        "Tool calls; those without an outcome count as successes.",
        of_calls,
        (
            ((*row.labels, word), count)
            for row in calls
            if row.tool_calls
            for word, count in (("success", row.tool_calls - row.failed_tool_calls), ("failure", row.failed_tool_calls))
        ),
    )
    of_models = [row for row in calls if row.model_calls]
    found.counter(
        "agentgauge_tokens",
        "Tokens of model calls, cached and reasoning ones included.",
        (*counters.call_labels, "type"),
        (((*row.labels, word), row.tokens[f"{word}_tokens"]) for row in of_models for word in ("input", "output")),
    )
    found.counter(
        "agentgauge_cached_tokens",
        "Input tokens that were read from a cache, or written to one.",
        (*counters.call_labels, "type"),
        (
            ((*row.labels, word), count)
            for row in of_models
            for word, count in (
                ("read", row.tokens["cache_read_tokens"]),
                ("write", row.tokens["cache_write_5m_tokens"] + row.tokens["cache_write_1h_tokens"]),
            )
        ),
    )
    found.counter(
        "agentgauge_reasoning_tokens",
        "Output tokens that were reasoning.",
        counters.call_labels,
        ((row.labels, row.tokens["reasoning_tokens"]) for row in of_models),
    )
    found.counter(
        "agentgauge_cost_dollars",
        "Cost of the calls that have a price, in USD.",
        counters.call_labels,
        ((row.labels, row.cost_usd) for row in calls),
    )
    found.counter(
        "agentgauge_unpriced_calls",
        "Calls that have no price, and are in no cost.",
        counters.call_labels,
        ((row.labels, row.unpriced_calls) for row in of_models),
    )
    found.durations(
        "agentgauge_operation_duration_seconds",
        "How long operations took.",
        "agent",
        counters.operation_durations,
    )
    found.durations(
        "agentgauge_model_call_duration_seconds",
        "How long model calls took.",
        "model",
        counters.call_durations,
    )
    return found.made(never_falling)
