"""How often tests for a trend, and for a change point, find one in series that have none.

    python bench/trend_levels.py [--series 2000]

Series are first-order autoregressive with normal innovations, as daily figures are whose days resemble the one before
(phi = 0: independent). A test at 5 % that is honest finds something in 5 of 100 of them. Printed is the share in
percent, with what is found where a trend of two standard deviations over the series, or a shift by two, is planted.

    line         Student's t of the least-squares slope, which takes values for independent: the documented p_value
    Newey-West   the same slope, with a heteroskedasticity and autocorrelation consistent error (Newey and West 1987;
                 what statsmodels' OLS has with cov_type="HAC", use_correction and use_t)
    Mann-Kendall the rank test, which takes values for independent
    Hamed-Rao    its variance corrected by every lag's significant autocorrelation (Hamed and Rao 1998)
    pre-whitened the trend-free series less phi times the value before (Yue, Pilon, Phinney and Cavadias 2002)
    ours         agentgauge.analysis.robust_trend, beside shifts
    shift        agentgauge.analysis.change_points; of a shift, what is found within two values of it
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr, ndtri, stdtr
from scipy.stats import rankdata

from agentgauge.analysis.change_points import FEWEST, change_points
from agentgauge.analysis.robust_trend import trend_and_shifts, variance_inflation, variance_of_s
from agentgauge.analysis.trend import linear_trend

Series = NDArray[np.float64]
Test = Callable[[Series], float]

LENGTHS, PHIS, ALPHA, SEED = (7, 14, 30, 60, 90), (0.0, 0.2, 0.4, 0.6), 0.05, 20_261_121
DAYS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(max(LENGTHS))]


def drawn(random: np.random.Generator, series: int, n: int, phi: float) -> Series:
    """Stationary series of variance 1, one a row."""
    innovations = random.normal(size=(series, n))
    innovations[:, 0] /= np.sqrt(1 - phi * phi)
    rows: Series = lfilter([1.0], [1.0, -phi], innovations, axis=1) * np.sqrt(1 - phi * phi)
    return rows


def line(y: Series) -> float:
    return linear_trend(DAYS[: len(y)], y.tolist()).p_value


def newey_west(y: Series) -> float:
    n = len(y)
    x = np.arange(n) - (n - 1) / 2
    slope = x @ y / (x @ x)
    scores = (y - y.mean() - slope * x) * x
    lags = int(4 * (n / 100) ** (2 / 9))
    spread = scores @ scores
    for lag in range(1, lags + 1):
        spread += 2 * (1 - lag / (lags + 1)) * (scores[lag:] @ scores[:-lag])
    return float(2 * stdtr(n - 2, -abs(slope) / np.sqrt(spread * n / (n - 2) / (x @ x) ** 2)))


def mann_kendall(y: Series) -> float:
    return _of_s(y, variance_of_s(y))


def hamed_rao(y: Series) -> float:
    return _of_s(y, variance_of_s(y) * hamed_rao_inflation(y))


def hamed_rao_inflation(y: Series) -> float:
    """With the autocorrelations of the detrended ranks that are significant at 5 %, as the authors have it."""
    ranks = rankdata(y - sen_slope(y) * np.arange(len(y)))
    ranks -= ranks.mean()
    squares = ranks @ ranks
    rho = np.array([ranks[lag:] @ ranks[:-lag] / squares for lag in range(1, len(y))])
    rho[np.abs(rho) <= ndtri(0.975) / np.sqrt(len(y))] = 0
    return max(variance_inflation(rho, len(y)), 1e-9)


def pre_whitened(y: Series) -> float:
    whitened = trend_free_pre_whitened(y)
    return mann_kendall(y) if whitened is None else mann_kendall(whitened)


def trend_free_pre_whitened(y: Series) -> Series | None:
    """None where the detrended series has no significant autocorrelation."""
    n = len(y)
    trend = sen_slope(y) * np.arange(1, n + 1)
    rest = y - trend
    rest -= rest.mean()
    phi = rest[1:] @ rest[:-1] / (rest @ rest)
    if not (-1 - 1.645 * np.sqrt(n - 2)) / (n - 1) <= phi <= (-1 + 1.645 * np.sqrt(n - 2)) / (n - 1):
        whitened: Series = rest[1:] - phi * rest[:-1] + trend[1:]
        return whitened
    return None


def sen_slope(y: Series) -> float:
    before, after = np.triu_indices(len(y), 1)
    return float(np.median((y[after] - y[before]) / (after - before)))


def _of_s(y: Series, variance: float) -> float:
    before, after = np.triu_indices(len(y), 1)
    s = np.sign(y[after] - y[before]).sum()
    return float(2 * ndtr(-max(abs(s) - 1, 0) / np.sqrt(variance)))


def ours(y: Series) -> float:
    return trend_and_shifts(DAYS[: len(y)], y.tolist())[0].p_value


TESTS: dict[str, Test] = {
    "line": line,
    "Newey-West": newey_west,
    "Mann-Kendall": mann_kendall,
    "Hamed-Rao": hamed_rao,
    "pre-whitened": pre_whitened,
    "ours": ours,
}


def _percent(found: list[bool]) -> str:
    return f"{100 * np.mean(found):.1f}"


def _shifts(rows: Series, at: int | None) -> list[bool]:
    found = [change_points(DAYS[: rows.shape[1]], row.tolist(), alpha=ALPHA).points for row in rows]
    if at is None:
        return [bool(points) for points in found]
    return [any(abs(point.time - DAYS[at]) <= timedelta(days=2) for point in points) for points in found]


def main() -> None:
    parser = argparse.ArgumentParser(description="levels and power of tests for trends and change points")
    parser.add_argument("--series", type=int, default=2000)
    count = parser.parse_args().series
    random = np.random.default_rng(SEED)
    print(f"| n | phi | {' | '.join(TESTS)} | shift | a trend, ours | a shift |")
    print("|---|---|" + "---|" * (len(TESTS) + 3))
    for n in LENGTHS:
        for phi in PHIS:
            quiet = drawn(random, count, n, phi)
            rising, shifted = quiet + 2 * np.arange(n) / n, quiet.copy()
            at = n // 2 + 1
            shifted[:, at:] += 2
            cells = [_percent([test(row) < ALPHA for row in quiet]) for test in TESTS.values()]
            enough = n >= FEWEST
            cells.append(_percent(_shifts(quiet, None)) if enough else "")
            cells.append(_percent([ours(row) < ALPHA for row in rising]))
            cells.append(_percent(_shifts(shifted, at)) if enough else "")
            print(f"| {n} | {phi} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
