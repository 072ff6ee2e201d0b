"""Trends as a person would say them."""

from __future__ import annotations

import random
import re
from datetime import timedelta

import pytest

from agentgauge.analysis.correlation import correlations
from agentgauge.service import reports
from agentgauge.service.plain_trends import figure, plain_correlation, plain_shifts, plain_trend
from agentgauge.service.reports.trends import Trends
from agentgauge.service.window import Window
from tests.service.test_reports import NOON, engine, task

DAYS = 30


def _trends(**levels: float) -> Trends:
    """Of operations that take so much more each day."""
    draw = random.Random(2)
    events = [
        task(hours=24 * day, operation=name, duration_ms=1000 + slope * day + draw.uniform(-5, 5))
        for name, slope in levels.items()
        for day in range(DAYS)
    ]
    end = NOON + timedelta(days=DAYS)
    return reports.trends(
        engine(*events), "execution_time", Window(NOON - timedelta(hours=12), end), zone="UTC", now=end, by="operation"
    )


def _said(found: Trends, key: str) -> str:
    return next(plain_trend(found, trend) for trend in found.trends if trend.key == key)


def test_a_slope_is_said_with_its_chance_and_the_number_of_tests() -> None:
    found = _trends(review=41, build=0, deploy=-20)
    tail = r"this is more than chance explains \(p (<|=) 0\.00\d after correction for 3 tests\)\."
    assert re.fullmatch(f"review takes 41 ms more each day; {tail}", _said(found, "review"))
    assert re.fullmatch(f"deploy takes 20 ms less each day; {tail}", _said(found, "deploy"))
    assert _said(found, "build").startswith("build: no change is shown (p = ")


def test_of_one_trend_no_correction_is_told() -> None:
    assert _said(_trends(review=41), "review").endswith("more than chance explains (p = 0.001).")


def test_too_few_days_are_said_to_be() -> None:
    end = NOON + timedelta(days=3)
    events = [task(hours=24 * day, operation="review", duration_ms=1.0) for day in range(3)]
    found = reports.trends(
        engine(*events), "execution_time", Window(NOON - timedelta(hours=12), end), zone="UTC", now=end, by="operation"
    )
    assert _said(found, "review") == "review: too little to say, 3 days with values of the 7 that are needed."


def test_a_level_that_shifted_is_said_with_its_day() -> None:
    draw = random.Random(5)
    events = [
        task(hours=24 * day, operation="report", duration_ms=(8000 if day < 18 else 12000) * draw.uniform(0.97, 1.03))
        for day in range(DAYS)
    ]
    end = NOON + timedelta(days=DAYS)
    found = reports.trends(
        engine(*events), "execution_time", Window(NOON - timedelta(hours=12), end), zone="UTC", now=end, by="operation"
    )
    (said,) = plain_shifts(found, found.trends[0])
    day = NOON + timedelta(days=18)
    assert said.startswith(f"report: The level rose on {day:%a %Y-%m-%d} from 8.")


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (range(30), range(30), "rise together"),
        (range(30), [-value for value in range(30)], "one rises as the other falls"),
        (range(30), [value * 7 % 13 for value in range(30)], "none is shown"),
        ([1, 2], [2, 1], "too few to say"),
    ],
    ids=["alike", "against", "unrelated", "few"],
)
def test_what_moves_together_is_said(first: list[float], second: list[float], said: str) -> None:
    (pair,) = correlations({"a": list(map(float, first)), "b": list(map(float, second))})
    assert plain_correlation(pair) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(41.0, "ms", "41 ms"), (0.0137, "USD", "$0.0137"), (31_000.0, "token", "31.0k"), (84.72, "0-100", "84.7")],
)
def test_a_figure_is_as_short_as_its_unit_allows(value: float, unit: str, said: str) -> None:
    assert figure(value, unit) == said
