"""What changes in place, as gauges: open alerts, what budgets allow, and how the jobs do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, get_args

from agentgauge.service.jobs.overview import JobState
from agentgauge.state.alerts import Severity, Status
from agentgauge.state.budget_terms import Budget, Scope

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_FEW: tuple[Scope, ...] = ("agent", "role", "project", "team")
"""Scopes whose names may be labels. Tickets, runs and sessions have no end, and users are people."""


def state_families(
    open_alerts: Mapping[tuple[Severity, Status], int], budgets: Iterable[Budget], jobs: Iterable[JobState]
) -> Iterator[Metric]:
    """`open_alerts`: how many there are."""
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily("agentgauge_alerts", "Open alerts.", labels=("severity", "status"))
    open_statuses: tuple[Status, ...] = ("active", "acknowledged")
    for severity in get_args(Severity):
        for status in open_statuses:
            family.add_metric((severity, status), open_alerts.get((severity, status), 0))
    yield family
    of_budget = ("scope", "name", "project", "period")
    limit = GaugeMetricFamily(
        "agentgauge_budget_limit_dollars", "What a budget allows in its period.", labels=of_budget
    )
    used = GaugeMetricFamily(
        "agentgauge_budget_used_dollars", "What of a budget is used, as the job last counted it.", labels=of_budget
    )
    for budget in (each for each in budgets if each.scope in _FEW):
        labels = (budget.scope, budget.name, budget.project or "", budget.period)
        limit.add_metric(labels, float(budget.total_usd))
        if budget.used_at is not None:
            used.add_metric(labels, float(budget.used_usd))
    yield limit
    yield used
    succeeded = GaugeMetricFamily(
        "agentgauge_job_last_success_timestamp_seconds", "When a job last succeeded.", labels=("job",)
    )
    failed = GaugeMetricFamily(
        "agentgauge_job_last_run_failed", "1 where a job's last run failed, or its process died.", labels=("job",)
    )
    for job in jobs:
        if job.last_success is not None:
            succeeded.add_metric((job.name,), job.last_success.timestamp())
        if job.last is not None:
            failed.add_metric((job.name,), job.last.status in ("failed", "abandoned"))
    yield succeeded
    yield failed
