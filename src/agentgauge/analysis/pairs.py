"""Two arms against each other: the difference, its interval, and whether it can be told from chance.

    binary   apart: Fisher's mid-p, Agresti-Caffo interval; paired: exact McNemar, Bonett-Price interval; an arm's
             own interval is Wilson's; effect Cohen's h (all in `agentgauge.analysis.proportions`)
    number   the permutation tests of `agentgauge.analysis.permutation` and the intervals that agree with them; an
             arm's own interval is that of the studentised bootstrap; effect Hedges' g
    ratio    R = sum of values / sum of weights, so that a unit of no weight (a failed one) counts with what it cost.
             If both arms have the R of all units together, value - R weight is 0 in the mean in either: the test and
             effect of `number` on that. An arm's own interval is R exp(+-t error / R), with the linearised error of a
             ratio of means (Cochran, Sampling Techniques, 1977, 6.4); that of the difference is put together from the
             two (Zou and Donner, "Construction of confidence limits about effect measures", Statistics in Medicine
             27, 2008)

Hedges' g is the difference in standard deviations, pooled of the two arms, or of the paired differences, corrected for
small samples (Hedges, "Distribution theory for Glass's estimator of effect size", Journal of Educational Statistics 6,
1981): 0.2 is small, 0.5 medium, 0.8 large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from agentgauge.analysis import permutation, proportions
from agentgauge.analysis.bootstrap import mean_limits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

Kind = Literal["binary", "number", "ratio"]
Interval = tuple[float, float]

POWER = 0.8
"""How often the units that are said to be needed would show the difference."""
_WIDEST = 5.0
"""Margins of a ratio, in ratios, beyond which its limits, e^5 times it and more, say nothing."""


class Observation(msgspec.Struct, frozen=True):
    unit: str
    value: float
    weight: float = 1.0
    """Of a ratio: what the value is divided by."""


class Contrast(msgspec.Struct, frozen=True, kw_only=True):
    """The first arm against the second."""

    difference: float
    ci_low: float
    ci_high: float
    effect_size: float
    p_value: float
    method: str
    direction: float
    """Below 0 where the first has less, above where it has more. Known where the difference is not: of an arm without
    any success the cost per success is not a number, and still the worse."""
    n_a: int
    n_b: int
    shared: int
    mean_a: float
    mean_b: float
    """Each arm's figure, of the units that the difference is of."""
    size: float
    """The difference and the variances by which the units needed are found, in a scale of their own."""
    variance_a: float
    variance_b: float
    """Of one unit of either arm; of pairs the first is that of a pair, the second 0."""
    paired: bool
    mid_p: bool = False
    """Whether of outcomes as unlikely as the one at hand half count."""

    def needed(self, alpha: float) -> int | None:
        """Units more per arm by which a difference of this size is told from chance at `alpha`, in 8 of 10 cases.

        The smallest k with variance_a / (n_a + k) + variance_b / (n_b + k) <= (size / (z(1 - alpha/2) + z(0.8)))^2,
        by the normal distribution, and of few units at least as many as can have a p-value of `alpha` at all. At least
        1; None without a difference, or where nothing varies.
        """
        from scipy.special import ndtri

        spread = self.variance_a + self.variance_b
        if not (math.isfinite(self.size) and math.isfinite(spread) and self.size and spread):
            return None
        allowed = (self.size / float(ndtri(1 - alpha / 2) + ndtri(POWER))) ** 2
        if allowed == 0:
            return None
        # allowed (n_a + k) (n_b + k) = variance_a (n_b + k) + variance_b (n_a + k)
        half = (self.n_a + self.n_b - spread / allowed) / 2
        rest = self.n_a * self.n_b - (self.variance_a * self.n_b + self.variance_b * self.n_a) / allowed
        more = -half + math.sqrt(max(half * half - rest, 0.0))
        if not math.isfinite(more):
            return None
        units = max(math.ceil(more - 1e-9), 1)
        while self._least_p(units) > alpha * (1 + 1e-9):
            units += 1
        return units

    def _least_p(self, more: int) -> float:
        """The p-value of the most unlikely outcome, where as many units are more in either arm."""
        from scipy.special import binom

        if self.paired:
            return 2.0 ** (1 - self.n_a - more)
        return (1 if self.mid_p else 2) / float(binom(self.n_a + self.n_b + 2 * more, self.n_a + more))


def check(name: str, observations: Sequence[Observation], kind: Kind) -> None:
    """Raises `ValueError` for observations that are none of the kind, and for a unit that is there twice."""
    seen: set[str] = set()
    for observation in observations:
        if observation.unit in seen:
            raise ValueError(f"{name}: unit {observation.unit!r} is there twice; a unit counts as one")
        seen.add(observation.unit)
        if not (math.isfinite(observation.value) and math.isfinite(observation.weight)):
            raise ValueError(f"{name}: {observation.unit!r} is not finite: leave out what is not known")
        if kind == "binary" and observation.value not in (0, 1):
            raise ValueError(f"{name}: {observation.unit!r} is 1 or 0, got {observation.value}")
        if kind == "ratio" and observation.weight < 0:
            raise ValueError(f"{name}: the weight of {observation.unit!r} is negative: {observation.weight}")


def level(observations: Sequence[Observation], kind: Kind, confidence: float) -> tuple[float, float, float]:
    """An arm's figure and its interval."""
    values, weights = _columns(observations)
    if not values.size:
        return math.nan, math.nan, math.nan
    if kind == "binary":
        return float(values.mean()), *proportions.wilson(int(values.sum()), values.size, confidence)
    if kind == "number":
        return float(values.mean()), *mean_limits(values, confidence)
    return _ratio(values, weights), *_ratio_limits((values, weights), confidence)


def contrast(
    first: Sequence[Observation],
    second: Sequence[Observation],
    kind: Kind,
    paired: bool,
    confidence: float,
    exchanges: int = permutation.EXCHANGES,
) -> Contrast:
    """Two arms; with `paired` the units that both have, each against itself. `exchanges` as in the permutation tests:
    fewer are as right and less fine.
    """
    names = {observation.unit for observation in second}
    both = {observation.unit for observation in first if observation.unit in names}
    if paired:
        first, second = (
            sorted((one for one in arm if one.unit in both), key=lambda one: one.unit) for arm in (first, second)
        )
    a, b = _columns(first), _columns(second)
    if kind == "binary":
        return _binary(a, b, paired, confidence, len(both))
    of = _number if kind == "number" else _of_ratio
    return of(a, b, paired, confidence, len(both), exchanges)


_Columns = tuple["Values", "Values"]


def _columns(observations: Sequence[Observation]) -> _Columns:
    import numpy as np

    return (
        np.array([observation.value for observation in observations], dtype=np.float64),
        np.array([observation.weight for observation in observations], dtype=np.float64),
    )


def _binary(first: _Columns, second: _Columns, paired: bool, confidence: float, shared: int) -> Contrast:
    (a, _), (b, _) = first, second
    won, other = int(a.sum()), int(b.sum())
    if paired:
        only_a, only_b = int((a > b).sum()), int((b > a).sum())
        p_value = proportions.mcnemar_exact(only_a, only_b) if a.size else math.nan
        low, high = proportions.bonett_price(only_a, only_b, a.size, confidence)
    else:
        p_value = proportions.fisher_mid_p(won, a.size, other, b.size)
        low, high = proportions.agresti_caffo(won, a.size, other, b.size, confidence)
    mean_a, mean_b = _mean(a), _mean(b)
    difference = mean_a - mean_b
    effect = proportions.cohen_h(mean_a, mean_b) if a.size and b.size else math.nan
    size, variances = effect, (1.0, 1.0)
    if paired:
        size, variances = difference, ((_mean(a != b) - difference**2) if a.size else math.nan, 0.0)
    return Contrast(
        difference=difference,
        ci_low=low,
        ci_high=high,
        effect_size=effect,
        p_value=p_value,
        method=_method(p_value, "exact McNemar; Bonett-Price" if paired else "Fisher mid-p; Agresti-Caffo"),
        direction=difference,
        n_a=a.size,
        n_b=b.size,
        shared=shared,
        mean_a=mean_a,
        mean_b=mean_b,
        size=size,
        variance_a=variances[0],
        variance_b=variances[1],
        paired=paired,
        mid_p=not paired,
    )


def _number(
    first: _Columns, second: _Columns, paired: bool, confidence: float, shared: int, exchanges: int
) -> Contrast:
    return _of_means(first[0], second[0], paired, confidence, shared, exchanges)


def _of_ratio(
    first: _Columns, second: _Columns, paired: bool, confidence: float, shared: int, exchanges: int
) -> Contrast:
    (a, weights_a), (b, weights_b) = first, second
    weight = float(weights_a.sum() + weights_b.sum())
    if weight == 0:  # neither has a ratio, and there is nothing to compare
        nothing = _of_means(a[:0], b[:0], paired, confidence, shared, exchanges)
        return msgspec.structs.replace(nothing, n_a=a.size, n_b=b.size)
    common = float(a.sum() + b.sum()) / weight
    found = _of_means(a - common * weights_a, b - common * weights_b, paired, confidence, shared, exchanges)
    low, high = _ratio_difference_limits(first, second, paired, confidence)
    ratio_a, ratio_b = _ratio(*first), _ratio(*second)
    how = found.method.partition(";")[0]
    return msgspec.structs.replace(
        found,
        mean_a=ratio_a,
        mean_b=ratio_b,
        difference=ratio_a - ratio_b,
        ci_low=low,
        ci_high=high,
        method=_method(found.p_value, f"{how}; Zou-Donner"),
    )


def _of_means(a: Values, b: Values, paired: bool, confidence: float, shared: int, exchanges: int) -> Contrast:
    if paired:
        tested = permutation.paired_means(a - b, confidence, exchanges)
    else:
        tested = permutation.two_means(a, b, confidence, exchanges)
    mean_a, mean_b = _mean(a), _mean(b)
    difference = mean_a - mean_b
    variance_a, variance_b = (_variance(a - b), 0.0) if paired else (_variance(a), _variance(b))
    freedom = a.size - 1 if paired else a.size + b.size - 2
    pooled = variance_a
    if not paired and a.size > 1 and b.size > 1:
        pooled = ((a.size - 1) * variance_a + (b.size - 1) * variance_b) / freedom
    name = "studentised permutation; inverted"
    if paired:
        name = "sign-flip permutation; studentised bootstrap"
    return Contrast(
        difference=difference,
        ci_low=tested.low,
        ci_high=tested.high,
        effect_size=_hedges_g(difference, pooled, freedom),
        p_value=tested.p_value,
        method=_method(tested.p_value, name),
        direction=difference,
        n_a=a.size,
        n_b=b.size,
        shared=shared,
        mean_a=mean_a,
        mean_b=mean_b,
        size=difference,
        variance_a=variance_a,
        variance_b=variance_b,
        paired=paired,
    )


def _method(p_value: float, name: str) -> str:
    return "none" if math.isnan(p_value) else name


def _hedges_g(difference: float, variance: float, freedom: int) -> float:
    """With the exact correction, by gamma functions. NaN where nothing varies and something differs."""
    if freedom < 1 or not math.isfinite(variance):
        return math.nan
    if variance == 0:
        return math.nan if difference else 0.0
    half = freedom / 2
    correction = 1.0
    if freedom > 1:
        correction = math.exp(math.lgamma(half) - math.lgamma(half - 0.5)) / math.sqrt(half)
    return correction * difference / math.sqrt(variance)


def _ratio_limits(arm: _Columns, confidence: float) -> Interval:
    from scipy.special import stdtrit

    values, weights = arm
    ratio = _ratio(values, weights)
    if values.size < 2 or not math.isfinite(ratio):
        return math.nan, math.nan
    error = math.sqrt(_variance(_linearised(arm)) / values.size)
    margin = float(stdtrit(values.size - 1, (1 + confidence) / 2)) * error
    if margin == 0:
        return math.nan, math.nan
    if ratio <= 0:
        return ratio - margin, ratio + margin
    if margin > _WIDEST * ratio:
        return math.nan, math.nan
    factor = math.exp(margin / ratio)
    return ratio / factor, ratio * factor


def _ratio_difference_limits(first: _Columns, second: _Columns, paired: bool, confidence: float) -> Interval:
    import numpy as np

    a, b = _ratio(*first), _ratio(*second)
    (low_a, high_a), (low_b, high_b) = _ratio_limits(first, confidence), _ratio_limits(second, confidence)
    if math.isnan(low_a) or math.isnan(low_b):
        return math.nan, math.nan
    together = float(np.corrcoef(_linearised(first), _linearised(second))[0, 1]) if paired else 0.0

    def margin(of_a: float, of_b: float) -> float:
        return math.sqrt(max(of_a**2 + of_b**2 - 2 * together * of_a * of_b, 0.0))

    return a - b - margin(a - low_a, high_b - b), a - b + margin(high_a - a, b - low_b)


def _linearised(arm: _Columns) -> Values:
    """By how much each unit moves the ratio, times their number."""
    values, weights = arm
    moved: Values = (values - _ratio(values, weights) * weights) / weights.mean()
    return moved


def _ratio(values: Values, weights: Values) -> float:
    weight = float(weights.sum())
    return float(values.sum()) / weight if weight else math.nan


def _mean(values: Values | NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else math.nan


def _variance(values: Values) -> float:
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):  # of figures too large for squares: infinite, and said of none
        return float(values.var(ddof=1)) if values.size > 1 else math.nan
