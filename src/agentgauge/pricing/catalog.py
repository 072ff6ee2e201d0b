"""List prices from genai-prices, translated into rates.

genai-prices brings pydantic, so it is imported when the first price is asked for, never by recording.

What a provider bills a component at that its price list does not name:

    reasoning           as output
    cache read          as input
    5-minute write      as input
    1-hour write        twice the input for Claude (Anthropic's published multiplier), otherwise as a 5-minute write
    output              nothing, where the model is sold by input alone (embeddings)

A model listed without prices is unpriced, except where the name itself says `:free`. Prices of media (audio, images,
searches) need counts that `Usage` does not have and are left out: text models are priced whole.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from agentgauge.pricing.matching import is_model
from agentgauge.pricing.names import ModelName
from agentgauge.pricing.rates import Rates, RateWindow, rates_of

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

_CONTEXTS: dict[tuple[str, str], dict[str, str]] = {
    ("anthropic", "fast"): {"speed": "fast"},
    ("*", "batch"): {"processing": "batch"},
    ("*", "flex"): {"service_tier": "flex"},
    ("*", "priority"): {"service_tier": "priority"},
    ("*", "fast"): {"service_tier": "fast"},
}
"""How genai-prices says a tier, per provider."""

_Band = tuple[int, int | None, Rates]

CLAUDE_1H_WRITE = 2
"""Times the base input: https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing."""


class Listing(msgspec.Struct, frozen=True):
    """A model as one provider lists it."""

    provider: str
    model: str
    info: Any
    """genai_prices.types.ModelInfo"""
    own: bool
    """False where the provider lists it by reference to another's list: that list's tiers are not this provider's."""
    free: bool = False


def version() -> str:
    """The version of the price data, without importing it."""
    return importlib.metadata.version("genai-prices")


def find(name: ModelName) -> Listing | None:
    """The listing that a name means, None where there is none."""
    for form in name.forms:
        if (found := _find(name.provider, form)) is not None:
            return found
    return None


def names() -> tuple[str, ...]:
    """The models that their vendors list, which a name without a provider can mean."""
    claims = [(provider, provider.model_match) for provider in _providers().values()]
    return tuple(info.id for provider, claim in claims for info in provider.models if claim and claim.is_match(info.id))


def providers() -> tuple[str, ...]:
    """The ids of those who list models, in order."""
    return tuple(sorted(_providers()))


def windows(listing: Listing, tier: str, day: date) -> tuple[RateWindow, ...]:
    """The rates of a listing on a UTC day; () where the tier has no known price."""
    midnight = datetime.combine(day, time(), UTC)
    edges = sorted({midnight, *_edges(listing, tier, midnight), midnight + timedelta(days=1)})
    spans: list[tuple[datetime, datetime, list[_Band]]] = []
    for start, end in pairwise(edges):
        prices = _prices_at(listing, tier, start)
        bands = [] if prices is None else list(_bands(listing, prices))
        if spans and spans[-1][2] == bands:
            start = spans.pop()[0]
        spans.append((start, end, bands))
    return tuple(RateWindow(start, end, *band) for start, end, bands in spans for band in bands)


def validity(listing: Listing, tier: str, day: date) -> tuple[date | None, date | None]:
    """From which day to before which day the list price of `day` holds; None where the list does not say."""
    starts = sorted(
        constraint.start_date
        for constraint in _constraints(listing.info, _context(listing.provider, tier))
        if type(constraint).__name__ == "StartDateConstraint"
    )
    return (
        next((start for start in reversed(starts) if start <= day), None),
        next((start for start in starts if start > day), None),
    )


@cache
def _providers() -> dict[str, Provider]:
    # Deferred: 0.25 s and pydantic. The bundled data, whatever a program downloaded since: `version` names no other.
    from genai_prices.data import providers

    return {provider.id: provider for provider in providers}


def _find(provider_id: str | None, form: str) -> Listing | None:
    providers = _providers()
    if provider_id is not None:
        candidates = [providers[provider_id]] if provider_id in providers else []
    else:
        claiming = [p for p in providers.values() if p.model_match is not None and p.model_match.is_match(form)]
        # OpenAI's list claims gpt- and o1, but not its embeddings and older names.
        candidates = claiming or [providers["openai"]]
    for provider in candidates:
        if (info := _first(provider, form)) is not None:
            return Listing(provider.id, info.id, info, own=True, free=form.endswith(":free"))
        for other in provider.fallback_model_providers or ():
            if (info := _first(providers[other], form)) is not None:
                return Listing(provider.id, info.id, info, own=False)
    return None


def _first(provider: Provider, form: str) -> ModelInfo | None:
    return next((info for info in provider.models if is_model(info.match, form)), None)


def _prices_at(listing: Listing, tier: str, moment: datetime) -> ModelPrice | None:
    info: ModelInfo = listing.info
    if tier == "standard":
        return info.get_prices(moment)
    if not listing.own:
        return None
    context = _context(listing.provider, tier)
    for variant in info.price_variants or ():
        active = variant.constraint is None or variant.constraint.active(moment)
        if active and variant.when == context and variant.prices.input_mtok is not None:
            return info.get_prices(moment, context)
    return None


def _bands(listing: Listing, prices: ModelPrice) -> Iterator[_Band]:
    """The long-context bands of a price, as [min, max) of total input tokens. A tier starts above its threshold."""
    lows = sorted({0} | {tier.start + 1 for price in vars(prices).values() for tier in getattr(price, "tiers", ())})
    for low, high in zip(lows, [*lows[1:], None], strict=True):
        rates = _rates(listing, prices, low)
        if rates is not None:
            yield low, high, rates


def _rates(listing: Listing, prices: ModelPrice, input_tokens: int) -> Rates | None:
    def at(key: str) -> Decimal | None:
        price = getattr(prices, key)
        if price is None or isinstance(price, Decimal):
            return price
        passed = [tier.price for tier in price.tiers if tier.start < input_tokens]
        return passed[-1] if passed else price.base  # type: ignore[no-any-return]

    if listing.free and at("input_mtok") is None:
        return Rates(0, 0, 0, 0, 0, 0)
    if (input_price := at("input_mtok")) is None:
        return None
    output = at("output_mtok") or Decimal(0)
    write_5m = at("cache_write_5m_mtok")
    write_1h = at("cache_write_1h_mtok")
    if write_1h is None and "claude" in listing.model:
        write_1h = CLAUDE_1H_WRITE * input_price
    return rates_of(
        input=input_price,
        output=output,
        cache_read=at("cache_read_mtok"),
        cache_write_5m=at("cache_write_mtok") if write_5m is None else write_5m,
        cache_write_1h=write_1h,
        reasoning=at("output_reasoning_mtok"),
        per_call=at("requests_kcount"),
    )


def _context(provider: str, tier: str) -> dict[str, str]:
    """{} is the standard tier's."""
    return _CONTEXTS.get((provider, tier)) or _CONTEXTS.get(("*", tier), {})


def _constraints(info: ModelInfo, context: dict[str, str]) -> list[Any]:
    """The conditions on the standard price and on a tier's."""
    parts: list[Any] = [*info.prices] if isinstance(info.prices, list) else []
    parts += [variant for variant in info.price_variants or () if variant.when == context]
    return [part.constraint for part in parts if part.constraint is not None]


def _edges(listing: Listing, tier: str, midnight: datetime) -> Iterator[datetime]:
    for constraint in _constraints(listing.info, _context(listing.provider, tier)):
        if type(constraint).__name__ == "TimeOfDateConstraint":
            for edge in (constraint.start_time, constraint.end_time):
                clock = timedelta(hours=edge.hour, minutes=edge.minute, seconds=edge.second)
                yield midnight + (clock - (edge.utcoffset() or timedelta())) % timedelta(days=1)
