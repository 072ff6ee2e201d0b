"""Whether rows of values rise more often than chance has them rise.

Of n values in an order of chance as many as m are followed by a larger one with the probability A(n, m) / n!, the
Eulerian numbers (Graham, Knuth, Patashnik, Concrete Mathematics, 2nd edition, 6.2). Values that tie, and rises that
have to be of some size, make it less likely still. So many rows of a number rise by chance as a binomial says, of their
mean probability: rows of several lengths scatter less (Hoeffding, "On the distribution of the number of successes in
independent trials", Annals of Mathematical Statistics 27, 1956), so the p-value is an upper limit.

Pure functions; a length is computed once, the longest in half a millisecond.
"""

from __future__ import annotations

import math
from functools import cache

LONGEST = 60
"""Values of which the probabilities are computed. Of more it is less likely that a share above a half of them rises."""


def chance_of_rising(values: int, share: float) -> float:
    """How likely at least `share` of the steps between so many values rise by chance."""
    if share <= 0.5 and values > LONGEST:
        return 1.0
    n = min(values, LONGEST)
    least = math.ceil(share * (n - 1) - 1e-9)
    return min(math.fsum(_ascents(n)[least:]), 1.0)


def p_value_of_risers(risers: int, chances: float, rows: int) -> float:
    """How likely as many of the rows, or more, rise by chance; `chances` is the sum of their probabilities.

    1 where chance has about as many of them rise, of which the binomial is no limit.
    """
    if risers == 1:
        return min(chances, 1.0)  # the chance of any is at most the sum of their chances
    if risers < chances + 1:
        return 1.0
    from scipy.special import bdtrc  # deferred: who only records never needs it

    return float(bdtrc(risers - 1, rows, min(chances / rows, 1.0)))


@cache
def _ascents(n: int) -> tuple[float, ...]:
    """How likely n values have 0, 1, ... n - 1 rises: A(n, m) = (m + 1) A(n - 1, m) + (n - m) A(n - 1, m - 1)."""
    if n <= 1:
        return (1.0,)
    before = (0.0, *_ascents(n - 1), 0.0)
    return tuple(((m + 1) * before[m + 1] + (n - m) * before[m]) / n for m in range(n))
