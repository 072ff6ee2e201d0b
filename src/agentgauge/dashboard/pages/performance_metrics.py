"""What the page of performance is asked: which metric, and by what it is told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from agentgauge.analysis.metrics import Per
from agentgauge.charts import Unit
from agentgauge.dashboard.filters import PageFilters
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.table import Kind

MetricName = Literal["execution_time", "latency", "cost", "tokens"]
By = Literal["operation", "agent", "role", "model"]


class PerformanceFilters(PageFilters):
    metric: MetricName = "execution_time"
    by: By | None = None
    """None: what the metric is mostly told apart by."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """How a metric reads."""

    name: MetricName
    title: str
    what: str
    """Its values: `execution time of tasks`."""
    counted: str
    """What has one: `tasks`."""
    unit: Unit
    kind: Kind
    per: Per = "operation"
    rows: Mapping[str, Any]
    """What the page of runs is asked for what it is of."""
    bys: tuple[By, ...]


METRICS: tuple[Shown, ...] = (
    Shown(
        name="execution_time", title="Execution time", what="execution time of tasks", counted="tasks", unit="ms",
        kind="duration", rows={"view": "tasks", "having": "duration"}, bys=("operation", "agent", "role"),
    ),
    Shown(
        name="latency", title="Latency of calls", what="latency of model calls", counted="model calls", unit="ms",
        kind="duration", rows={"view": "calls", "kind": "llm_call", "having": "duration"},
        bys=("model", "agent", "role", "operation"),
    ),
    Shown(
        name="cost", title="Cost", what="cost of tasks", counted="tasks", unit="usd", kind="money",
        rows={"view": "tasks", "having": "cost"}, bys=("operation", "agent", "role", "model"),
    ),
    Shown(
        name="tokens", title="Tokens", what="tokens of tasks", counted="tasks", unit="tokens", kind="tokens",
        rows={"view": "tasks", "having": "tokens"}, bys=("operation", "agent", "role", "model"),
    ),
)  # fmt: skip


def asked_of(asked: PageAsked) -> PerformanceFilters:
    assert isinstance(asked.filters, PerformanceFilters)
    return asked.filters


def metric_of(asked: PageAsked) -> Shown:
    name = asked_of(asked).metric
    return next(metric for metric in METRICS if metric.name == name)
