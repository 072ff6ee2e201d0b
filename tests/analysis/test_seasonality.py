"""What a bucket is expected to be."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from agentgauge.analysis import seasonality
from agentgauge.engines.time_buckets import bucket_numbers, bucket_time

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def days(count: int) -> list[datetime]:
    return [MONDAY + timedelta(days=day) for day in range(count)]


def test_a_season_is_a_day_or_an_hour_of_the_week_and_weeks_begin_with_the_series() -> None:
    thursday = [start + timedelta(days=3) for start in days(9)]
    assert seasonality.calendar(thursday, "day").week.tolist() == [0] * 7 + [1, 1]
    where = seasonality.calendar([MONDAY, MONDAY + timedelta(hours=25)], "hour")
    assert (where.season[1] - where.season[0]).item() == 25


def test_an_hour_that_clocks_repeat_is_one_season_twice() -> None:
    zone = ZoneInfo("Europe/Berlin")
    first, last = datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
    starts = [bucket_time("hour", zone, number) for number in bucket_numbers("hour", zone, first, last)]
    where = seasonality.calendar(starts, "hour")
    assert where.season[0] == where.season[1]


def test_the_effects_of_seasons_that_differ_are_kept_and_those_that_do_not_are_none() -> None:
    random = np.random.default_rng(4)
    weekly = np.array([0.0, 0, 0, 0, 0, -8, -8])
    effects, stretch = seasonality.season_effects(weekly + random.normal(0, 0.5, (8, 7)))
    assert effects == pytest.approx(weekly, abs=1)
    assert (stretch > 1).all()
    none, even = seasonality.season_effects(random.normal(0, 0.5, (8, 168)))
    assert np.abs(none).max() < 0.25
    assert (even < 1.1).all()


def test_a_season_with_few_weeks_gets_less_of_its_own() -> None:
    random = np.random.default_rng(5)
    past = random.normal(0, 1, 168) + random.normal(0, 1, (8, 168))
    past[0, 0], past[:, 1] = past[:, 1].mean(), past[:, 1].mean()
    past[1:, 0] = math.nan
    effects, _ = seasonality.season_effects(past)
    assert abs(effects[0]) < abs(effects[1])


def test_one_spike_changes_no_expectation() -> None:
    values = np.tile([10.0, 11, 12, 11, 10, 3, 2], 10) + np.random.default_rng(1).normal(0, 0.1, 70)
    spiked = values.copy()
    spiked[40] = 1000
    where = seasonality.calendar(days(70), "day")
    plain, after = (seasonality.expectation(each, where, "day").value for each in (values, spiked))
    assert after[41:] == pytest.approx(plain[41:], abs=0.3)


def test_nothing_later_is_used() -> None:
    values = np.random.default_rng(2).normal(10, 1, 70)
    where = seasonality.calendar(days(70), "day")
    changed = values.copy()
    changed[50:] = 99
    plain, other = (seasonality.expectation(each, where, "day").value for each in (values, changed))
    assert other[14:51].tolist() == plain[14:51].tolist()


def test_a_level_that_stays_is_expected_after_a_week_of_days() -> None:
    values = np.concatenate([np.full(42, 10.0), np.full(28, 20.0)]) + np.random.default_rng(3).normal(0, 0.1, 70)
    found = seasonality.expectation(values, seasonality.calendar(days(70), "day"), "day")
    assert found.value[45] == pytest.approx(10, abs=1)
    assert found.value[55] == pytest.approx(20, abs=1)


def test_distances_from_a_new_season_are_as_wide_as_their_stretch_says() -> None:
    """The third week is from a mean of two values, the tenth from a median of eight."""
    random = np.random.default_rng(6)
    starts = [MONDAY + timedelta(hours=hour) for hour in range(168 * 12)]
    where = seasonality.calendar(starts, "hour")
    profile = np.tile(random.normal(0, 10, 168), 12)
    found = seasonality.expectation(profile + random.normal(0, 1, profile.size), where, "hour")
    for week in (2, 3, 10):
        here = where.week == week
        assert found.distance[here].std() == pytest.approx(found.stretch[here].mean(), rel=0.12)  # 2 / sqrt(2 n)
