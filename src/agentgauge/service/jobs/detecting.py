"""What alert rules find in the hour before, as alerts; budgets have a job of their own."""

from __future__ import annotations

from datetime import datetime

from agentgauge.policies.alerts.kinds import RULE_FAILED
from agentgauge.service.evaluating.evaluation import Evaluation
from agentgauge.service.evaluating.rules import evaluate_rules, tell_of_failures
from agentgauge.service.jobs.job import Work
from agentgauge.service.wording import count_of
from agentgauge.state.alerts import AlertBook


def check_rules(work: Work, scheduled: datetime) -> str:
    """Evaluate the rules in force for the full hour until then, and resolve the alerts of rules that no longer exist.

    Where it is not known which do, as alerts.toml cannot be used, alerts of other rules stay as they are.
    """
    in_force, book = work.alerting.rules(), AlertBook(work.state)
    with work.meter.reading() as snapshot:
        evaluated = evaluate_rules(Evaluation(snapshot, work.state, scheduled), in_force.enabled, work.now())
    now = work.now()
    tell_of_failures(book, evaluated.failed, in_force.problems, now)
    names = (RULE_FAILED, *(rule.name for rule in in_force.enabled))
    gone = book.retire(names, now) if in_force.is_complete else 0
    retired = f"; resolved {count_of(gone, 'alert')} of rules that were removed or turned off" if gone else ""
    problems = "".join(f"; {problem}" for problem in in_force.problems)
    return f"{evaluated}{retired}{problems}"
