"""Rank correlation: whether two metrics rise and fall together, in whatever shape, with how sure one can be.

    rho        Spearman's: the correlation of ranks, ties at their mean rank ("The proof and measurement of association
               between two things", American Journal of Psychology 15, 1904)
    interval   Fisher's z with the standard error of Bonett and Wright, sqrt((1 + rho^2 / 2) / (n - 3)) ("Sample size
               requirements for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65, 2000)
    p-value    Student's t on n - 2 degrees of freedom, as `scipy.stats.spearmanr`; of up to seven values all orders
               are gone through, and of values in order of time the larger of the two p-values counts

Values in the order of time (days) depend on the day before. Of such, n counts as n (1 - ab) / (1 + ab), a and b being
the ranks' correlations with the day before (Bartlett, "Some aspects of the time-correlation problem", Journal of the
Royal Statistical Society 98, 1935): two series that both drift are otherwise related by nothing but time.

A correlation is no cause.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import msgspec

from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.ranks import average_ranks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

FEWEST = 4
"""Values below which nothing is said."""
_ALL_ORDERS = 7
_SAME = 1e-9


class Correlation(msgspec.Struct, frozen=True):
    a: str
    b: str
    n: int
    """Units, or buckets, that have both."""
    rho: float
    """-1 to 1; NaN of fewer than four, and where one of the two does not vary."""
    ci_low: float
    ci_high: float
    p_value: float
    p_adjusted: float
    """For the number of pairs."""
    effective_n: float
    """How many independent values they are worth: below n where values depend on the ones before."""
    shown: bool
    """Whether the adjusted p-value is at most 1 - confidence, and the interval, where there is one, excludes 0."""


def correlations(
    metrics: Mapping[str, Sequence[float]], *, ordered: bool = False, confidence: float = 0.95
) -> tuple[Correlation, ...]:
    """Each pair of metrics, in the order given. Their values are of the same units in the same order, NaN where a unit
    has none; `ordered` says that this is the order of time. Raises `ValueError` for lists of different lengths.
    """
    import numpy as np

    if len({len(values) for values in metrics.values()}) > 1:
        raise ValueError("each metric has a value, or NaN, for each unit")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is between 0 and 1, got {confidence}")
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in metrics.items()}
    found = [
        _correlation(a, b, columns[a], columns[b], ordered=ordered, confidence=confidence)
        for a, b in combinations(columns, 2)
    ]
    adjusted = holm([one.p_value for one in found])
    return tuple(
        msgspec.structs.replace(one, p_adjusted=p, shown=p <= 1 - confidence and not one.ci_low <= 0 <= one.ci_high)
        for one, p in zip(found, adjusted, strict=True)
    )


def _correlation(a: str, b: str, first: Values, second: Values, *, ordered: bool, confidence: float) -> Correlation:
    import numpy as np
    from scipy.special import ndtri, stdtr

    known = np.isfinite(first) & np.isfinite(second)
    n = int(known.sum())
    x, y = (_standardised(average_ranks(values[known])) for values in (first, second))
    if n < FEWEST or not x.any() or not y.any():
        return Correlation(a, b, n, *(math.nan,) * 5, float(n), False)
    rho = float(np.clip(x @ y, -1, 1))
    effective = _effective(x, y) if ordered else float(n)
    low = high = math.nan
    if effective > FEWEST - 1 and abs(rho) < 1 - _SAME:
        error = math.sqrt((1 + rho * rho / 2) / (effective - 3)) * float(ndtri((1 + confidence) / 2))
        low, high = math.tanh(math.atanh(rho) - error), math.tanh(math.atanh(rho) + error)
    exact = _exact(x, y) if n <= _ALL_ORDERS else 0.0
    if exact and not ordered:
        p_value = exact
    elif effective > FEWEST - 1:
        freedom = effective - 2
        t = math.inf if abs(rho) >= 1 - _SAME else abs(rho) * math.sqrt(freedom / (1 - rho * rho))
        p_value = max(2 * float(stdtr(freedom, -t)), exact)
    else:
        p_value = math.nan
    return Correlation(a, b, n, rho, low, high, p_value, math.nan, effective, False)


def _standardised(ranks: Values) -> Values:
    """Around 0 and of length 1, so that products are correlations; all 0 where they do not vary."""
    import numpy as np

    centred = ranks - ranks.mean() if ranks.size else ranks
    length = float(np.sqrt(centred @ centred))
    return centred / length if length else centred


def _effective(x: Values, y: Values) -> float:
    """At most as many as there are."""
    together = float(x[1:] @ x[:-1]) * float(y[1:] @ y[:-1])
    return x.size * min((1 - together) / (1 + together), 1.0)


def _exact(x: Values, y: Values) -> float:
    import numpy as np

    found = np.abs(np.array(list(permutations(y))) @ x)
    return float(np.mean(found >= abs(float(x @ y)) - _SAME))
