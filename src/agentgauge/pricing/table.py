"""Dated price rows, ours or the user's: which of them are about a model, and which hold when.

Prices are dated facts: a change is a new row, never another figure in an old one. Rows that hold at once are told apart
by their bands; of two that say the same the later in the file wins, so that hours can be an exception to a price of the
whole day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

import msgspec

from agentgauge.pricing.names import ModelName, vendor_name
from agentgauge.pricing.rates import Rates, RateWindow

_DAY = timedelta(days=1)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One dated price."""

    model: str
    provider: str | None
    tier: str
    start: datetime
    end: datetime
    hours: tuple[timedelta, timedelta] | None
    days: tuple[int, ...]
    """Weekdays, Monday is 0."""
    above: int
    rates: Rates
    source: str


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """A tier's share of the standard price, where the provider states it as a share."""

    provider: str
    tier: str
    models: tuple[str, ...]
    start: datetime
    end: datetime
    factor: Decimal
    rates: tuple[str, ...]
    source: str


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """The end of models: from then on their provider bills nothing under these names."""

    models: tuple[str, ...]
    provider: str | None
    start: datetime
    source: str


class Table(msgspec.Struct, frozen=True):
    """Dated rows under a label that the price listing shows."""

    label: str
    rows: dict[str, tuple[Row, ...]] = {}
    discounts: tuple[Discount, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()

    def __bool__(self) -> bool:
        """False for a table that says nothing."""
        return bool(self.rows or self.discounts or self.withdrawals)

    def matching(self, name: ModelName, tier: str) -> tuple[Row, ...]:
        """The rows of a model, those of its exact name before those of its vendor's name for any snapshot."""
        for form in (*name.forms, *dict.fromkeys(vendor_name(form) for form in name.forms)):
            rows = tuple(
                row
                for row in self.rows.get(form, ())
                if row.tier == tier and (row.provider is None or name.provider in (None, row.provider))
            )
            if rows:
                return rows
        return ()

    def discount(self, models: Collection[str], provider: str, tier: str, moment: datetime) -> Discount | None:
        """The discount in force for any of the names that a model goes by."""
        names = _all_names(models)
        for discount in self.discounts:
            billed_so = (discount.provider, discount.tier) == (provider, tier) and not names.isdisjoint(discount.models)
            if billed_so and discount.start <= moment < discount.end:
                return discount
        return None

    def withdrawn(self, models: Collection[str], provider: str | None) -> datetime | None:
        """When a model that goes by any of these names was withdrawn."""
        names = _all_names(models)
        return min(
            (
                withdrawal.start
                for withdrawal in self.withdrawals
                if not names.isdisjoint(withdrawal.models)
                and (withdrawal.provider is None or provider in (None, withdrawal.provider))
            ),
            default=None,
        )


def _all_names(models: Collection[str]) -> set[str]:
    return {*models, *map(vendor_name, models)}


def windows(rows: Sequence[Row], day: date) -> tuple[tuple[RateWindow, Row], ...]:
    """The windows of a UTC day that rows cover, in order, each with its row; another source fills what they leave."""
    midnight = datetime.combine(day, time(), UTC)
    edges = {midnight, midnight + _DAY}
    for row in rows:
        edges.update(edge for edge in (row.start, row.end) if midnight < edge < midnight + _DAY)
        edges.update(midnight + hour for hour in row.hours or () if timedelta() < hour < _DAY)
    spans: list[tuple[datetime, datetime, dict[int, Row]]] = []
    for start, end in pairwise(sorted(edges)):
        bands = {row.above: row for row in rows if holds(row, start)}
        if spans and spans[-1][2] == bands:
            start = spans.pop()[0]
        spans.append((start, end, bands))
    return tuple(pair for start, end, bands in spans if 0 in bands for pair in _banded(start, end, bands))


def _banded(start: datetime, end: datetime, bands: dict[int, Row]) -> Iterator[tuple[RateWindow, Row]]:
    lows = sorted(bands)
    for above, following in zip(lows, [*lows[1:], None], strict=True):
        low, high = (above + 1 if above else 0), (None if following is None else following + 1)
        yield RateWindow(start, end, low, high, bands[above].rates), bands[above]


def holds(row: Row, moment: datetime) -> bool:
    """True where a row is in force at a moment."""
    if not row.start <= moment < row.end or moment.weekday() not in row.days:
        return False
    if row.hours is None:
        return True
    opens, closes = row.hours
    clock = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)
    return opens <= clock < closes if opens < closes else clock >= opens or clock < closes
