"""Budgets between full hours: a runaway agent that is only recorded is told of within minutes.

Whether there is anything new to count is found in about a millisecond: where nothing was recorded and no budget and no
rule changed since the last check, that is all. Else budgets are checked as every hour, for at most a sixtieth of the
time, so every minute where that takes a second or less; where it takes longer, every five minutes at the latest.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from agentgauge.service.jobs.budgets import NAME as HOURLY
from agentgauge.service.jobs.budgets import check_budgets
from agentgauge.service.jobs.holding import held, holder
from agentgauge.service.jobs.job import SeenBudgets, Work
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.leases import LeaseBook

_SHARE = 60
_LONGEST_PAUSE = timedelta(minutes=5)


def watch_budgets(work: Work, scheduled: datetime) -> str:
    """Check budgets in the minute that it was due in, where there is something new."""
    budgets = [(budget.id, budget.version) for budget in BudgetBook(work.state).budgets()]
    rules = [rule for rule in work.alerting.rules().enabled if rule.type == "budget_overrun"]
    if not budgets or not rules:
        return "no budget to watch"
    began, last = work.now(), work.seen_budgets
    seen = (work.data_versions.look().text, budgets, rules)
    if last is not None and last.seen == seen:
        return "nothing new since the last check"
    if last is not None and last.next - _LONGEST_PAUSE <= began < last.next:  # a clock may be set back
        return "something is new, and the last check was just now"
    # One that read older events must not have the last word.
    with held(LeaseBook(work.state), f"job {HOURLY}", holder()) as lease:
        if lease is None:
            return "they are being checked"
        said = check_budgets(work, scheduled)
    work.seen_budgets = SeenBudgets(seen, began + min(_SHARE * (work.now() - began), _LONGEST_PAUSE))
    return said
