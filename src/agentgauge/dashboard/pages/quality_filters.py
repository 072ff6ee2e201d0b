"""What the page of quality is asked beside the filters of every page."""

from __future__ import annotations

from typing import Literal

from agentgauge.api.beyond.question import Moment
from agentgauge.dashboard.filters import PageFilters
from agentgauge.dashboard.page import PageAsked
from agentgauge.service.reports.feedback import Which

By = Literal["agent", "role", "operation", "feature"]
BYS: tuple[By, ...] = ("agent", "role", "operation", "feature")
ErrorsBy = Literal["type", "severity", "category"]


class QualityFilters(PageFilters):
    by: By = "agent"
    scores: Which = "all"
    errors: ErrorsBy = "type"
    change: Moment | None = None
    """When something was changed: the time after it is held against the time before."""


def asked_of(asked: PageAsked) -> QualityFilters:
    assert isinstance(asked.filters, QualityFilters)
    return asked.filters
