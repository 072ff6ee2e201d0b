"""Looking at the last hour of many series finds what looking at each of them does."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from agentgauge.analysis.anomalies import Bucket, detect
from agentgauge.analysis.anomalies_latest import latest_anomalies
from agentgauge.analysis.anomalies_scores import Kind, transformed
from agentgauge.analysis.seasonality import calendar, expectation, latest_distance

HOURS = 13 * 168
STARTS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(HOURS)]
Table = NDArray[np.float64]


def series(kind: Kind, rows: int, seed: int) -> tuple[Table, Table]:
    """Quiet hours of all sorts: with and without seasons, shifts of the level, silent nights, late beginnings; and a
    last hour that is off by nothing, a little or much."""
    rng = np.random.default_rng(seed)
    hour = np.arange(HOURS)
    rate = rng.lognormal(2.5, 1, (rows, 1)) * np.exp(rng.choice([0, 0.5, 1.5], (rows, 1)) * np.sin(hour * np.pi / 12))
    rate = rate * np.where(hour > rng.integers(0, HOURS * 2, (rows, 1)), rng.choice([1.0, 4.0], (rows, 1)), 1.0)
    rate[:, -1] *= rng.choice([1.0, 1.0, 1.5, 4.0, 0.1], rows)
    silent = (rng.random((rows, 1)) < 0.3) & (hour % 24 < rng.integers(0, 20, (rows, 1)))
    rate = np.where(silent | (hour < rng.choice([0, 0, 300], (rows, 1))), 0.0, rate)
    counts = rng.poisson(rate).astype(float)
    noise = rng.lognormal(0, 0.4, (rows, HOURS)) ** (1 / np.sqrt(np.maximum(counts, 1)))
    if kind == "count":
        return counts, counts
    if kind == "share":
        hits = rng.binomial(counts.astype(int), np.where(hour == HOURS - 1, rng.choice([0.05, 0.4], (rows, 1)), 0.05))
        return np.where(counts > 0, hits / np.maximum(counts, 1), np.nan), counts
    if kind == "total":
        return counts * noise, counts
    last = np.where(hour == HOURS - 1, rng.choice([1.0, 1.3, 3.0], (rows, 1)), 1.0)
    return np.where(counts > 0, 500 * noise * last, np.nan), counts


@pytest.mark.parametrize("kind", ["total", "count", "share", "positive"])
@pytest.mark.parametrize("alpha", [1 / 672, 1 / 50])
def test_no_series_is_dismissed_that_has_an_anomaly(kind: Kind, alpha: float) -> None:
    values, counts = series(kind, 120, seed=7)
    found = latest_anomalies(STARTS, values, counts, kind=kind, alpha=alpha)
    wanted = {}
    for row in range(len(values)):
        has_any = (counts[row] > 0) | (values[row] > 0)
        first = int(has_any.argmax())
        buckets = [Bucket(*each) for each in zip(STARTS[first:], values[row, first:], counts[row, first:], strict=True)]
        anomalies = detect(buckets, width="hour", kind=kind, alpha=alpha, since=STARTS[-1]).anomalies
        if anomalies:
            wanted[row] = anomalies[0]
    assert found.keys() == wanted.keys()
    assert {row: each.p_value for row, each in found.items()} == {row: each.p_value for row, each in wanted.items()}
    assert len(wanted) > 5


@pytest.mark.parametrize("kind", ["total", "count", "share", "positive", "number"])
@pytest.mark.parametrize("lower_is_better", [True, False])
def test_asked_for_what_is_worse_all_of_it_is_found_and_nothing_else(kind: Kind, lower_is_better: bool) -> None:
    values, counts = series(kind, 120, seed=11)
    found = latest_anomalies(STARTS, values, counts, kind=kind, alpha=1 / 50, lower_is_better=lower_is_better)
    worse = latest_anomalies(
        STARTS, values, counts, kind=kind, alpha=1 / 50, lower_is_better=lower_is_better, worse_only=True
    )
    assert worse == {row: each for row, each in found.items() if each.severity != "info"}
    assert found


@pytest.mark.parametrize("kind", ["total", "count", "positive"])
def test_the_distance_of_the_last_hour_is_that_of_the_whole_series(kind: Kind) -> None:
    values, _ = series(kind, 60, seed=3)
    where = calendar(STARTS, "hour")
    known = 0
    for row in transformed(kind, values):
        distance = latest_distance(row, where, "hour")
        if not math.isnan(distance):
            known += 1
            assert distance == pytest.approx(expectation(row, where, "hour").distance[-1], rel=1e-9, abs=1e-9)
    assert known > 30


def test_of_nothing_nothing_is_found() -> None:
    assert latest_anomalies(STARTS, np.zeros((3, HOURS)), np.zeros((3, HOURS)), kind="total") == {}
    assert latest_anomalies(STARTS, np.zeros((0, HOURS)), np.zeros((0, HOURS)), kind="total") == {}
