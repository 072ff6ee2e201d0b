"""Why a figure changed, in words: a sentence that leads with the largest parts, and what to keep in mind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import tzinfo
from decimal import Decimal

from agentgauge.analysis.decomposition import Part
from agentgauge.service import wording
from agentgauge.service.reports.explanation import Explanation, Period, Shares

_NAMED = 4
"""Parts that the sentence names at most."""
_WORTH_NAMING = Decimal("0.05")
"""Of all parts together, without their signs: smaller ones are in the table."""

_MORE_AND_LESS = {
    "length": ("a longer window", "a shorter window"),
    "models": ("a dearer mix of models", "a cheaper mix of models"),
    "input_tokens": ("more input per call", "less input per call"),
    "output_tokens": ("more output per call", "less output per call"),
    "cache": ("less gained from caches", "more gained from caches"),
    "prices": ("higher prices", "lower prices"),
    "charges": ("higher charges per call", "lower charges per call"),
    "tools": ("more spent on tools", "less spent on tools"),
    "within": ("higher within groups", "lower within groups"),
    "mix": ("a mix with more of what is high", "a mix with more of what is low"),
}
_COUNTED = {"volume": "{unit}s", "calls": "{priced}calls per {unit}", "retries": "failed {priced}calls per {unit}"}
_OF_TOKENS = {"models": ("a mix of models that take more", "a mix of models that take less")}
LABELS = {
    "length": "length of the window",
    "volume": "volume",
    "calls": "{priced}calls per {unit}",
    "retries": "failed {priced}calls (retries)",
    "models": "mix of models",
    "input_tokens": "input per call",
    "output_tokens": "output per call",
    "cache": "cache",
    "prices": "prices",
    "charges": "charges without tokens",
    "tools": "tools",
    "within": "within groups",
    "mix": "mix of groups",
    "all": "all",
}


class Told(Explanation, frozen=True, kw_only=True):
    """An explanation, and what it comes to in words."""

    sentence: str
    """What changed and why, the largest parts first."""
    remarks: tuple[str, ...]
    """What to keep in mind; first of all where the difference is known in part only."""


def told(answer: Explanation, zone: tzinfo) -> Told:
    """Times are by the clocks of a zone."""
    first = (unknown(answer),) if answer.is_partial else ()
    return Told(
        **{name: getattr(answer, name) for name in Explanation.__struct_fields__},
        sentence=sentence(answer),
        remarks=(*first, *remarks(answer, zone)),
    )


def amount(value: Decimal | None, unit: str, *, signed: bool = False) -> str:
    """A figure of the metric, or a difference of two."""
    if value is None:
        return wording.NOTHING
    sign = "+" if signed and value > 0 else ""
    if unit == "USD":
        return sign + wording.money(value)
    if unit == "token":
        return f"{sign}{int(value):,}"
    if unit == "1":
        return f"{sign}{_points(value)} points" if signed else wording.percent(float(value))
    return sign + wording.number(float(value), unit)


def label(part: Part, answer: Explanation) -> str:
    """What a part is called in a table."""
    return LABELS[part.factor].format(**_words(answer))


def _words(answer: Explanation) -> dict[str, str]:
    """Calls per call are those of all that did not fail."""
    kind = "priced " if answer.is_partial else ""
    return {"unit": answer.unit_of_work or "", "priced": f"succeeded {kind}" if answer.unit_of_work == "call" else kind}


def factor(part: Part, value: float, answer: Explanation, period: Period) -> str:
    """A factor itself, as it was or is; nothing where it is not one number."""
    if math.isnan(value):
        return ""
    match part.factor:
        case "length":
            return _days(value)
        case "volume":
            same_length = answer.before.days == answer.after.days
            return wording.count(period.count) if same_length else f"{value:,.1f} a day"
        case "input_tokens" | "output_tokens":
            return f"{value:,.0f}"
        case "cache":
            return f"{wording.percent(value)} read"
        case "charges" | "tools":
            return wording.money(Decimal(repr(value)))
        case _:
            return f"{value:,.2f}"


def sentence(answer: Explanation) -> str:
    """What changed and why, the largest parts first."""
    name, unit = _name(answer), answer.unit
    if answer.change is None:
        return f"{name}: nothing to compare, as one of the windows has no values."
    before, after = (
        "nothing" if period.value is None else amount(period.value, unit) for period in (answer.before, answer.after)
    )
    be = "are" if answer.metric.endswith("s") and not answer.metric.endswith("ss") else "is"
    if not answer.before.value and not answer.after.value:
        if answer.before.value is None or answer.after.value is None:
            return "Cost is not known: no call of the windows has a price."
        return f"{name} {be} {after} in both windows."
    if not answer.change:
        parts = _parts(answer)
        return f"{name} {be} the same in both windows{',' if parts else ':'} {after}{parts}."
    verb = "rose" if answer.change > 0 else "fell"
    share = "" if math.isnan(answer.relative) or unit == "1" else f" ({wording.percent(abs(answer.relative))})"
    by = amount(abs(answer.change), unit, signed=unit == "1").removeprefix("+")
    return f"{name} {verb} by {by}{share}, from {before} to {after}{_parts(answer)}.{_leaders(answer)}"


def _parts(answer: Explanation) -> str:
    named = [
        f"{phrase(part, answer)} ({amount(part.amount, answer.unit, signed=True)})" for part in _largest(answer.parts)
    ]
    return f": {', '.join(named)}" if named else ""


def _leaders(answer: Explanation) -> str:
    """Who contributed most, of dimensions that have several values."""
    firsts = [(found.by, found.rows[0]) for found in answer.contributors if len(found.rows) > 1]
    named = [
        f"by {by} {'(none)' if row.key is None else row.key} ({amount(row.change, answer.unit, signed=True)})"
        for by, row in firsts
        if row.change
    ]
    return f" Most {' and '.join(named)}." if named else ""


def _points(value: Decimal) -> str:
    """Percentage points; those that are not nothing are not shown as it."""
    points = value * 100
    if points and abs(points) < Decimal("0.005"):
        return "<0.01" if points > 0 else "-<0.01"
    return f"{points:.1f}" if not points or abs(points) >= Decimal("0.05") else f"{points:.2f}"


def _largest(parts: tuple[Part, ...]) -> list[Part]:
    size = sum(abs(part.amount) for part in parts)
    ordered = sorted(parts, key=lambda part: -abs(part.amount))
    return [part for part in ordered[:_NAMED] if part.amount and abs(part.amount) >= size * _WORTH_NAMING]


def phrase(part: Part, answer: Explanation) -> str:
    """What changed, in the direction that its amount says: 19.0 % more operations, lower prices."""
    if part.factor not in _COUNTED:
        words = _MORE_AND_LESS | (_OF_TOKENS if answer.unit == "token" else {})
        return words[part.factor][part.amount < 0]
    what = _COUNTED[part.factor].format(**_words(answer))
    if part.factor == "volume" and answer.before.days != answer.after.days:
        what += " a day"
    more = "more" if part.amount > 0 else "fewer"
    ratio = part.after / part.before if part.before else math.nan
    if math.isnan(ratio) or not 0.001 <= abs(ratio - 1) < 10:
        return f"{more} {what}"
    return f"{wording.percent(abs(ratio - 1))} {more} {what}"


def remarks(answer: Explanation, zone: tzinfo) -> Iterator[str]:
    """What to keep in mind about the two windows."""
    if not answer.before.count and not answer.after.count:
        yield "Nothing of it is in either window: an overview says what there is."
    elif answer.unit_of_work == "call":
        yield "One of the windows has calls and no operations (tasks): the unit of work is a model call."
    elif answer.unit_of_work == "use":
        yield "One of the windows has tools and nothing else: the unit of work is a use, of a model or a tool."
    if answer.shares is not None:
        yield from _chance(answer.shares)
    if answer.unit == "USD" and (answer.before.failed or answer.after.failed):
        before, after = (amount(period.failed, answer.unit) for period in (answer.before, answer.after))
        yield f"Failed calls cost {after} of it, {before} before."
    for which, period in (("later", answer.after), ("earlier", answer.before)):
        if period.is_unfinished:
            yield f"The {which} window is not over: it has had {_days(period.days)} so far."
    if answer.before.days != answer.after.days:
        yield f"The windows differ in length: {_days(answer.before.days)} against {_days(answer.after.days)}."
    if answer.overlap:
        yield "The windows overlap: what is in both cannot differ."
    if answer.recorded_since is not None:
        began, end = wording.moment(answer.recorded_since, zone), answer.before.window.end
        where = "inside" if end is None or answer.recorded_since < end else "after"
        yield f"Recording began on {began}, {where} the earlier window."


def _chance(shares: Shares) -> Iterator[str]:
    """Whether two shares differ by more than chance, and where more is said about that."""
    counts = f"{shares.before:,} of {shares.n_before:,} before, {shares.after:,} of {shares.n_after:,} after"
    p_value = "p < 0.001" if shares.p_value < 0.0005 else f"p = {shares.p_value:.3f}"
    told = "more than chance explains" if shares.shown else "cannot be told from chance"
    yield f"{counts}: {told} (Fisher's exact test, mid-p: {p_value}), if none depended on another."
    yield "A comparison tests arms on the same work, trends the course of days."


def unknown(answer: Explanation) -> str:
    """What must be said first: that the difference is known in part only."""
    before, after = answer.before.unpriced_calls, answer.after.unpriced_calls
    return (
        f"{wording.count_of(after, 'call')} without a price, {wording.count(before)} before: "
        "the change of the whole cost is not known. What follows is of the priced calls."
    )


def _name(answer: Explanation) -> str:
    name = answer.metric.replace("_", " ")
    return name[:1].upper() + name[1:] + (" of priced calls" if answer.is_partial else "")


def _days(days: float) -> str:
    if days < 2 and days != 1:
        return wording.duration(days * 86_400_000)
    whole, hours = divmod(round(days * 24), 24)
    return wording.count_of(whole, "day") + (f" {hours} h" if hours else "")
