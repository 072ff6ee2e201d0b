"""Retries and failed calls that burn money, calls without a price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from agentgauge.policies.thresholds import Thresholds
from agentgauge.policies.waste import Chain, FailedCalls, Unpriced, failed_calls, failing_retries, unpriced_model
from tests.policies.facts import END, MONTH, WEEK

LIMITS = Thresholds()
DAY = END - timedelta(days=3)


def test_retries_cost_what_those_that_never_succeeded_cost() -> None:
    chains = [Chain(DAY, 2, False, 1.0), Chain(DAY, 3, False, 2.5), Chain(DAY, 1, True, 0.0)]
    finding = failing_retries("coder", "dev", "fix", chains, MONTH, Decimal(10), LIMITS)
    assert finding is not None
    assert finding.reason == "5 retries of fix never succeeded and cost $3.50"
    assert finding.estimated_savings == Decimal("3.5")
    assert finding.priority == "high"
    (share,) = [figure for figure in finding.evidence.figures if figure.name == "success_rate_of_retries"]
    assert (share.value, share.n) == (1 / 6, 6)
    assert finding.evidence.few_samples


def test_few_retries_are_no_finding() -> None:
    assert failing_retries("coder", None, "fix", [Chain(DAY, 4, False, 9.0)], MONTH, Decimal(10), LIMITS) is None


def test_failed_calls_are_scaled_to_30_days_with_limits_of_days() -> None:
    week = FailedCalls(10, (0.0, 1.0, 2.0, 0.0, 0.0, 3.0, 1.0))
    finding = failed_calls("coder", None, "opus", week, WEEK, Decimal(100), LIMITS)
    assert finding is not None
    assert finding.reason == "10 failed calls of opus cost $7.00"
    assert finding.estimated_savings == Decimal(30)
    assert (finding.saving.low, finding.evidence.few_samples) == (None, True)
    month = FailedCalls(30, (0.0, 1.0, 2.0) * 10)
    sure = failed_calls("coder", None, "opus", month, MONTH, Decimal(100), LIMITS)
    assert sure is not None
    assert sure.saving.low is not None
    assert sure.saving.high is not None
    assert sure.saving.low < 30 < sure.saving.high


@pytest.mark.parametrize(("of_all", "priority"), [(10, "high"), (1000, "medium")])
def test_calls_without_a_price_are_pressing_where_they_are_many(of_all: int, priority: str) -> None:
    finding = unpriced_model(Unpriced("gpt-4x", 2, 500, ("gpt-4o",)), MONTH, of_all)
    assert finding.reason == "2 calls of gpt-4x without a price: the cost is unknown; near names: gpt-4o"
    assert (finding.priority, finding.estimated_savings) == (priority, 0)
