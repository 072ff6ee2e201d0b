"""How often comparisons of arms are wrong: false positives, coverage of intervals, and power, beside alternatives.

    python bench/comparison.py [--repetitions 2000] [--resamples 1000] [--only numbers]

Shares are not simulated: every outcome of two arms is gone through with its probability, over a grid of true shares,
so those figures are exact. Numbers and ratios are drawn, seeded. All in percent:

    false     tests at 5 % that find a difference between arms that have none (of shares the mean over the grid and
              the largest)
    coverage  95 % intervals of the difference that hold the true one, where there is one
    arm       95 % intervals of an arm's own figure that hold the true one
    power     tests at 5 % that find a difference of the size stated

Beside them, of the same data: Welch's t test with its interval, and the interval of the BCa bootstrap.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit
from scipy.stats import binom, multinomial

from agentgauge.analysis import bootstrap, proportions
from agentgauge.analysis.pairs import Kind, Observation, contrast, level
from agentgauge.analysis.permutation import paired_means, two_means

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Values]
Row = tuple[str, ...]

LEVEL, CONFIDENCE, SEED = 0.05, 0.95, 20_261_121
EXCHANGES = 999
"""Drawn per test: its level is the same with fewer, of which 1 in 20 is a whole number with the data's own."""
FEWER_EXCHANGES = 199
SHARES = np.linspace(0.05, 0.95, 19)


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


# Shares, exactly


@cache
def fisher(n: int, m: int) -> Values:
    """The p-value of every table of two arms of so many units."""
    return np.array([[proportions.fisher_mid_p(x, n, y, m) for y in range(m + 1)] for x in range(n + 1)])


def two_shares(n: int, m: int, power_at: tuple[float, float]) -> Row:
    rejected = fisher(n, m) <= LEVEL
    limits = np.array([[proportions.agresti_caffo(x, n, y, m, CONFIDENCE) for y in range(m + 1)] for x in range(n + 1)])
    first, second = ({p: binom.pmf(np.arange(size + 1), size, p) for p in (*SHARES, *power_at)} for size in (n, m))
    sizes = [float(first[p] @ rejected @ second[p]) for p in SHARES]
    covered = [
        float(first[p] @ ((limits[..., 0] <= p - q) & (p - q <= limits[..., 1])) @ second[q])
        for p, q in product(SHARES, SHARES)
    ]
    arms = [
        sum(
            binom.pmf(x, n, p)
            for x in range(n + 1)
            if (limit := proportions.wilson(x, n, CONFIDENCE))[0] <= p <= limit[1]
        )
        for p in SHARES
    ]
    p, q = power_at
    return (
        f"{n}, {m}",
        f"{percent(np.mean(sizes))} ({percent(max(sizes))})",
        f"{percent(np.mean(covered))} ({percent(min(covered))})",
        percent(float(np.mean(arms))),
        percent(float(first[p] @ rejected @ second[q])),
    )


def paired_shares(n: int) -> Row:
    """Of units that differ between the arms in 10 to 50 of 100 cases."""
    tables = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    counts = np.array([(b, c, n - b - c) for b, c in tables])
    rejected = np.array([proportions.mcnemar_exact(b, c) <= LEVEL for b, c in tables])
    limits = np.array([proportions.bonett_price(b, c, n, CONFIDENCE) for b, c in tables])
    sizes, covered, powers = [], [], []
    for differing, difference in product((0.1, 0.2, 0.3, 0.5), (0.0, 0.05, 0.2)):
        if difference > differing:
            continue
        b, c = (differing + difference) / 2, (differing - difference) / 2
        chances = multinomial.pmf(counts, n, [b, c, 1 - b - c])
        covered.append(float(chances[(limits[:, 0] <= difference) & (difference <= limits[:, 1])].sum()))
        if difference == 0:
            sizes.append(float(chances[rejected].sum()))
        if (differing, difference) == (0.3, 0.2):
            powers.append(float(chances[rejected].sum()))
    return (
        f"{n}",
        f"{percent(np.mean(sizes))} ({percent(max(sizes))})",
        f"{percent(np.mean(covered))} ({percent(min(covered))})",
        percent(powers[0]),
    )


# Numbers and ratios, drawn


def normal(random: np.random.Generator, n: int) -> Values:
    return random.normal(3, 1, n)


def wide(random: np.random.Generator, n: int) -> Values:
    return random.normal(3, 3, n)


def exponential(random: np.random.Generator, n: int) -> Values:
    return random.exponential(1, n)


def lognormal(random: np.random.Generator, n: int) -> Values:
    return random.lognormal(-0.5, 1, n)


def narrow(random: np.random.Generator, n: int) -> Values:
    return random.lognormal(-0.125, 0.5, n)


def often_zero(random: np.random.Generator, n: int) -> Values:
    return random.lognormal(-0.5, 1, n) * (random.random(n) < 0.7) / 0.7


MEANS: dict[Draw, float] = {normal: 3, wide: 3, exponential: 1, lognormal: 1, narrow: 1, often_zero: 1}
UNPAIRED: dict[str, tuple[Draw, Draw]] = {
    "normal": (normal, normal),
    "normal, sd 1 and 3": (normal, wide),
    "exponential": (exponential, exponential),
    "lognormal, sigma 1": (lognormal, lognormal),
    "lognormal, 3 of 10 zero": (often_zero, often_zero),
    "lognormal, sigma 0.5 and 1": (narrow, lognormal),
}


def observed(values: Values, weights: Values) -> list[Observation]:
    return [Observation(str(i), float(v), float(w)) for i, (v, w) in enumerate(zip(values, weights, strict=True))]


def welch(a: Values, b: Values) -> tuple[float, float, float]:
    first, second = a.var(ddof=1) / a.size, b.var(ddof=1) / b.size
    error = math.sqrt(first + second)
    freedom = (first + second) ** 2 / (first**2 / (a.size - 1) + second**2 / (b.size - 1))
    difference = a.mean() - b.mean()
    margin = stdtrit(freedom, (1 + CONFIDENCE) / 2) * error
    return float(2 * stdtr(freedom, -abs(difference) / error)), difference - margin, difference + margin


def bca(a: Values, b: Values, random: np.random.Generator, resamples: int) -> tuple[float, float]:
    means = [bootstrap.resampled_sums(arm[:, None], random, resamples)[:, 0] / arm.size for arm in (a, b)]
    influence = np.concatenate([(a - a.mean()) / a.size, (b.mean() - b) / b.size])
    return bootstrap.bca_limits(means[0] - means[1], float(a.mean() - b.mean()), influence, CONFIDENCE)


def false_positives(name: str, n: int, m: int, repetitions: int) -> tuple[float, float]:
    """Ours and Welch's. The draws of every row are their own: what is unlucky in one is so in that one alone."""
    random = np.random.default_rng((SEED, n, m, *name.encode()))
    first, second = UNPAIRED[name]
    ours, welchs = 0, 0
    for _ in range(repetitions):
        a, b = first(random, n), second(random, m)
        ours += two_means(a, b, CONFIDENCE, FEWER_EXCHANGES).p_value <= LEVEL
        welchs += welch(a, b)[0] <= LEVEL
    return ours / repetitions, welchs / repetitions


def numbers(name: str, n: int, m: int, repetitions: int, resamples: int) -> Row:
    """The second arm of a true difference has half as much again (of a mean of 1), or half a deviation more."""
    random = np.random.default_rng((SEED, n, m, *name.encode()))
    first, second = UNPAIRED[name]
    found: dict[str, list[bool]] = {key: [] for key in ("power", "covered", "by welch", "bca", "arm")}
    for _ in range(repetitions):
        a, b = first(random, n), second(random, m)
        more = b + 0.5 if first is normal else b * 1.5
        truth = -0.5 * (1 if first is normal else MEANS[second])
        against = two_means(a, more, CONFIDENCE, EXCHANGES)
        found["power"].append(against.p_value <= LEVEL)
        found["covered"].append(against.low <= truth <= against.high)
        _, low, high = welch(a, more)
        found["by welch"].append(low <= truth <= high)
        low, high = bca(a, more, random, resamples)
        found["bca"].append(low <= truth <= high)
        low, high = bootstrap.mean_limits(a, CONFIDENCE)
        found["arm"].append(low <= MEANS[first] <= high)
    wrong = false_positives(name, n, m, 4 * repetitions)
    return (name, f"{n}, {m}", *map(percent, wrong), *(percent(float(np.mean(values))) for values in found.values()))


def pairs_of(draw: Draw) -> Callable[[np.random.Generator, int], tuple[Values, Values]]:
    """Two arms on the same units, each with what is the unit's and what is its own."""

    def drawn(random: np.random.Generator, n: int) -> tuple[Values, Values]:
        unit = draw(random, n)
        if draw is normal:
            return unit + normal(random, n), unit + normal(random, n)
        return unit * draw(random, n), unit * draw(random, n)

    return drawn


def paired_numbers(name: str, draw: Draw, n: int, repetitions: int) -> Row:
    random, two = np.random.default_rng(SEED), pairs_of(draw)
    found: dict[str, list[bool]] = {key: [] for key in ("false", "power", "covered")}
    for _ in range(repetitions):
        a, b = two(random, n)
        found["false"].append(paired_means(a - b, CONFIDENCE, EXCHANGES).p_value <= LEVEL)
        more, truth = (b + 0.5, -0.5) if draw is normal else (b * 1.5, -0.5)
        against = paired_means(a - more, CONFIDENCE, EXCHANGES)
        found["power"].append(against.p_value <= LEVEL)
        found["covered"].append(against.low <= truth <= against.high)
    return (name, f"{n}", *(percent(float(np.mean(values))) for values in found.values()))


def spent(random: np.random.Generator, n: int, share: float) -> tuple[Values, Values]:
    """Cost and success: log-normal, and half as much again where it failed."""
    won = (random.random(n) < share).astype(np.float64)
    return random.lognormal(-0.5, 1, n) * (1.5 - 0.5 * won), won


def per_success(share: float) -> float:
    return (1 + 0.5 * (1 - share)) / share


def ratios(shares: tuple[float, float], n: int, m: int, paired: bool, repetitions: int) -> Row:
    random = np.random.default_rng(SEED)
    same = per_success(shares[0]) / per_success(shares[1])
    found: dict[str, list[bool]] = {key: [] for key in ("false", "power", "covered", "arm")}
    kind: Kind = "ratio"
    for _ in range(repetitions):
        (a, won), (b, also) = spent(random, n, shares[0]), spent(random, m, shares[1])
        if paired:
            unit = random.lognormal(-0.5, 1, n)
            a, b = a * unit, b * unit
        ours, theirs = observed(a, won), observed(b * same, also)
        found["false"].append(contrast(ours, theirs, kind, paired, CONFIDENCE, EXCHANGES).p_value <= LEVEL)
        against = contrast(ours, observed(2 * b * same, also), kind, paired, CONFIDENCE, EXCHANGES)
        truth = -per_success(shares[0])
        found["power"].append(against.p_value <= LEVEL)
        if not math.isnan(against.ci_low):
            found["covered"].append(against.ci_low <= truth <= against.ci_high)
        _, low, high = level(ours, kind, CONFIDENCE)
        if not math.isnan(low):
            found["arm"].append(low <= per_success(shares[0]) <= high)
    label = f"{shares[0]:.0%} and {shares[1]:.0%} succeed{', paired' if paired else ''}"
    return (label, f"{n}, {m}", *(percent(float(np.mean(values))) for values in found.values()))


def table(title: str, heading: Sequence[str], rows: Iterator[Row]) -> None:
    print(f"\n{title}\n\n| {' | '.join(heading)} |\n|{'|'.join('---' for _ in heading)}|", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=1000, help="of the BCa bootstrap")
    parser.add_argument("--only", choices=tuple(TABLES), action="append", help="these tables alone")
    asked = parser.parse_args()
    for name in asked.only or TABLES:
        title, heading, rows = TABLES[name]
        table(title, heading, rows(asked.repetitions, asked.resamples))


SIZES = ((10, 10), (20, 60), (50, 50), (200, 200))
TABLES: dict[str, tuple[str, tuple[str, ...], Callable[[int, int], Iterator[Row]]]] = {
    "shares": (
        "Two shares: mean over true shares (worst); power of 50 % against 70 %",
        ("n", "false", "coverage", "arm", "power"),
        lambda _, __: (two_shares(n, m, (0.5, 0.7)) for n, m in SIZES),
    ),
    "paired-shares": (
        "Paired shares: the same; power where 30 % of units differ, by 20 points",
        ("n", "false", "coverage", "power"),
        lambda _, __: (paired_shares(n) for n in (10, 20, 50, 100, 200)),
    ),
    "numbers": (
        "Numbers: power of half as much again, or of half a standard deviation",
        ("data", "n", "false", "Welch", "power", "coverage", "Welch", "BCa", "arm"),
        lambda repetitions, resamples: (
            numbers(name, n, m, repetitions, resamples) for name in UNPAIRED for n, m in SIZES
        ),
    ),
    "paired-numbers": (
        "Paired numbers: the same",
        ("data", "n", "false", "power", "coverage"),
        lambda repetitions, _: (
            paired_numbers(draw.__name__, draw, n, repetitions)
            for draw in (normal, exponential, lognormal)
            for n in (10, 20, 50, 200)
        ),
    ),
    "ratios": (
        "Cost per success: power of twice as much",
        ("data", "n", "false", "power", "coverage", "arm"),
        lambda repetitions, _: (
            ratios(shares, n, m, paired, repetitions)
            for shares, paired in (((0.8, 0.8), False), ((0.5, 0.5), False), ((0.8, 0.4), False), ((0.8, 0.8), True))
            for n, m in SIZES
            if n == m or not paired
        ),
    ),
}


if __name__ == "__main__":
    main()
