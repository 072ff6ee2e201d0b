"""The ways to forecast, against statsmodels and by themselves."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from agentgauge.analysis.forecast_methods import FIRST_ORIGIN, METHODS, Method, paths, smooth


def constants(*values: float) -> tuple[np.ndarray, ...]:
    return tuple(np.array([value]) for value in values)


@pytest.mark.parametrize("trend", [None, "add"])
def test_smoothing_of_level_and_trend_is_that_of_statsmodels(trend: str | None) -> None:
    values = np.random.default_rng(3).gamma(4, 5, 60) + 0.5 * np.arange(60)
    slope = 0.0 if trend is None else 0.4
    model = ExponentialSmoothing(
        values, trend=trend, initialization_method="known", initial_level=15,
        initial_trend=None if trend is None else slope,
    )  # fmt: skip
    beta = 0.0 if trend is None else 0.2
    with model.fix_params({"smoothing_level": 0.4} | ({} if trend is None else {"smoothing_trend": beta})):
        theirs = model.fit(optimized=False)
    ours = smooth(values, 15, slope, np.zeros(1), *constants(0.4, beta, 0, 1))
    assert ours.level[1:, 0] == pytest.approx(theirs.level)
    assert values - ours.errors[:, 0] == pytest.approx(theirs.fittedvalues)
    ahead = ours.level[-1, 0] + ours.trend[-1, 0] * np.arange(1, 8)
    assert ahead == pytest.approx(theirs.forecast(7))


def test_seasons_and_damping_are_those_of_statsmodels() -> None:
    values = np.random.default_rng(1).gamma(4, 5, 60)
    seasons = np.array([3.0, 2, 1, 0, -1, -2, -3])
    model = ExponentialSmoothing(
        values, trend="add", damped_trend=True, seasonal="add", seasonal_periods=7, initialization_method="known",
        initial_level=20, initial_trend=0.5, initial_seasonal=seasons,
    )  # fmt: skip
    with model.fix_params(
        {"smoothing_level": 0.3, "smoothing_trend": 0.1, "smoothing_seasonal": 0.2, "damping_trend": 0.9}
    ):
        theirs = model.fit(optimized=False)
    ours = smooth(values, 20, 0.5, seasons, *constants(0.3, 0.1, 0.2, 0.9))
    assert ours.level[1:, 0] == pytest.approx(theirs.level)
    assert values - ours.errors[:, 0] == pytest.approx(theirs.fittedvalues)
    assert ours.seasons[-1, :, 0] == pytest.approx(theirs.season[-7:])
    # Of the seventh day statsmodels 0.15 takes the season from before its last update.
    ahead = ours.level[-1, 0] + ours.trend[-1, 0] * np.cumsum(0.9 ** np.arange(1, 7)) + ours.seasons[-1, :6, 0]
    assert ahead == pytest.approx(theirs.forecast(6))


@pytest.mark.parametrize("method", METHODS)
def test_a_forecast_uses_nothing_later_and_is_not_below_zero(method: Method) -> None:
    values = np.random.default_rng(2).gamma(1, 1, 90)
    changed = values.copy()
    changed[70:] = 50
    plain, other = paths(method, values, 20), paths(method, changed, 20)
    assert plain.shape == (90 - FIRST_ORIGIN + 1, 20)
    assert other[: 70 - FIRST_ORIGIN + 1] == pytest.approx(plain[: 70 - FIRST_ORIGIN + 1])
    assert (paths(method, np.linspace(30, 0.1, 40), 60) >= 0).all()


def test_what_ended_weeks_ago_is_forecast_to_be_nothing() -> None:
    values = np.concatenate([np.full(40, 3.5), np.zeros(40)])
    for method in METHODS:
        coming = paths(method, values, 14)[-1]
        assert coming[coming > 0].min(initial=1) > 1e-6
    assert not paths("damped trend", values, 14)[-1].any()


@pytest.mark.parametrize("method", METHODS[1:4])
@pytest.mark.parametrize("count", [14, 20, 21, 33, 55, 56, 57, 80])
def test_weekdays_stay_weekdays_from_any_day_on(method: Method, count: int) -> None:
    week = np.array([5.0, 4, 3, 2, 1, 0, 9])
    days = np.arange(count)
    coming = week[np.arange(count, count + 10) % 7]
    assert paths(method, week[days % 7], 10)[-1] == pytest.approx(coming, abs=1e-9)


def test_a_trend_with_weekdays_goes_on() -> None:
    week, days = np.array([5.0, 4, 3, 2, 1, 0, 9]), np.arange(100)
    found = paths("weekdays and trend", week[days[:80] % 7] + 0.5 * days[:80], 20)
    assert found[-1] == pytest.approx(week[days[80:] % 7] + 0.5 * days[80:])
    assert found[20 - FIRST_ORIGIN][:5] == pytest.approx(week[days[20:25] % 7] + 0.5 * days[20:25])


def test_means_are_those_of_the_last_weeks() -> None:
    values = np.arange(60.0)
    assert paths("mean of four weeks", values, 2)[-1].tolist() == [45.5, 45.5]
    assert paths("mean of four weeks", values, 2)[0].tolist() == [6.5, 6.5]
    assert paths("same weekday last week", values, 9)[-1].tolist() == [53, 54, 55, 56, 57, 58, 59, 53, 54]
