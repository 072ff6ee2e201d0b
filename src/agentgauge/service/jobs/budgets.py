"""Budgets that are nearly or wholly used, as alerts; what of each is used is kept with it."""

from __future__ import annotations

from datetime import datetime, timedelta

from agentgauge.service.evaluating.budget_overrun import Overruns
from agentgauge.service.evaluating.evaluation import Evaluation
from agentgauge.service.evaluating.rules import evaluate_rules
from agentgauge.service.jobs.job import MOST_CAUGHT_UP, Work
from agentgauge.service.recounting import recount
from agentgauge.service.wording import count_of
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.job_runs import JobRuns

NAME = "budgets"
_HOUR = timedelta(hours=1)


def check_budgets(work: Work, scheduled: datetime) -> str:
    """What of each budget is used in its period so far, counted from the events and kept with the budget.

    The accounts that guards reserve from are counted first, which frees what those had who died.
    """
    recount(work.meter, work.state)
    budgets = BudgetBook(work.state)
    with work.meter.reading() as snapshot:
        evaluation = Evaluation(snapshot, work.state, scheduled)
        overruns = Overruns(evaluation, _last_check(work, scheduled))
        for id_, used in overruns.used.items():
            budgets.counted(id_, used, work.now())
        evaluated = evaluate_rules(
            evaluation, work.alerting.rules().enabled, work.now(), evaluators={"budget_overrun": overruns.of}
        )
    return f"{count_of(len(overruns.budgets), 'budget')}; {evaluated}"


def _last_check(work: Work, scheduled: datetime) -> datetime:
    """When budgets were last checked before this hour, so that what its first check tells of holds all through it; an
    hour before where they never were.
    """
    hour = scheduled.replace(minute=0, second=0, microsecond=0)
    last = JobRuns(work.state).last(NAME, "succeeded", due_by=hour - timedelta.resolution)
    return hour - _HOUR if last is None else max(last.scheduled, hour - MOST_CAUGHT_UP)
