"""Runs to compare, recorded with stated times and costs, so that what they come to is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from agentgauge.recorder import Gauge
from agentgauge.runs import MetricsCollector, MetricsStorage
from agentgauge.runs.analysis.records import IssueRecord, RunRecord, configuration
from agentgauge.runs.models import IssueMetrics, LLMConfig, RunMetrics, Status, SystemConfig, TokenUsage

START = datetime(2026, 10, 1, 8, tzinfo=UTC)


def config(model: str | None = "model-a", temperature: float | None = 0.7, **more: object) -> SystemConfig:
    return SystemConfig(llm=LLMConfig("somebody", model, temperature), **more)  # type: ignore[arg-type]


def record_run(
    gauge: Gauge,
    run_id: str,
    outcomes: Mapping[object, bool | None],
    *,
    made_with: SystemConfig | None = None,
    cost: str | None = "0.10",
    seconds: float = 60.0,
    quality: float | None = None,
    green: Sequence[bool] = (),
    storage: MetricsStorage | None = None,
) -> MetricsCollector:
    """A run of an issue per outcome (None: it stays open), each of so many seconds and dollars; without a `cost` its
    one call has no price.
    """
    collector = MetricsCollector(run_id, "shop", made_with or config(), gauge=gauge, storage=storage)
    for issue, solved in outcomes.items():
        collector.start_issue(str(issue), at=START)
        agent = collector.start_agent("coding", str(issue), at=START)
        collector.record_token_usage(
            1000, 100, model="nobody-prices-this", cost_usd=None if cost is None else Decimal(cost), at=START
        )
        end = START + timedelta(seconds=seconds)
        collector.finalize_agent(success=bool(solved), agent_id=agent, quality_score=quality, at=end)
        if solved is not None:
            collector.finalize_issue(str(issue), Status.COMPLETED if solved else Status.FAILED, at=end)
    for i, is_green in enumerate(green):
        collector.record_pipeline(str(i), f"sha-{i}", "success" if is_green else "failed", "coding", 30.0)
    collector.finalize_run(Status.COMPLETED)
    return collector


def save_run(
    storage: MetricsStorage,
    run_id: str,
    outcomes: Mapping[object, bool],
    *,
    made_with: SystemConfig | None = None,
    day: float = 0.0,
    cost: float = 0.10,
) -> None:
    """A run that is in files only, started so many days after `START`."""
    started = START + timedelta(days=day)
    issues = {
        str(issue): IssueMetrics(
            str(issue),
            run_id,
            "shop",
            status=Status.COMPLETED if solved else Status.FAILED,
            start_time=started,
            end_time=started + timedelta(seconds=60),
            duration_seconds=60.0,
            token_usage=TokenUsage(1000, 100, "model-a", cost_usd=cost),
        )
        for issue, solved in outcomes.items()
    }
    statuses = [str(issue.status) for issue in issues.values()]
    storage.save_run_final(
        RunMetrics(
            run_id,
            "shop",
            made_with or config(),
            Status.COMPLETED,
            start_time=started,
            end_time=started + timedelta(hours=1),
            duration_seconds=3600.0,
            issues=issues,
            issues_by_status={status: statuses.count(status) for status in statuses},
            token_usage=TokenUsage(
                1000 * len(issues), 100 * len(issues), "model-a", cost_usd=cost * len(issues), calls=len(issues)
            ),
        )
    )


def run_of(
    outcomes: Mapping[object, bool | None],
    *,
    run_id: str = "r-1",
    made_with: SystemConfig | None = None,
    started: datetime | None = None,
    seconds: float = math.nan,
    calls: int = 1,
) -> RunRecord:
    """A run as it is read, with an issue per outcome; each call costs a dollar."""
    return RunRecord(
        run_id=run_id,
        project=None,
        config=configuration(made_with or config()),
        status="completed",
        started=started,
        seconds=seconds,
        issues=tuple(IssueRecord(str(issue), solved, seconds, None, 0.0, 0) for issue, solved in outcomes.items()),
        calls=calls,
        unpriced_calls=0,
        priced_usd=Decimal(calls),
        tokens=10 * calls,
        quality_sum=0.0,
        quality_count=0,
        pipelines=0,
        green_pipelines=0,
        debugging_cycles=0,
        errors=0,
        source="files",
    )
