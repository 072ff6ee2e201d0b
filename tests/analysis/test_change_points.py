"""A shift of the level is found where it is, and days that resemble the day before are none."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter

from agentgauge.analysis.change_points import FEWEST, SHORTEST, Shifts, change_points

START = datetime(2026, 5, 1, tzinfo=UTC)
NILE = [
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
    1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
    831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
    781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
    744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
]  # fmt: skip
"""Flow of the Nile at Aswan, 1871 to 1970. G. W. Cobb, "The problem of the Nile: conditional solution to a change-point
problem", Biometrika 65, 1978, finds one change, after 1898."""


def days(count: int) -> list[datetime]:
    return [START + timedelta(days=day) for day in range(count)]


def shifts(values: NDArray[np.float64] | list[float], **asked: float) -> Shifts:
    return change_points(days(len(values)), list(map(float, values)), **asked)


def drawn(series: int, n: int, phi: float, seed: int = 20_261_121) -> NDArray[np.float64]:
    innovations = np.random.default_rng(seed).normal(size=(series, n))
    innovations[:, 0] /= math.sqrt(1 - phi * phi)
    rows: NDArray[np.float64] = lfilter([1.0], [1.0, -phi], innovations, axis=1) * math.sqrt(1 - phi * phi)
    return rows


def test_the_nile_shifted_after_1898() -> None:
    years = [datetime(year, 1, 1, tzinfo=UTC) for year in range(1871, 1971)]
    (point,) = change_points(years, list(map(float, NILE))).points
    assert point.time.year == 1899
    assert point.before.mean == pytest.approx(np.mean(NILE[:28]))
    assert point.after.mean == pytest.approx(np.mean(NILE[28:]))
    assert point.size == pytest.approx(-247.78, abs=0.01)
    assert point.high < 0
    assert point.p_value <= 0.002


def test_limits_of_independent_values_are_those_of_student() -> None:
    values = np.where(np.arange(60) < 30, 0.0, 5.0) + drawn(1, 60, 0.0)[0]
    (point,) = shifts(values).points
    assert point.time == days(60)[30]
    expected = stats.ttest_1samp(values[:30], 0).confidence_interval(0.95)
    assert point.before.low == pytest.approx(expected.low, rel=0.15)
    assert (point.before.n, point.after.n) == (30, 30)


def test_several_shifts_are_found_in_order() -> None:
    level = np.repeat([0.0, 4.0, 1.0], 40)
    found = shifts(level + drawn(1, 120, 0.2)[0])
    assert [(point.time - START).days for point in found.points] == pytest.approx([40, 80], abs=1)
    assert [round(point.size) for point in found.points] == [4, -3]
    assert found.points[0].after == found.points[1].before
    assert 0.6 < found.r_squared < 1


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("n", [30, 90])
def test_a_quiet_series_has_a_shift_as_often_as_asked_for(n: int, phi: float) -> None:
    """At most 8 of 100 at 5 %; 400 series leave 4.2 of 100 in 1 of 1,000 seeds."""
    found = [bool(shifts(row).points) for row in drawn(400, n, phi)]
    assert np.mean(found) < 0.08 + 0.042


def test_skewed_values_shift_no_more_often() -> None:
    found = [bool(shifts(np.exp(1.5 * row)).points) for row in drawn(400, 60, 0.3)]
    assert np.mean(found) < 0.08 + 0.042


def test_a_stricter_alpha_alarms_less() -> None:
    rows = drawn(400, 60, 0.3)
    assert sum(bool(shifts(row, alpha=0.01).points) for row in rows) < 16


@pytest.mark.parametrize(("phi", "share"), [(0.0, 0.85), (0.3, 0.75)])
def test_a_shift_of_two_standard_deviations_is_found_within_two_days(phi: float, share: float) -> None:
    near = 0
    for row in drawn(200, 90, phi):
        row[50:] += 2
        near += any(abs((point.time - START).days - 50) <= 2 for point in shifts(row).points)
    assert near / 200 > share


def test_limits_hold_the_true_size() -> None:
    held = []
    for row in drawn(300, 90, 0.3):
        row[45:] += 3
        points = shifts(row).points
        if len(points) == 1:
            held.append(points[0].low <= 3 <= points[0].high)
    assert len(held) > 250
    assert np.mean(held) > 0.92


def test_a_single_mad_day_is_no_shift() -> None:
    values = drawn(1, 60, 0.0)[0]
    values[20] += 500
    assert shifts(values).points == ()


def test_scale_and_place_change_nothing() -> None:
    values = drawn(1, 60, 0.0)[0] + np.where(np.arange(60) < 25, 0, 3)
    (first,), (second,) = shifts(values).points, shifts(values * 1e-9 + 1e-7).points
    assert (first.time, first.p_value) == (second.time, second.p_value)
    assert second.size == pytest.approx(first.size * 1e-9)


def test_a_clean_step_is_found_and_its_levels_have_no_width() -> None:
    (point,) = shifts([1 / 3] * 15 + [0.1 + 0.2] * 15).points
    assert point.time == days(30)[15]
    assert (point.before.low, point.before.high) == pytest.approx((1 / 3, 1 / 3))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e300])
def test_values_that_do_not_vary_do_not_shift(value: float) -> None:
    found = shifts([value] * 40)
    assert (found.points, found.r_squared) == ((), 0.0)


def test_what_rounding_leaves_is_no_shift() -> None:
    assert shifts([0.3] * 20 + [0.1 + 0.2] * 20).points == ()


def test_too_few_values_are_not_looked_at() -> None:
    found = shifts([0.0] * 10 + [9.0] * 10)
    assert (FEWEST, found.points) == (21, ())
    assert math.isnan(found.r_squared)


def test_a_level_lasts_five_values_at_least() -> None:
    values = drawn(1, 60, 0.0)[0] * 0.01
    values[-3:] += 10
    assert all(min(point.before.n, point.after.n) >= SHORTEST for point in shifts(values).points)


def test_what_makes_no_series_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        shifts([0.0] * 30 + [math.inf])
    with pytest.raises(ValueError, match="2 times for 1 values"):
        change_points(days(2), [1.0])
    with pytest.raises(ValueError, match="in order of time"):
        change_points(days(2)[::-1], [1.0, 2.0])
    with pytest.raises(ValueError, match="alpha"):
        shifts([1.0, 2.0], alpha=0)
