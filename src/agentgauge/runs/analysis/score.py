"""The score of configurations, 0-100: how well each does on success, cost, time and quality among those compared.

    score = 100 x sum of weight x s / sum of weights       over the components below

    success   s = resolved issues / issues with an outcome
    cost      s = r / (r + c)     c: US dollars spent, failed work included, per resolved issue
    time      s = r / (r + t)     t: seconds worked, failed work included, per resolved issue
    quality   s = mean quality score / 100

`r` is the median of c (of t) over the configurations compared, unless it is given: at the median s is 1/2, for nothing
it is 1, for twice the median 1/3, and 0 where nothing was resolved. A median, so that one configuration which was tried
on a single easy issue does not set the scale for all others.

A component that is not known of every configuration is left out for all of them, and the weights of the others count
for as much more. So a configuration without a price neither counts as free nor gains by it. The default weights say
that success matters as much as the rest together; they are nobody's law.

Scores are relative: to the weights, and to what is compared unless the references are given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from statistics import median

import msgspec

from agentgauge.errors import QueryError
from agentgauge.runs.analysis.figures import Figures

DEFAULT_WEIGHTS: Mapping[str, float] = {"success": 0.5, "cost": 0.2, "time": 0.1, "quality": 0.2}
COMPONENTS = tuple(DEFAULT_WEIGHTS)
SCALED_BY_REFERENCE = ("cost", "time")


class Scores(msgspec.Struct, frozen=True):
    """Scores of several configurations, in the order given."""

    scores: tuple[float, ...]
    """0-100; NaN where no component is known of all."""
    parts: tuple[dict[str, float], ...]
    """Of each, s of the components that count, 0-1."""
    weights: dict[str, float]
    """Of the components that count; their sum is 1."""
    references: dict[str, float]
    """USD and seconds per resolved issue at which s is 1/2."""
    left_out: dict[str, tuple[int, ...]]
    """Components that have a weight and do not count, and the configurations of which they are not known."""


def component(figures: Figures, name: str) -> float:
    """What a component is made of, in its own unit; NaN where it is not known. Raises `QueryError` for another name."""
    if name not in COMPONENTS:
        raise QueryError(f"no component {name!r}: there are {', '.join(COMPONENTS)}")
    if name == "success":
        return figures.success_rate.value
    if name == "cost":
        return figures.cost_per_resolved.value
    return figures.seconds_per_resolved.value if name == "time" else figures.quality.value


def is_known(figures: Figures, name: str) -> bool:
    """Whether there is such a component of figures: of a cost that is not known there is none, and it is not 0."""
    return not math.isnan(component(figures, name))


def scores(
    compared: Sequence[Figures],
    weights: Mapping[str, float] | None = None,
    references: Mapping[str, float] | None = None,
) -> Scores:
    """Scores of what is compared. Raises `QueryError` for weights and references that cannot be used."""
    asked = checked_weights(weights)
    given = _checked_references(references)
    values = {name: [component(figures, name) for figures in compared] for name in asked}
    left_out = {name: tuple(i for i, value in enumerate(found) if math.isnan(value)) for name, found in values.items()}
    counting = [name for name in asked if not left_out[name]]
    total = math.fsum(asked[name] for name in counting)
    used = {name: asked[name] / total for name in counting}
    scale = {
        name: given.get(name, _median(values[name])) for name in counting if name in SCALED_BY_REFERENCE and compared
    }
    parts = tuple(
        {name: _scaled(name, values[name][i], scale.get(name, math.nan)) for name in counting}
        for i in range(len(compared))
    )
    return Scores(
        scores=tuple(
            100 * math.fsum(used[name] * part[name] for name in counting) if counting else math.nan for part in parts
        ),
        parts=parts,
        weights=used,
        references=scale,
        left_out={name: without for name, without in left_out.items() if without},
    )


def checked_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    """Those above 0. Components that are not named have none; without any, the default ones."""
    given = dict(DEFAULT_WEIGHTS if weights is None else weights)
    _check("weight", given, COMPONENTS, least="at least 0")
    asked = {name: float(given[name]) for name in COMPONENTS if given.get(name)}
    if not asked:
        raise QueryError(f"no component has a weight above 0: give one to some of {', '.join(COMPONENTS)}")
    return asked


def _checked_references(references: Mapping[str, float] | None) -> dict[str, float]:
    given = dict(references or {})
    _check("reference", given, SCALED_BY_REFERENCE, least="above 0")
    return {name: float(value) for name, value in given.items()}


def _check(what: str, given: Mapping[str, float], names: Sequence[str], least: str) -> None:
    for name, value in given.items():
        if name not in names:
            near = get_close_matches(str(name), names, n=1)
            raise QueryError(
                f"no component {name!r} has a {what}{f': did you mean {near[0]}?' if near else '.'} "
                f"There are {', '.join(names)}"
            )
        is_number = type(value) in (int, float) and math.isfinite(value)
        if not is_number or value < 0 or (value == 0 and least == "above 0"):
            raise QueryError(f"the {what} of {name} is a number {least}, got {value!r}")


def _median(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return median(finite) if finite else math.nan


def _scaled(name: str, value: float, reference: float) -> float:
    if name == "success":
        return value
    if name == "quality":
        return value / 100
    if math.isinf(value):
        return 0.0
    return reference / (reference + value) if value else 1.0
