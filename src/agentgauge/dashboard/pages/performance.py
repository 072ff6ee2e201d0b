"""`/performance`: how long work takes and what it uses, where its time goes, and what gets worse."""

from __future__ import annotations

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.page import Page
from agentgauge.dashboard.pages import performance_time as time
from agentgauge.dashboard.pages import performance_trends as change
from agentgauge.dashboard.pages import performance_values as values
from agentgauge.dashboard.pages.performance_metrics import PerformanceFilters
from agentgauge.dashboard.pages.work_tables import tools_table

PERFORMANCE = Page(
    path="/performance",
    title="Performance",
    in_menu="Performance",
    parameters=PerformanceFilters,
    cards=(
        Card(id="figures", title="Figures", build=values.tiles, width="bare"),
        Card(id="percentiles", title="Percentiles over time", build=values.course, width="half"),
        Card(id="distribution", title="Distribution", build=values.distribution, width="half"),
        Card(id="trends", title="Operations that change", note="from day to day", build=change.trends),
        Card(id="operations", title="Trend of each operation", build=change.operations, width="half"),
        Card(id="groups", title="Percentiles by group", build=values.groups, width="half"),
        Card(id="outliers", title="Outliers", note="against their own operation", build=values.outliers, width="half"),
        Card(
            id="correlations", title="What moves together", note="over issues", build=change.correlations, width="half"
        ),
        Card(id="hours", title="Hours of the week", build=time.hours, width="half"),
        Card(id="tools", title="Tools", build=tools_table, width="half"),
        Card(id="flame", title="Where time goes", note="what ran inside what", build=time.flame),
        Card(id="components", title="Parts of operations", build=time.components),
    ),
)  # fmt: skip
