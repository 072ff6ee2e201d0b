"""Analysis: pure functions that say what figures show, with their uncertainty.

    compare_arms          which of several arms is better, over units of work, pair by pair
    paired_change         what a change brought, from pairs of before and after
    correlations          which figures rise and fall together
    linear_trend          the straight line through values over time, and its test
    robust_trend          the same without a straight line, for series that resemble the day before
    change_points         when the level of a series shifted, and by how much
    z_baseline, robust_baseline   which values lie far from the others
    detect                buckets of time that are not as their season lets expect
    forecast, budget_exhaustion   what the coming days will bring, and when a budget is used up
    decompose, decompose_mean     what made a figure change, in parts that sum to the change

They take numbers and return frozen structs; nothing here reads events, the clock or a setting. The same questions
asked of recorded events are in `agentgauge.service.reports`. SciPy is loaded by the first call that needs it.
"""

from agentgauge.analysis.anomalies import detect
from agentgauge.analysis.change import paired_change
from agentgauge.analysis.change_points import change_points
from agentgauge.analysis.comparison import compare_arms
from agentgauge.analysis.correlation import correlations
from agentgauge.analysis.decomposition_mean import decompose_mean
from agentgauge.analysis.decomposition_usage import decompose
from agentgauge.analysis.forecast import budget_exhaustion, forecast
from agentgauge.analysis.outliers import robust_baseline, z_baseline
from agentgauge.analysis.robust_trend import robust_trend
from agentgauge.analysis.trend import linear_trend

__all__ = [
    "budget_exhaustion",
    "change_points",
    "compare_arms",
    "correlations",
    "decompose",
    "decompose_mean",
    "detect",
    "forecast",
    "linear_trend",
    "paired_change",
    "robust_baseline",
    "robust_trend",
    "z_baseline",
]
