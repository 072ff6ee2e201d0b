"""All jobs, in the order in which those run that are due at one time."""

from __future__ import annotations

from agentgauge.service.jobs.aggregating import aggregate_days, aggregate_weeks
from agentgauge.service.jobs.budget_watch import watch_budgets
from agentgauge.service.jobs.budgets import NAME as BUDGETS
from agentgauge.service.jobs.budgets import check_budgets
from agentgauge.service.jobs.detecting import check_rules
from agentgauge.service.jobs.job import Job
from agentgauge.service.jobs.notifying import send_notifications
from agentgauge.service.jobs.recommending import recommend
from agentgauge.service.jobs.reporting import write_report
from agentgauge.service.jobs.upkeep import clean_up, roll_up
from agentgauge.service.recommending import DAILY_JOB

JOBS = (
    Job("notifications", "minute", "tell channels what happened to alerts, and send reports", send_notifications),
    Job("budget-watch", "minute", "alert of budgets between full hours, where something is new", watch_budgets),
    Job("roll-up", "hour", "bring the sums kept of events up to date", roll_up),
    Job("alert-rules", "hour", "alert of what rules find in the hour before", check_rules),
    Job(BUDGETS, "hour", "alert of budgets that are nearly or wholly used", check_budgets),
    Job("aggregate-days", "day", "compute the aggregations of yesterday", aggregate_days, each_missed=True),
    Job(DAILY_JOB, "day", "find what to do about cost", recommend),
    Job("aggregate-weeks", "week", "compute the aggregations of this and the last week", aggregate_weeks),
    Job("weekly-report", "week", "write the report of seven days, and have it sent", write_report, each_missed=True),
    Job("clean-up", "month", "delete raw events that are older than they are kept", clean_up),
)
BY_NAME = {job.name: job for job in JOBS}
