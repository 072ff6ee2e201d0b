"""Series in which nothing unusual happens, of each kind of figure, and changes planted in them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from agentgauge.analysis.anomalies import Bucket, detect
from agentgauge.analysis.anomalies_scores import Kind
from agentgauge.analysis.seasonality import SEASONS, Width

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
Floats = NDArray[np.float64]
Series = tuple[Kind, Floats, NDArray[np.int64]]
Maker = Callable[[np.random.Generator, int, Width], Series]


def buckets(values: Floats, counts: NDArray[np.int64], width: Width) -> list[Bucket]:
    step = timedelta(hours=1) if width == "hour" else timedelta(days=1)
    pairs = zip(values.tolist(), counts.tolist(), strict=True)
    return [Bucket(MONDAY + at * step, value, n) for at, (value, n) in enumerate(pairs)]


def profile(n: int, width: Width) -> Floats:
    """0.1 to 1.9 over the hours of a working day and 1 at the weekend; by days, weekends are a fifth."""
    at = np.arange(n)
    if width == "day":
        return np.where(at % 7 < 5, 1.5, 0.3)
    return 1 + 0.9 * np.sin(2 * np.pi * (at % 24) / 24) * (at // 24 % 7 < 5)


def normal(random: np.random.Generator, n: int, width: Width) -> Series:
    return "number", 10 + 3 * profile(n, width) + random.standard_normal(n), np.full(n, 20)


def autocorrelated(random: np.random.Generator, n: int, width: Width) -> Series:
    from scipy.signal import lfilter

    noise = lfilter([1], [1, -0.5], random.standard_normal(n + 100))[100:]
    return "number", 10 + 3 * profile(n, width) + noise, np.full(n, 20)


def poisson(random: np.random.Generator, n: int, width: Width) -> Series:
    counts = random.poisson(6 * profile(n, width))
    return "count", counts.astype(float), counts


def overdispersed(random: np.random.Generator, n: int, width: Width) -> Series:
    counts = random.poisson(random.gamma(4, 5 * profile(n, width)))
    return "count", counts.astype(float), counts


def heavy(random: np.random.Generator, n: int, width: Width) -> Series:
    return "positive", np.exp(3 + profile(n, width) + 0.5 * random.standard_t(3, n)), np.full(n, 20)


def growing(random: np.random.Generator, n: int, width: Width) -> Series:
    growth = 0.1 * np.arange(n) / SEASONS[width]
    return "positive", np.exp(growth + profile(n, width) + 0.3 * random.standard_normal(n)), np.full(n, 20)


def means_of_few(random: np.random.Generator, n: int, width: Width) -> Series:
    counts = random.poisson(3 * profile(n, width))
    values = np.array([np.exp(random.standard_normal(k)).mean() if k else math.nan for k in counts])
    return "positive", values, counts


def asleep_at_night(random: np.random.Generator, n: int, width: Width) -> Series:
    """Twenty calls of lognormal amounts in a working hour, one every ten days outside of them."""
    at = np.arange(n)
    working = (at // 24 % 7 < 5) & (at % 24 >= 8) & (at % 24 < 18) if width == "hour" else at % 7 < 5
    counts = np.where(working, random.poisson(20, n), random.random(n) < 0.004)
    return "total", np.array([np.exp(random.standard_normal(k)).sum() for k in counts]), counts


def rates(random: np.random.Generator, n: int, width: Width) -> Series:
    counts = random.poisson(30 * profile(n, width))
    hits = random.binomial(counts, random.beta(18, 2, n))
    return "share", np.where(counts > 0, hits / np.maximum(counts, 1), math.nan), counts


QUIET: tuple[Maker, ...] = (
    normal, autocorrelated, poisson, overdispersed, heavy, growing, means_of_few, asleep_at_night, rates,
)  # fmt: skip


PLANTED: dict[str, tuple[Maker, Width, Callable[[float], float]]] = {
    "six standard deviations in an hour": (normal, "hour", lambda value: value + 6),
    "four in a day": (normal, "day", lambda value: value + 4),
    "40 where 11 are usual": (poisson, "hour", lambda value: 40.0),
    "thirtyfold of a heavy-tailed figure": (heavy, "day", lambda value: value * 30),
    "eightfold cost of working hours": (asleep_at_night, "hour", lambda value: value * 8),
    "no data in a busy hour": (asleep_at_night, "hour", lambda value: 0.0),
    "a fifth where nine in ten are usual": (rates, "hour", lambda value: 0.2),
}


def planted(make: Maker, width: Width, weeks: int, change: Callable[[float], float], series: int) -> float:
    """How often a change of a busy bucket in the last week is found, by a job that looks at that bucket alone."""
    random = np.random.default_rng(23)
    hits = 0
    for _ in range(series):
        kind, values, counts = make(random, weeks * SEASONS[width], width)
        at = values.size - SEASONS[width] + (10 if width == "hour" else 1)
        values[at] = change(values[at])
        series_to_it = buckets(values, counts, width)[: at + 1]
        found = detect(series_to_it, width=width, kind=kind, since=series_to_it[-1].start)
        assert found.tested == 1
        hits += len(found.anomalies)
    return hits / series
