"""How often a quiet series alarms, and what is found in one that is not."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from agentgauge.analysis.anomalies import ALPHA, Bucket, detect
from agentgauge.analysis.anomalies_scores import Kind
from agentgauge.analysis.seasonality import SEASONS, Width
from tests.analysis.quiet_series import (
    MONDAY,
    PLANTED,
    QUIET,
    Maker,
    asleep_at_night,
    buckets,
    means_of_few,
    normal,
    planted,
)


@pytest.mark.parametrize("make", QUIET, ids=lambda make: make.__name__)
@pytest.mark.parametrize(("width", "weeks", "series"), [("hour", 22, 6), ("day", 70, 40)])
def test_a_quiet_series_alarms_at_the_level_asked_for(make: Maker, width: Width, weeks: int, series: int) -> None:
    """Within the binomial error of the number of buckets tested, at one chance in a thousand to each side; alarms come
    in clusters where the series is autocorrelated, and are then fewer."""
    random = np.random.default_rng(20)
    alarms = tested = 0
    for _ in range(series):
        kind, values, counts = make(random, weeks * SEASONS[width], width)
        found = detect(buckets(values, counts, width), width=width, kind=kind)
        alarms, tested = alarms + len(found.anomalies), tested + found.tested
    assert tested == series * (weeks - 6) * SEASONS[width] + series
    low, high = stats.binom.ppf([0.001, 0.999], tested, ALPHA[width])
    assert low <= alarms <= high


def test_the_level_can_be_asked_for() -> None:
    random = np.random.default_rng(21)
    _, values, counts = normal(random, 168 * 30, "hour")
    found = detect(buckets(values, counts, "hour"), width="hour", kind="number", alpha=0.01)
    low, high = stats.binom.ppf([0.001, 0.999], found.tested, 0.01)
    assert low <= len(found.anomalies) <= high


def test_a_series_that_is_empty_by_chance_alarms_at_most_1_4_times_as_often() -> None:
    """Four calls a day: a day without any comes once in two months, and is ranked beside its amount."""
    random = np.random.default_rng(22)
    alarms = tested = 0
    for _ in range(60):
        counts = random.poisson(4, 60 * 7)
        values = np.array([np.exp(random.standard_normal(k)).sum() for k in counts])
        found = detect(buckets(values, counts, "day"), width="day", kind="total")
        alarms, tested = alarms + len(found.anomalies), tested + found.tested
    assert alarms <= stats.binom.ppf(0.999, tested, 1.4 * ALPHA["day"])


@pytest.mark.parametrize(
    ("name", "power"),
    [
        ("six standard deviations in an hour", 0.9),
        ("four in a day", 0.85),
        ("40 where 11 are usual", 0.9),
        ("thirtyfold of a heavy-tailed figure", 0.9),
        ("eightfold cost of working hours", 0.85),
        ("no data in a busy hour", 0.9),
        ("a fifth where nine in ten are usual", 0.9),
    ],
)
def test_a_planted_anomaly_is_found(name: str, power: float) -> None:
    make, width, change = PLANTED[name]
    assert planted(make, width, 16, change, series=25) >= power


def test_what_is_found_says_how_far_from_what_it_is() -> None:
    _, values, counts = normal(np.random.default_rng(24), 168 * 12, "hour")
    values[-5] = 30
    found = detect(buckets(values, counts, "hour"), width="hour", kind="number").anomalies[-1]
    assert found.start == MONDAY + timedelta(hours=168 * 12 - 5)
    assert found.value == 30
    assert found.n == 20
    assert found.expected == pytest.approx(13, abs=1)
    assert found.deviation_percent == pytest.approx((30 - found.expected) / found.expected * 100)
    assert found.low < found.expected < found.high < 30
    assert (found.direction, found.cause, found.severity) == ("high", "value", "critical")
    assert found.p_value <= 1 / 672


def test_better_than_expected_is_for_information() -> None:
    _, values, counts = normal(np.random.default_rng(24), 168 * 12, "hour")
    values[-5] = 30
    asked = detect(buckets(values, counts, "hour"), width="hour", kind="number", lower_is_better=False)
    assert asked.anomalies[-1].severity == "info"


def test_nights_do_not_alarm_a_silent_hour_of_the_day_does_and_so_does_work_at_night() -> None:
    _, values, counts = asleep_at_night(np.random.default_rng(25), 168 * 12, "hour")
    values[counts < 3], counts[counts < 3] = 0, 0
    silent, nightly = 168 * 11 + 11, 168 * 11 + 27
    values[silent], counts[silent] = 0, 0
    values[nightly], counts[nightly] = 20, 15
    found = detect(buckets(values, counts, "hour"), width="hour", kind="total", since=MONDAY + timedelta(weeks=11))
    causes = {(anomaly.start - MONDAY) // timedelta(hours=1): anomaly for anomaly in found.anomalies}
    assert causes[silent].cause == "no data"
    assert causes[silent].deviation_percent == -100
    assert causes[nightly].cause == "unexpected activity"
    assert math.isnan(causes[nightly].deviation_percent)


def test_one_in_two_operations_is_no_anomaly_of_a_rate() -> None:
    """Nothing failed in ten weeks of two operations an hour; then one did."""
    values, counts = np.ones(168 * 10), np.full(168 * 10, 2)
    values[-1] = 0.5
    assert not detect(buckets(values, counts, "hour"), width="hour", kind="share").anomalies
    counts[-1], values[-1] = 40, 0.5
    assert detect(buckets(values, counts, "hour"), width="hour", kind="share").anomalies


def test_a_series_that_never_varies_has_no_anomaly_until_it_does() -> None:
    values, counts = np.full(70, 0.1) * 3, np.full(70, 5)
    assert not detect(buckets(values, counts, "day"), width="day", kind="number").anomalies
    values[-1] = 0.31
    assert detect(buckets(values, counts, "day"), width="day", kind="number").anomalies


def test_too_little_history_is_said_and_what_it_would_allow() -> None:
    _, values, counts = normal(np.random.default_rng(26), 168 * 4, "hour")
    found = detect(buckets(values, counts, "hour"), width="hour", kind="number")
    assert (found.tested, found.history, found.needed) == (0, 672, 336 + 671)
    assert not found.anomalies
    assert found.least_alpha == pytest.approx(1 / 336)
    allowed = detect(buckets(values, counts, "hour"), width="hour", kind="number", alpha=found.least_alpha)
    assert allowed.tested == 1


@pytest.mark.parametrize("count", [0, 1, 13, 20])
def test_hardly_any_history_has_no_least_alpha_or_a_large_one(count: int) -> None:
    found = detect(buckets(np.ones(count), np.ones(count, dtype=np.int64), "day"), width="day", kind="total")
    assert found.tested == 0
    assert math.isnan(found.least_alpha) if count <= 15 else found.least_alpha > 1 / 28


def test_buckets_without_a_value_are_passed_over() -> None:
    kind, values, counts = means_of_few(np.random.default_rng(27), 70 * 7, "day")
    values[100:200], counts[100:200] = math.nan, 0
    found = detect(buckets(values, counts, "day"), width="day", kind=kind)
    assert not [a for a in found.anomalies if math.isnan(a.value)]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        detect([], width="day", kind="total", alpha=1)
    with pytest.raises(ValueError, match="negative"):
        detect([Bucket(MONDAY, -1.0, 1)], width="day", kind="total")


@pytest.mark.parametrize("kind", ["total", "count", "share", "positive", "number"])
@pytest.mark.parametrize("width", ["hour", "day"])
def test_every_series_has_an_answer(kind: Kind, width: Width) -> None:
    """All zero, constant, rare, with gaps and of any size; warnings are errors here."""
    random = np.random.default_rng(28)
    n = 4 * 168 if width == "hour" else 100
    shapes = [np.zeros(n), np.ones(n), random.lognormal(0, 3, n), np.where(random.random(n) < 0.95, 0, 1e9)]
    for values in [*shapes, *(np.where(random.random(n) < 0.3, math.nan, shape) for shape in shapes)]:
        given = np.clip(values, 0, 1) if kind == "share" else -values if kind == "number" else values
        found = detect(buckets(given, random.integers(0, 20, n), width), width=width, kind=kind, alpha=0.02)
        assert found.tested > 0
        for anomaly in found.anomalies:
            assert anomaly.cause != "value" or anomaly.low <= anomaly.high
