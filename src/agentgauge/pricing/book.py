"""The price book: dated prices from three sources, in order, and what a call costs at its own time.

    1. overrides    the user's file or mapping
    2. prices.toml  our dated corrections, each row with its source
    3. genai-prices the list price on the day, or a provider's stated share of it for a tier

A source that says nothing for a moment leaves it to the next, unless it says that the model is withdrawn. What none
knows is unpriced: None, never 0, and never the price of another tier. Looking a (model, provider, tier, day) up costs
about a millisecond once (and a quarter of a second, once per process, to load genai-prices); a price after that is a
dictionary look-up and integer arithmetic.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events.event import Usage
from agentgauge.events.fields import TIERS
from agentgauge.pricing import catalog, layers, price_file
from agentgauge.pricing.layers import Segment
from agentgauge.pricing.listing import PriceRow, price_row
from agentgauge.pricing.names import ModelName, parse
from agentgauge.pricing.overrides import Overrides, read_overrides
from agentgauge.pricing.price_file import ALWAYS_TO
from agentgauge.pricing.rates import RateWindow, multiply, tariff, to_pico
from agentgauge.pricing.table import Table

_DAY = dt.timedelta(days=1)
_UTC = dt.UTC

_Applied = tuple[int, int, int, int, int, int, int, Decimal, int, bool]
"""A `Tariff` as a plain tuple, which unpacks in half the time of a named one."""
_Day = tuple[_Applied | None, tuple[tuple[dt.datetime, dt.datetime, int, int, _Applied], ...]]
"""The one tariff of a whole day. Or None, and per window: start, end, least tokens, first too many, tariff."""


class Cost(msgspec.Struct, frozen=True, gc=False):
    """What a call costs, exact to 1e-12 USD."""

    usd: Decimal
    price_version: str
    source: Literal["computed"] = "computed"


class PriceBook:
    """Prices by model, provider, tier and time. Safe to share between threads; made by `load`."""

    def __init__(self, overrides: Table, corrections: Table) -> None:
        self._overrides = overrides
        self._corrections = corrections
        self._resolved: dict[tuple[str, str | None], tuple[ModelName, catalog.Listing | None]] = {}
        self._segments: dict[tuple[str, str | None, str, int], tuple[Segment, ...]] = {}
        self._priced: dict[tuple[str, str | None, str, int], _Day] = {}
        digests = [_digest(source) for source in (corrections, overrides) if source]
        self.version = ".".join([f"{_RULES}-genai{catalog.version()}", *digests])

    @classmethod
    def load(cls, overrides: Overrides | None = None) -> PriceBook:
        """The book with the user's overrides: a TOML file, a mapping such as `agentgauge.runs.PRICING`, or none.

        Raises `PriceBookError` where a row cannot be used, or the file cannot be read.
        """
        return cls(read_overrides(overrides), _corrections())

    def price(
        self,
        model: str,
        usage: Usage,
        *,
        provider: str | None = None,
        at: dt.datetime | None = None,
        tier: str = "standard",
    ) -> Cost | None:
        """What a call cost at its time (`at`, aware; absent: now). None: no price is known.

        Raises `EventRefused`, a ValueError, for a tier that does not exist, a naive time, and usage that cannot be:
        negative tokens, parts that exceed their total.
        """
        if at is None:
            at = dt.datetime.now(_UTC)
        elif at.tzinfo is not _UTC:
            at = _utc(at)
        try:
            applied, windows = self._priced[model, provider, tier, at.toordinal()]
        except KeyError:
            applied, windows = self._tariffs(model, provider, tier, at.date())
        total, output, read = usage.input_tokens, usage.output_tokens, usage.cache_read_tokens
        write_5m, write_1h, reasoning = usage.cache_write_5m_tokens, usage.cache_write_1h_tokens, usage.reasoning_tokens
        if read + write_5m + write_1h > total or reasoning > output:
            raise _impossible(usage)
        if read < 0 or write_5m < 0 or write_1h < 0 or reasoning < 0:
            raise _impossible(usage)
        if windows:
            for start, end, low, high, of_window in windows:
                if low <= total < high and start <= at < end:
                    applied = of_window
                    break
        if applied is None:
            return None
        w_total, w_output, w_read, w_5m, w_1h, w_reasoning, per_call, quantum, limit, rounds = applied
        quanta = w_total * total + w_output * output + w_read * read + w_5m * write_5m + per_call
        if write_1h or reasoning:
            quanta += w_1h * write_1h + w_reasoning * reasoning
        if rounds:
            quanta = to_pico(quanta)
        return Cost(multiply(quantum, quanta), self.version) if quanta < limit else None

    def windows(self, model: str, provider: str | None, tier: str, day: dt.date) -> tuple[RateWindow, ...]:
        """The rates of a UTC day: windows of time and input tokens that do not overlap. What none covers is unpriced.

        Raises `EventRefused` for a tier that does not exist.
        """
        return tuple(window for window, _ in self._of_day(model, provider, tier, day))

    def explain(
        self, model: str, provider: str | None = None, at: dt.datetime | None = None, tier: str | None = None
    ) -> tuple[PriceRow, ...]:
        """The prices of a model on the UTC day of `at` (aware; absent: today), in all tiers unless one is named.

        () where no price is known. Raises as `price` does.
        """
        day = _utc(at or dt.datetime.now(dt.UTC)).date()
        return tuple(
            price_row(segment, name)
            for name in ([tier] if tier is not None else TIERS)
            for segment in self._of_day(model, provider, name, day)
        )

    def _tariffs(self, model: str, provider: str | None, tier: str, date: dt.date) -> _Day:
        windows = self.windows(model, provider, tier, date)
        match windows:
            case [RateWindow(start, end, 0, None, rates)] if end - start == _DAY:
                day: _Day = tariff(rates)[:], ()
            case _:
                day = (
                    None,
                    tuple(
                        (w.start, w.end, w.min_input_tokens, w.max_input_tokens or sys.maxsize, tariff(w.rates)[:])
                        for w in windows
                    ),
                )
        _keep(self._priced, (model, provider, tier, date.toordinal()), day)
        return day

    def _of_day(self, model: str, provider: str | None, tier: str, day: dt.date) -> tuple[Segment, ...]:
        if tier not in TIERS:
            raise EventRefused("unknown word", f"tier is one of {', '.join(TIERS)}, got {tier!r}")
        key = (model, provider, tier, day.toordinal())
        segments = self._segments.get(key)
        if segments is None:
            name, listing = self._resolve(model, provider)
            segments = self._layered(name, listing, tier, day)
            _keep(self._segments, key, segments)
        return segments

    def _resolve(self, model: str, provider: str | None) -> tuple[ModelName, catalog.Listing | None]:
        resolved = self._resolved.get((model, provider))
        if resolved is None:
            name = parse(model, provider)
            resolved = name, catalog.find(name)
            _keep(self._resolved, (model, provider), resolved)
        return resolved

    def _layered(
        self, name: ModelName, listing: catalog.Listing | None, tier: str, day: dt.date, *, overridden: bool = True
    ) -> tuple[Segment, ...]:
        """Each source's windows, in order, where no earlier source has one.

        A provider's published share is one of its list price, so `prices.toml` never takes a share of an override.
        """
        segments: list[Segment] = []
        until = ALWAYS_TO
        for source in (self._overrides, self._corrections):
            if overridden or source is not self._overrides:
                layers.fill(segments, layers.dated(source, name, tier, day), until)
            until = min(until, layers.withdrawn(source, name, listing))
        if listing is not None:
            layers.fill(segments, layers.listed(listing, tier, day), until)
        if tier != "standard":
            for source, of_overridden in ((self._overrides, True), (self._corrections, False)):
                standard = self._layered(name, listing, "standard", day, overridden=of_overridden)
                layers.fill(segments, layers.discounted(source, name, listing, tier, standard))
        return tuple(sorted(segments, key=lambda segment: (segment[0].start, segment[0].min_input_tokens)))


_RULES = "1"
"""Counts up when a rule of this package changes a price: the formula, a fallback, what a name is taken for."""
_CACHE_LIMIT = 1 << 16


def _keep(cache: dict[Any, Any], key: Any, value: Any) -> None:
    # Names come from outside: a stream of invented ones must not fill the memory.
    if len(cache) >= _CACHE_LIMIT:
        cache.clear()
    cache[key] = value


@cache
def _corrections() -> Table:
    text = resources.files("agentgauge.pricing").joinpath("prices.toml").read_text("utf-8")
    return price_file.from_toml(text, "prices.toml")


def _digest(source: Table) -> str:
    """Of what was read, not of how it was written: a comment changes no price."""
    content = repr((sorted(source.rows.items()), source.discounts, source.withdrawals))
    return hashlib.sha256(content.encode()).hexdigest()[:10]


def _utc(moment: dt.datetime) -> dt.datetime:
    if moment.utcoffset() is None:
        raise EventRefused("naive time", f"at {moment.isoformat()} has no time zone; use datetime.now(timezone.utc)")
    return moment.astimezone(dt.UTC)


def _impossible(usage: Usage) -> EventRefused:
    if negative := [name for name in usage.__struct_fields__ if getattr(usage, name) < 0]:
        return EventRefused("negative tokens", f"{negative[0]} is {getattr(usage, negative[0])}; it is at least 0")
    written = usage.cache_write_5m_tokens + usage.cache_write_1h_tokens
    return EventRefused(
        "parts exceed total",
        f"of {usage.input_tokens} input tokens {usage.cache_read_tokens} were read from a cache and {written} written, "
        f"of {usage.output_tokens} output tokens {usage.reasoning_tokens} were reasoning; a total includes its parts "
        "(Anthropic reports input without the cached tokens: add them)",
    )
