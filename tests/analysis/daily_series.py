"""Made-up amounts per day, of the shapes that spending has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Maker = Callable[[np.random.Generator, int], Floats]
WEEK = np.array([1.2, 1.3, 1.2, 1.1, 1.0, 0.3, 0.2])


def noisy(random: np.random.Generator, n: int) -> Floats:
    return 10 + 2 * random.standard_normal(n)


def skewed(random: np.random.Generator, n: int) -> Floats:
    return random.gamma(1.5, 10, n)


def weekly(random: np.random.Generator, n: int) -> Floats:
    return 10 * WEEK[(np.arange(n) + random.integers(7)) % 7] * random.gamma(10, 0.1, n)


def trending(random: np.random.Generator, n: int) -> Floats:
    return 5 + 0.1 * np.arange(n) + random.standard_normal(n)


def growing_weekly(random: np.random.Generator, n: int) -> Floats:
    return weekly(random, n) * (1 + 0.01 * np.arange(n))


def autocorrelated(random: np.random.Generator, n: int) -> Floats:
    from scipy.signal import lfilter

    return 20 + 3 * lfilter([1], [1, -0.7], random.standard_normal(n + 100))[100:]


def lognormal(random: np.random.Generator, n: int) -> Floats:
    return random.lognormal(2, 1, n)


def wandering(random: np.random.Generator, n: int) -> Floats:
    return np.maximum(50 + np.cumsum(random.standard_normal(n)), 0)


DAILY: tuple[Maker, ...] = (
    noisy, skewed, lognormal, weekly, trending, growing_weekly, autocorrelated, wandering,
)  # fmt: skip
