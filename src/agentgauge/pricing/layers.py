"""What each source of prices says about a model on one day, and how they lie over each other.

A segment is a window of time and tokens with its rates and where they are from. Sources are filled in one after
another: a later one only says what the earlier ones leave open.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import msgspec

from agentgauge.pricing import catalog, table
from agentgauge.pricing.names import ModelName
from agentgauge.pricing.price_file import ALWAYS_FROM, ALWAYS_TO
from agentgauge.pricing.rates import RateWindow
from agentgauge.pricing.table import Table


class Origin(msgspec.Struct, frozen=True):
    """Where a price is from."""

    model: str
    provider: str | None
    source: str
    evidence: str
    valid_from: datetime | None
    valid_to: datetime | None


Segment = tuple[RateWindow, Origin]


def fill(segments: list[Segment], more: list[Segment], until: datetime = ALWAYS_TO) -> None:
    """Add `more` where `segments` leave the time before `until` open, cut to the gaps."""
    taken = sorted({(window.start, window.end) for window, _ in segments})
    for window, origin in more:
        start, end = window.start, min(window.end, until)
        for taken_start, taken_end in [*taken, (end, end)]:
            if taken_end <= start:
                continue
            if start < min(taken_start, end):
                cut = msgspec.structs.replace(window, start=start, end=min(taken_start, end))
                segments.append((cut, origin))
            start = max(start, taken_end)


def dated(source: Table, name: ModelName, tier: str, day: date) -> list[Segment]:
    """What the rows of a price file or of overrides say."""
    return [
        (window, Origin(row.model, row.provider, source.label, row.source, _known(row.start), _known(row.end)))
        for window, row in table.windows(source.matching(name, tier), day)
    ]


def listed(listing: catalog.Listing, tier: str, day: date) -> list[Segment]:
    """What the provider's list says."""
    first, last = catalog.validity(listing, tier, day)
    origin = Origin(
        listing.model, listing.provider, f"genai-prices {catalog.version()}", "", _midnight(first), _midnight(last)
    )
    return [(window, origin) for window in catalog.windows(listing, tier, day)]


def withdrawn(source: Table, name: ModelName, listing: catalog.Listing | None) -> datetime:
    """From when on a model is withdrawn and no source after this one prices it; the end of time where it is not."""
    return source.withdrawn(*_billed_as(name, listing)) or ALWAYS_TO


def discounted(
    source: Table, name: ModelName, listing: catalog.Listing | None, tier: str, standard: tuple[Segment, ...]
) -> list[Segment]:
    """What a tier costs where it is published as a share of the standard price."""
    models, provider = _billed_as(name, listing)
    found: list[Segment] = []
    for window, origin in standard:
        discount = source.discount(models, provider or "", tier, window.start)
        if discount is None:
            continue
        rates = {rate: _share(getattr(window.rates, rate), discount.factor) for rate in discount.rates}
        cheaper = msgspec.structs.replace(
            origin,
            source=f"{source.label}, {discount.factor} of {origin.source}",
            evidence=discount.source,
            valid_from=_known(discount.start),
            valid_to=_known(discount.end),
        )
        found.append((msgspec.structs.replace(window, rates=msgspec.structs.replace(window.rates, **rates)), cheaper))
    return found


def _billed_as(name: ModelName, listing: catalog.Listing | None) -> tuple[tuple[str, ...], str | None]:
    """The names that the model goes by, and who bills it."""
    if listing is None:
        return name.forms, name.provider
    return (*name.forms, listing.model), name.provider or listing.provider


def _share(rate: int, factor: Decimal) -> int:
    numerator, denominator = factor.as_integer_ratio()
    return (2 * rate * numerator + denominator) // (2 * denominator)


def _known(moment: datetime) -> datetime | None:
    return None if moment in (ALWAYS_FROM, ALWAYS_TO) else moment


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
