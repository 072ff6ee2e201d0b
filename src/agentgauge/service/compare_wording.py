"""Comparisons in words: what is known of a pair of arms, who wins, and what to keep in mind."""

from __future__ import annotations

import math

from agentgauge.analysis.comparison import Pair
from agentgauge.analysis.metrics import is_ratio
from agentgauge.service import wording
from agentgauge.service.reports.compare import UnitsComparison

_FEW_UNITS = 10
_BEYOND_REACH = 100_000


def pair_sentence(pair: Pair, answer: UnitsComparison) -> str:
    """What is known of a pair, in one sentence."""
    said = _levels(pair, answer)
    if math.isnan(pair.p_value):
        return f"{said}; too few {answer.unit}s to tell."
    tests = sum(not math.isnan(pair.p_value) for pair in answer.pairs)
    adjusted = f", adjusted for {tests} pairs" if tests > 1 else ""
    p = wording.p_value(pair.p_adjusted)
    p = f"(p {p if p.startswith('<') else f'= {p}'}{adjusted})"
    if pair.verdict != "no difference shown":
        return f"{said}; {pair.a} is {pair.verdict} {p}."
    return f"{said}; no difference shown {p}{_needed(pair, answer)}."


def _levels(pair: Pair, answer: UnitsComparison) -> str:
    """The two figures that the difference is between, and of how many units they are."""
    a, b = figure(pair.mean_a, answer), figure(pair.mean_b, answer)
    units = f"{answer.unit}s" if pair.n_a != 1 else answer.unit
    if answer.metric == "success":
        if answer.paired:
            return f"Of {pair.n_a:,} {units} that both have, {pair.a} succeeded in {a}, {pair.b} in {b}"
        return f"{pair.a} succeeded in {a} of {pair.n_a:,} {units}, {pair.b} in {b} of {pair.n_b:,}"
    if answer.paired:
        return f"Of {pair.n_a:,} {units} that both have, {answer.metric} is {a} for {pair.a}, {b} for {pair.b}"
    return f"{answer.metric} is {a} for {pair.a} ({pair.n_a:,} {units}), {b} for {pair.b} ({pair.n_b:,})"


def _needed(pair: Pair, answer: UnitsComparison) -> str:
    if pair.needed_n is None:
        return ""
    if pair.needed_n > _BEYOND_REACH:
        return f"; not even {_BEYOND_REACH:,} more {answer.unit}s per arm would show one so small"
    digits = max(len(str(pair.needed_n)) - 2, 0)
    about = math.ceil(pair.needed_n / 10**digits) * 10**digits
    units = answer.unit if about == 1 else f"{answer.unit}s"
    return f"; about {about:,} more {units} per arm would show it"


def winner(answer: UnitsComparison) -> str:
    if answer.winner is None:
        return f"No {answer.by} is shown better than every other."
    return f"{answer.winner} is shown better than every other."


def remarks(answer: UnitsComparison, pairing: str) -> list[str]:
    """What to keep in mind; `pairing` is what makes a comparison a paired one."""
    found = []
    few = [arm.name for arm in answer.arms if arm.n < _FEW_UNITS]
    if few:
        found.append(f"fewer than {_FEW_UNITS} {answer.unit}s: {', '.join(few)}")
    if answer.without:
        unpriced = f", {answer.unpriced:,} of them with calls that are unpriced" if answer.unpriced else ""
        in_arms = sum(arm.without for arm in answer.arms)
        of_arms = f", {in_arms:,} with those of several arms counted in each" if in_arms > answer.without else ""
        found.append(
            f"{wording.count_of(answer.without, answer.unit)} without a known {answer.metric} left out"
            f"{of_arms}{unpriced}"
        )
    if answer.joined:
        found.append(
            f"{', '.join(answer.joined)}: tasks whose calls have several {answer.by}s; what those calls cost, and "
            "their tokens, are in the arm of each by itself"
        )
    shared = max((pair.shared for pair in answer.pairs), default=0)
    if shared and not answer.paired:
        found.append(
            f"{wording.count_of(shared, answer.unit)} in more than one arm: {pairing} compares each with itself"
        )
    if answer.unassigned_events:
        found.append(f"{wording.count_of(answer.unassigned_events, 'event')} of no {answer.by} left out")
    if answer.outside_events:
        found.append(f"{wording.count_of(answer.outside_events, 'event')} of no {answer.unit} left out")
    return found


def figure(value: float, answer: UnitsComparison) -> str:
    """An arm's figure; a share in percent."""
    return wording.percent(value) if is_ratio(answer.metric) else wording.number(value, answer.metric_unit)


def difference(value: float, answer: UnitsComparison) -> str:
    if math.isnan(value):
        return wording.NOTHING
    sign = "+" if value > 0 else ""
    if is_ratio(answer.metric):
        return f"{sign}{value * 100:.1f} points"
    return f"{sign}{wording.number(value, answer.metric_unit)}"


def interval(low: float, high: float, answer: UnitsComparison, *, of_difference: bool) -> str:
    if math.isnan(low) or math.isnan(high):
        return wording.NOTHING
    if not of_difference:
        return f"{figure(low, answer)} to {figure(high, answer)}"
    first, last = difference(low, answer), difference(high, answer)
    return f"{first.removesuffix(' points')} to {last.removesuffix(' points')}"
