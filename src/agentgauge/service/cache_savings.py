"""What prompt caches saved: cache reads against the plain input rate, less what writing the caches cost on top of it.

    saved by reads   cache_read tokens  x (input rate - cache read rate)
    paid for writes  cache_write tokens x (cache write rate - input rate), 5-minute and 1-hour writes each at their own

Each call at the rates of its own time, tier and length, in whole femto-dollars (1e-15 USD), so the sums are exact.
Tokens whose rates are not known are counted and in no sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.engines import Answer, Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.answer import Way
from agentgauge.pricing import PriceBook, Rates
from agentgauge.service.reports.rows import found_by
from agentgauge.service.window import Window

_CACHE_TOKENS = ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
_DAY = timedelta(days=1)
_Key = tuple[str, str | None, str, date]
"""What rates are looked up by: model, provider, tier, UTC day."""
_Tokens = tuple[int, int, int]
"""Cache reads, 5-minute writes, 1-hour writes."""


class Savings(msgspec.Struct, frozen=True, kw_only=True):
    model: str | None
    """None in the total."""
    cache_read_tokens: int
    cache_write_tokens: int
    saved_by_reads_usd: Decimal | None
    """None where no token's rates are known, as the other amounts."""
    paid_for_writes_usd: Decimal | None
    saved_usd: Decimal | None
    """What is left: negative where writing cost more than reading saved."""
    unpriced_tokens: int
    """Cache reads and writes at rates that are not known."""


class CacheSavings(msgspec.Struct, frozen=True, kw_only=True):
    total: Savings
    models: tuple[Savings, ...]
    """Those that used a cache, the most saved first."""
    way: Way
    exact: bool
    missing_before: datetime | None
    """Where not None, calls before it have expired and are in no sum."""


class _Sums(msgspec.Struct):
    read_tokens: int = 0
    write_tokens: int = 0
    priced_tokens: int = 0
    read_femto: int = 0
    write_femto: int = 0

    def count(self, tokens: _Tokens) -> None:
        read, write_5m, write_1h = tokens
        self.read_tokens += read
        self.write_tokens += write_5m + write_1h

    def price(self, tokens: _Tokens, rates: Rates) -> None:
        read, write_5m, write_1h = tokens
        self.priced_tokens += sum(tokens)
        self.read_femto += read * (rates.input - rates.cache_read)
        self.write_femto += write_5m * (rates.cache_write_5m - rates.input)
        self.write_femto += write_1h * (rates.cache_write_1h - rates.input)

    def merge(self, other: _Sums) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def answer(self, model: str | None) -> Savings:
        known = self.priced_tokens > 0
        return Savings(
            model=model,
            cache_read_tokens=self.read_tokens,
            cache_write_tokens=self.write_tokens,
            saved_by_reads_usd=_usd(self.read_femto) if known else None,
            paid_for_writes_usd=_usd(self.write_femto) if known else None,
            saved_usd=_usd(self.read_femto - self.write_femto) if known else None,
            unpriced_tokens=self.read_tokens + self.write_tokens - self.priced_tokens,
        )


def cache_savings(engine: Engine, window: Window, book: PriceBook, filters: Sequence[Filter] = ()) -> CacheSavings:
    """What caches saved in the window, in all and per model, of calls that meet the filters. Models whose calls used no
    cache are left out.
    """
    by_model: dict[str, _Sums] = defaultdict(_Sums)
    bands: dict[tuple[int, int | None], dict[_Key, Rates]] = defaultdict(dict)
    by_the_hour: set[str] = set()
    answers = [_by_day(engine, window, filters)]
    for key, tokens in _with_tokens(answers[0]):
        by_model[key[0]].count(tokens)
        for part in book.windows(*key):
            bands[part.min_input_tokens, part.max_input_tokens][key] = part.rates
            if part.end - part.start != _DAY:
                by_the_hour.add(key[0])
    for (low, high), rates in bands.items():
        of_length = [*filters, Filter("input_tokens", ">=", low)]
        if high is not None:
            of_length.append(Filter("input_tokens", "<", high))
        answers.append(_by_day(engine, window, of_length))
        for key, tokens in _with_tokens(answers[-1]):
            if key in rates and key[0] not in by_the_hour:
                by_model[key[0]].price(tokens, rates[key])
    if by_the_hour:
        for model, tokens, found in _by_call(engine, window, book, by_the_hour, filters):
            by_model[model].price(tokens, found)
    return _answer(by_model, answers)


def _by_day(engine: Engine, window: Window, more: Sequence[Filter]) -> Answer:
    """Cache tokens per key, of the calls that pass more filters."""
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "=", "llm_call"), Filter("model", "is not null"), *more),
        group=("model", "provider", "tier", TimeBucket("day", "UTC")),
        measures=tuple(Measure("sum", name, name=name) for name in _CACHE_TOKENS),
    )
    return engine.aggregate(query)


def _with_tokens(answer: Answer) -> Iterator[tuple[_Key, _Tokens]]:
    """Keys that have tokens of a cache, with them."""
    for model, provider, tier, day, read, write_5m, write_1h in answer.rows:
        if read or write_5m or write_1h:
            yield (model, provider, tier or "standard", day.date()), (read, write_5m, write_1h)


def _by_call(
    engine: Engine, window: Window, book: PriceBook, models: Collection[str], filters: Sequence[Filter]
) -> Iterator[tuple[str, _Tokens, Rates]]:
    """Each call of models whose price depends on the time of day, at its rates; without those that have none."""
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "=", "llm_call"), Filter("model", "in", tuple(sorted(models))), *filters),
    )
    columns = ("time", "model", "provider", "tier", "input_tokens", *_CACHE_TOKENS)
    for time, model, provider, tier, total, *tokens in engine.scan(query, columns):
        windows = book.windows(model, provider, tier or "standard", time.astimezone(UTC).date())
        rates = next((part.rates for part in windows if part.covers(time, total)), None)
        if rates is not None:
            yield model, (tokens[0], tokens[1], tokens[2]), rates


def _answer(by_model: dict[str, _Sums], answers: Sequence[Answer]) -> CacheSavings:
    total = _Sums()
    for sums in by_model.values():
        total.merge(sums)
    models = [sums.answer(model) for model, sums in sorted(by_model.items())]
    models.sort(key=lambda savings: (savings.saved_usd is None, -(savings.saved_usd or 0)))
    return CacheSavings(total=total.answer(None), models=tuple(models), **found_by(*answers))


def _usd(femto: int) -> Decimal:
    return Decimal(femto).scaleb(-15)
