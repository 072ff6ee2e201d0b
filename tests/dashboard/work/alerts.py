"""Alerts of the recorded work and its budgets, found by rules that notice more than the defaults, in each state that
there is; what jobs did; and events that were refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import agentgauge
from agentgauge.policies.alerts.checking import rule_from
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.alerting import Alerting
from agentgauge.service.evaluating.budget_overrun import Overruns
from agentgauge.service.evaluating.evaluation import Evaluation
from agentgauge.service.evaluating.rules import EVALUATORS, evaluate_rules
from agentgauge.service.jobs.due import last_due
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.table import JOBS
from agentgauge.settings.server import get_server_settings
from agentgauge.state.alerts import AlertBook
from agentgauge.state.job_runs import JobRuns
from agentgauge.state.opening import served_state
from agentgauge.state.store import Store

_RULES: tuple[Rule, ...] = (
    rule_from("performance_degradation", {"type": "performance_degradation", "window_hours": 168, "min_samples": 10}),
    rule_from("outlier", {"type": "outlier", "threshold": 3, "window_hours": 168}),
    rule_from("unpriced_models", {"type": "unpriced_models", "window_hours": 720}),
    rule_from("error_rate", {"type": "error_rate", "threshold": 2, "window_hours": 168}),
    rule_from("satisfaction", {"type": "satisfaction", "threshold": 0.9, "window_hours": 168}),
)
_BUDGETS = rule_from("budget_overrun", {"type": "budget_overrun"})
_PERSON = "ada@example.org"
_RESULTS = {
    "notifications": "nothing to tell",
    "budget-watch": "nothing new",
    "roll-up": "3 days brought up to date",
    "alert-rules": "10 rules, 6 conditions hold; alerts 6 opened",
    "budgets": "1 budget, 1 above its warning",
    "aggregate-days": "96 aggregations of yesterday",
}


def add_alerts(home: Path, now: datetime) -> None:
    """Into a home with recorded work."""
    settings = get_server_settings(home, {})
    state = served_state(settings)
    state.prepare()
    try:
        found = now - timedelta(hours=2)
        work = Work(settings, state, lambda: found)
        _raise(work, now)
        _attend(AlertBook(state), now)
        _run_jobs(state, now)
    finally:
        state.close()
    with agentgauge.open(home, project="shop") as gauge:
        for duration_ms in (-5, -1, -20):
            gauge.task("clock_went_back", duration_ms)


def _raise(work: Work, now: datetime) -> None:
    alerting = Alerting(work.state, work.settings.recording.home)
    for rule in _RULES:
        alerting.replace(rule, _PERSON, now - timedelta(days=20))
    with work.meter.reading() as snapshot:  # once: it takes the longest
        evaluation = Evaluation(snapshot, work.state, now)
        of_budgets = Overruns(evaluation, now).of
        evaluators = {**EVALUATORS, "budget_overrun": of_budgets}
        evaluate_rules(evaluation, (_BUDGETS, *_RULES), work.now(), evaluators=evaluators)


def _attend(book: AlertBook, now: datetime) -> None:
    """One acknowledged, one resolved, one that somebody resolved and took back."""
    first, second, third = book.alerts()[-3:]
    hour_ago = now - timedelta(hours=1)
    book.acknowledge(first.id, _PERSON, hour_ago)
    book.acknowledge(second.id, _PERSON, hour_ago)
    book.resolve(second.id, _PERSON, now - timedelta(minutes=50))
    book.resolve(third.id, _PERSON, hour_ago)
    book.undo(third.id, _PERSON, now - timedelta(minutes=55))


def _run_jobs(state: Store, now: datetime) -> None:
    runs = JobRuns(state)
    for job in JOBS:
        if (result := _RESULTS.get(job.name)) is not None:
            due = last_due(job, now)
            runs.succeeded(runs.start(job.name, due, "host-1-a", due), due + timedelta(seconds=1.4), result)
    report = next(job for job in JOBS if job.name == "weekly-report")
    due = last_due(report, now)
    failed = runs.start(report.name, due, "host-1-a", due)
    runs.failed(failed, due + timedelta(seconds=3), "the disk is full: make room, and it is tried again")
