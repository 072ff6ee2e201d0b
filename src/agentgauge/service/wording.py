"""Figures as people read them, in every door. What is not known is said in words or shown as a dash, never as zero."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

NOTHING = "-"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def money(amount: Decimal | None) -> str:
    """Dollars: cents from one dollar up, two significant digits below ($42.60, $0.43, $0.0012)."""
    if amount is None:
        return NOTHING
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    digits = 2 if size == 0 or size >= 1 else max(2, 1 - size.adjusted())
    return f"{sign}${size.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"


def signed_money(amount: Decimal | None) -> str:
    """A difference of money: +$7.60, -$0.12."""
    return f"+{money(amount)}" if amount is not None and amount > 0 else money(amount)


def cost(amount: Decimal | None, unpriced_calls: int) -> str:
    """Money and, in words, the calls that are not in it."""
    if not unpriced_calls:
        return money(amount)
    words = f"{count_of(unpriced_calls, 'call')} unpriced"
    return words if amount is None else f"{money(amount)} + {words}"


def unpriced(calls: int) -> str:
    """`2 calls unpriced`, and nothing where all have a price."""
    return f"{count_of(calls, 'call')} unpriced" if calls else ""


def count(number: int) -> str:
    return f"{number:,}"


def count_of(number: int, noun: str) -> str:
    """`1 call`, `2,000 calls`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def of_operations(metric: str, per: str) -> str | None:
    """Why no operation has a cost or tokens that are known; None where that was not asked about."""
    if per != "operation" or metric not in ("cost", "tokens"):
        return None
    return f"no call {'with a known cost' if metric == 'cost' else 'with tokens'} belongs to an operation here"


def percent(ratio: float) -> str:
    """A ratio 0-1 in percent. What is not all, or not nothing, is not rounded to it."""
    if math.isnan(ratio):
        return NOTHING
    text = f"{ratio * 100:.1f}"
    if text == "100.0" and ratio < 1:
        text = ">99.9"
    if text == "0.0" and ratio > 0:
        text = "<0.1"
    return f"{text} %"


def p_value(p: float) -> str:
    """A chance, as precise as it is worth reading."""
    if math.isnan(p):
        return NOTHING
    if p < 0.001:
        return "<0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def duration(ms: float) -> str:
    """Milliseconds in the unit that fits: 12 ms, 3.4 s, 2 min 5 s, 1 h 2 min. Not nothing is never 0.0."""
    if math.isnan(ms):
        return NOTHING
    if 0 < ms < 0.05:
        return "<0.1 ms"
    if ms < 9.95:
        return f"{ms:.1f} ms"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    if ms < 99_950:
        return f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60} min"


def score(value: float) -> str:
    """A quality score on 0-100."""
    return NOTHING if math.isnan(value) else f"{value:.1f}"


def number(value: float, unit: str) -> str:
    """A figure of any metric in its unit: time, money and ratios as everywhere, others with four significant digits."""
    if math.isnan(value):
        return NOTHING
    if unit == "ms":
        return duration(value) if value >= 0 else f"-{duration(-value)}"
    if unit == "USD":
        return money(Decimal(repr(value)))
    digits = 0 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:,.0f}" if value == round(value) or digits == 0 else f"{value:,.{min(digits, 12)}f}"


def size(number: int) -> str:
    """Bytes in the unit that fits."""
    amount = float(number)
    for unit in _UNITS:
        if amount < 1024 or unit == _UNITS[-1]:
            return f"{number} B" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= 1024
    raise AssertionError


def moment(time: datetime | None, zone: tzinfo) -> str:
    """A time to the minute by the clocks of a zone."""
    return NOTHING if time is None else f"{time.astimezone(zone):%Y-%m-%d %H:%M}"


def window(start: datetime | None, end: datetime | None, zone: tzinfo) -> str:
    """Which time a figure is about: `everything recorded`, `since 2026-03-02 00:00`, `2026-03-02 00:00 to ...`."""
    if start is None:
        return "everything recorded" if end is None else f"everything before {moment(end, zone)}"
    return f"since {moment(start, zone)}" if end is None else f"{moment(start, zone)} to {moment(end, zone)}"


def bucket(start: datetime, width: str) -> str:
    """The start of a bucket, as precisely as its width needs."""
    forms = {"day": "%a %Y-%m-%d", "week": "Mon %Y-%m-%d", "month": "%b %Y"}
    return start.strftime(forms.get(width, "%a %d %b %H:%M"))


def buckets(starts: Sequence[datetime], width: str) -> list[str]:
    """The starts of buckets; those that clocks show twice, when they are put back, with their offset from UTC."""
    texts = [bucket(start, width) for start in starts]
    times = Counter(texts)
    return [
        text if times[text] == 1 else f"{text} {start.isoformat()[-6:]}"
        for text, start in zip(texts, starts, strict=True)
    ]
