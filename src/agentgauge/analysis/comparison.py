"""Comparison of arms: what each came to, and which differences can be told from chance.

An arm is a way of working (a model, an experiment) and its observations are one per unit of work (an issue, a run). A
unit is what counts as one: calls within an issue depend on each other, issues do not. Observations are of one kind:

    binary   1 or 0 per unit; an arm's figure is the share of 1
    number   a figure per unit; an arm's is their mean
    ratio    two figures per unit, `value` over `weight`; an arm's is the sum of the one over the sum of the other

`agentgauge.analysis.pairs` says how two arms are compared. p-values are adjusted for the number of pairs (Holm), so
that among all pairs of arms that do not differ, one is called different in at most (1 - confidence) of cases;
intervals are of each pair by itself. A verdict goes by the adjusted p-value, from the side of `a`.

Pure functions. A pair of arms of some hundred units each takes some 50 ms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal

import msgspec

from agentgauge.analysis import pairs as pairwise
from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.pairs import Kind, Observation

__all__ = ["Arm", "Comparison", "Kind", "Observation", "Pair", "Verdict", "compare_arms"]

Verdict = Literal["better", "worse", "no difference shown"]


class Arm(msgspec.Struct, frozen=True):
    name: str
    n: int
    """Units."""
    mean: float
    """Share, mean or ratio of sums, in the metric's unit; NaN of nothing."""
    ci_low: float
    ci_high: float


class Pair(msgspec.Struct, frozen=True):
    """`a` against `b`. What cannot be found of so few units is NaN."""

    a: str
    b: str
    difference: float
    """Of a less that of b, in the metric's unit; paired, over the units that both have."""
    ci_low: float
    ci_high: float
    effect_size: float
    """Hedges' g of numbers and ratios, Cohen's h of shares; see `agentgauge.analysis.pairs`."""
    p_value: float
    p_adjusted: float
    method: str
    """The test and the interval, by name; "none" where there are too few units."""
    verdict: Verdict
    """Of a."""
    needed_n: int | None
    """How many more units each arm needs to show the observed difference, were it the true one, in 8 of 10 cases; 0
    where it is shown, None where there is no difference or too little is known."""
    n_a: int
    n_b: int
    """Units that the difference is of."""
    shared: int
    """Units that are in both arms."""
    mean_a: float
    mean_b: float
    """Each arm's figure of those units, which `difference` is between; paired, of the units that both have."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    """What one observation is of: issue, run, session."""
    arms: tuple[Arm, ...]
    pairs: tuple[Pair, ...]
    winner: str | None
    """The arm that is shown better than every other; None where there is none."""
    kind: Kind
    paired: bool
    lower_is_better: bool
    confidence: float


def compare_arms(
    arms: Mapping[str, Sequence[Observation]],
    *,
    metric: str,
    unit: str,
    kind: Kind,
    lower_is_better: bool,
    paired: bool = False,
    confidence: float = 0.95,
) -> Comparison:
    """Every arm by itself and each pair of them, in the order given.

    With `paired`, a pair is compared over the units that both arms have, by name. Raises `ValueError` for a confidence
    outside 0-1, a unit that an arm names twice, values that are not finite, binary ones other than 0 and 1, and
    negative weights.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is between 0 and 1, got {confidence}")
    for name, observations in arms.items():
        pairwise.check(name, observations, kind)
    found = [pairwise.contrast(arms[a], arms[b], kind, paired, confidence) for a, b in combinations(arms, 2)]
    adjusted = holm([contrast.p_value for contrast in found])
    tests = sum(not math.isnan(p) for p in adjusted)
    compared = tuple(
        _pair(a, b, contrast, p, tests, lower_is_better, confidence)
        for (a, b), contrast, p in zip(combinations(arms, 2), found, adjusted, strict=True)
    )
    return Comparison(
        metric=metric,
        unit=unit,
        arms=tuple(
            Arm(name, len(observations), *pairwise.level(observations, kind, confidence))
            for name, observations in arms.items()
        ),
        pairs=compared,
        winner=_winner(tuple(arms), compared),
        kind=kind,
        paired=paired,
        lower_is_better=lower_is_better,
        confidence=confidence,
    )


def _pair(
    a: str, b: str, found: pairwise.Contrast, p: float, tests: int, lower_is_better: bool, confidence: float
) -> Pair:
    shown = p <= 1 - confidence and found.direction != 0
    verdict: Verdict = "no difference shown"
    if shown:
        verdict = "better" if (found.direction < 0) == lower_is_better else "worse"
    return Pair(
        a=a,
        b=b,
        difference=found.difference,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        effect_size=found.effect_size,
        p_value=found.p_value,
        p_adjusted=p,
        method=found.method,
        verdict=verdict,
        needed_n=0 if shown else found.needed(alpha=(1 - confidence) / max(tests, 1)),
        n_a=found.n_a,
        n_b=found.n_b,
        shared=found.shared,
        mean_a=found.mean_a,
        mean_b=found.mean_b,
    )


def _winner(arms: Sequence[str], compared: Sequence[Pair]) -> str | None:
    beaten = {(pair.a, pair.b) for pair in compared if pair.verdict == "better"}
    beaten |= {(pair.b, pair.a) for pair in compared if pair.verdict == "worse"}
    for arm in arms:
        others = [other for other in arms if other != arm]
        if others and all((arm, other) in beaten for other in others):
            return arm
    return None
