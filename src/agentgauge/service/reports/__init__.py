"""Reports: each question about the events, named once. Doors render the answers and compute nothing.

    overview     what everything together used and cost, and how well it went
    vitals, cost    the figures of it that are looked at first, and cost alone; likewise `vitals_over_time`,
                 `cost_over_time`
    breakdown    the same per value of one or more columns or attributes
    over_time    the same per bucket of time; the buckets sum to the window
    tools        how often each tool was called, failed, and how long it took
    latency      how long tasks, model calls and tool calls took
    components   how long the parts of operations took, as they were timed
    flame        what ran inside what, and how long, as a tree
    agent        one agent's tasks, durations, cost and quality
    role         a role, and each of its agents
    percentiles  how the values of a metric are distributed
    trends       whether a metric gets better or worse from day to day, and where its level shifted
    correlate    which metrics rise and fall together
    outliers     single operations, calls or measurements whose value is far from the others'
    anomalies    hours or days of a metric that are not as their season lets expect
    forecast     what the coming days will cost, and when a budget is used up
    changes      what differs from the window before, and whether more than chance does
    compare      whether models, configurations or experiments differ in a metric, over units of work
    explain      why a figure differs from what it was, factor by factor
    insights     fastest, cheapest and best agents, the best hours, operations that get worse
    economics    what outcomes cost: an issue, a pipeline, a debugging cycle, a merged change
    ranking      agents, roles or models beside each other, with what a success cost
    recommendations  what to do about cost, with what it would save
    counters     everything there ever was, by a few labels, for monitoring systems

Each takes an engine and a window first, and filters that all must hold. Of nothing, counts and sums are 0, money too,
and rates and durations are NaN. Rates are ratios 0-1, durations milliseconds, money exact. An unpriced call is counted
in `unpriced_calls` and in no sum of money; what unpriced calls alone cost is None.

Every answer says its `way`, the events themselves or sums that are kept of them, and whether it is `exact`. Where it is
not, medians and percentiles are within 1 % of their value, and all else is exact still. `exact=True` asks for no less.

What only pages ask is imported from its module: `histogram`, `percentile_course`, `week_hours` and `origins` of a
metric's values; `satisfaction`, `feedback`, `feature_usage`, `learning`, `optimizations`, `recovery`, `work_quality`
and `before_after` of how good the work is.
"""

from agentgauge.service.reports.agents import agent, role
from agentgauge.service.reports.anomalies import anomalies
from agentgauge.service.reports.breakdown import breakdown
from agentgauge.service.reports.changes import changes
from agentgauge.service.reports.compare import compare
from agentgauge.service.reports.components import components
from agentgauge.service.reports.correlate import correlate
from agentgauge.service.reports.counters import counters
from agentgauge.service.reports.economics import economics
from agentgauge.service.reports.explain import explain
from agentgauge.service.reports.flame import flame
from agentgauge.service.reports.forecast import forecast
from agentgauge.service.reports.insights import insights
from agentgauge.service.reports.latency import latency
from agentgauge.service.reports.outliers import outliers
from agentgauge.service.reports.over_time import cost_over_time, over_time, vitals_over_time
from agentgauge.service.reports.overview import overview
from agentgauge.service.reports.percentiles import percentiles
from agentgauge.service.reports.ranking import ranking
from agentgauge.service.reports.recommendations import recommendations
from agentgauge.service.reports.tools import tools
from agentgauge.service.reports.trends import trends
from agentgauge.service.reports.vitals import cost, vitals

__all__ = [
    "agent",
    "anomalies",
    "breakdown",
    "changes",
    "compare",
    "components",
    "correlate",
    "cost",
    "cost_over_time",
    "counters",
    "economics",
    "explain",
    "flame",
    "forecast",
    "insights",
    "latency",
    "outliers",
    "over_time",
    "overview",
    "percentiles",
    "ranking",
    "recommendations",
    "role",
    "tools",
    "trends",
    "vitals",
    "vitals_over_time",
]
