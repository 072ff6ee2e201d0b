"""Every public name of the recorder and the vocabularies says what it is."""

from __future__ import annotations

import inspect
from importlib import import_module
from types import ModuleType
from typing import get_origin

import pytest

PUBLIC = (
    "agentgauge",
    "agentgauge.runs",
    "agentgauge.runs.models",
    "agentgauge.features",
    "agentgauge.features.categories",
    "agentgauge.operations",
    "agentgauge.operations.provider",
    "agentgauge.sessions",
    "agentgauge.usage",
    "agentgauge.integrations.providers",
    "agentgauge.analysis",
    "agentgauge.analysis.anomalies",
    "agentgauge.analysis.anomalies_scores",
    "agentgauge.analysis.bootstrap",
    "agentgauge.analysis.change",
    "agentgauge.analysis.change_points",
    "agentgauge.analysis.comparison",
    "agentgauge.analysis.correlation",
    "agentgauge.analysis.decomposition",
    "agentgauge.analysis.decomposition_mean",
    "agentgauge.analysis.decomposition_usage",
    "agentgauge.analysis.forecast",
    "agentgauge.analysis.forecast_backtest",
    "agentgauge.analysis.forecast_methods",
    "agentgauge.analysis.metrics",
    "agentgauge.analysis.multiplicity",
    "agentgauge.analysis.outliers",
    "agentgauge.analysis.pairs",
    "agentgauge.analysis.permutation",
    "agentgauge.analysis.proportions",
    "agentgauge.analysis.robust_trend",
    "agentgauge.analysis.seasonality",
    "agentgauge.analysis.trend",
    "agentgauge.policies.thresholds",
    "agentgauge.runs.analyzer",
    "agentgauge.service.reports",
)


def _names(module: ModuleType) -> list[str]:
    own = (name for name, member in vars(module).items() if getattr(member, "__module__", None) == module.__name__)
    return sorted({*getattr(module, "__all__", own)} - {"__version__"})


def _described(member: object) -> bool:
    """What a dataclass or a struct says by itself is its signature."""
    words = inspect.getdoc(member) or ""
    return bool(words) and not (inspect.isclass(member) and words.startswith(f"{member.__name__}("))


def _undescribed(name: str, member: object) -> list[str]:
    found = [] if _described(member) else [name]
    if inspect.isclass(member) and member.__module__.startswith("agentgauge."):
        for method, function in inspect.getmembers(member, inspect.isfunction):
            own = function.__module__.startswith("agentgauge.") and not method.startswith("_")
            if own and not _described(function):
                found.append(f"{name}.{method}")
    return found


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_described(name: str) -> None:
    module = import_module(name)
    assert module.__doc__
    members = {public: getattr(module, public) for public in _names(module) if not public.startswith("_")}
    called = {public: member for public, member in members.items() if callable(member) and get_origin(member) is None}
    assert [missing for public, member in called.items() for missing in _undescribed(public, member)] == []
