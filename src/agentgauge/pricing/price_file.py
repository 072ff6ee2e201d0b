"""Price files and override mappings: read, checked and turned into a `Table`.

    [[price]]
    model = "deepseek-chat"            # the vendor's name, or a list of them; a dated snapshot of it is meant too
    provider = "deepseek"              # genai-prices id; absent: whoever bills it
    tier = "standard"                  # or batch, flex, priority, fast
    from = 2025-02-08T16:00:00Z        # absent: always; a date means midnight UTC
    to = 2025-09-05T16:00:00Z          # exclusive; absent: until now
    hours = "16:30-00:30"              # UTC; absent: all day
    days = "mon-fri"                   # UTC; absent: daily
    above_input_tokens = 200_000       # a long-context band; absent: the base price
    input = 0.135                      # USD per million tokens, as all rates ...
    output = 0.55
    cache_read = 0.035                 # absent, as all the following: billed as its neighbour, see rates.rates_of
    cache_write_5m = 0.135
    cache_write_1h = 0.135
    reasoning = 0.55
    per_call = 0                       # ... but this: USD per thousand calls
    source = "https://..., 2025-09-05" # where the fact is from, and when it was read

    [[discount]]
    provider = "anthropic"             # a share of the provider's standard price, for a tier without a price of its own
    tier = "batch"
    models = ["claude-opus-4-1"]
    from = 2024-10-08
    factor = 0.5
    rates = ["input", "output"]        # absent: all
    source = "..."

    [[withdrawn]]
    models = ["deepseek-chat"]         # names that nothing is billed under any more ...
    provider = "deepseek"              # ... by this provider; absent: by whoever
    from = 2026-07-24T15:59:00Z        # from then on only this file's own rows and those before it price them
    source = "..."

Messages name the file, the row and the key. A row without an input or an output price is refused: it would price tokens
at nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from agentgauge.errors import PriceBookError
from agentgauge.events.fields import TIERS
from agentgauge.pricing.names import PROVIDERS
from agentgauge.pricing.rates import RATE_NAMES, rates_of
from agentgauge.pricing.table import Discount, Row, Table, Withdrawal

ALWAYS_TO = datetime.max.replace(tzinfo=UTC)
ALWAYS_FROM = datetime.min.replace(tzinfo=UTC)
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ROW_KEYS = {"model", "provider", "tier", "from", "to", "hours", "days", "above_input_tokens", "source", *RATE_NAMES}
_TABLES = ("price", "discount", "withdrawn")
_WITHDRAWN_KEYS = {"models", "provider", "from", "source"}
_DISCOUNT_KEYS = {"provider", "tier", "models", "from", "to", "factor", "rates", "source"}


def from_toml(text: str, label: str) -> Table:
    """Read a price file; `label` names it in messages. Raises `PriceBookError` naming the row and the key."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise PriceBookError(f"{label}: not TOML: {error}") from error
    if unknown := sorted(document.keys() - set(_TABLES)):
        known = ", ".join(f"[[{table}]]" for table in _TABLES)
        raise PriceBookError(f"{label}: unknown table {unknown[0]!r}; a price file has rows of {known}")
    prices, discounts, withdrawals = (document.get(table, []) for table in _TABLES)
    if not all(isinstance(rows, list) for rows in (prices, discounts, withdrawals)):
        raise PriceBookError(f"{label}: write [[price]] with two brackets: each row is an entry of a list")
    return _table(
        label,
        [row for number, raw in enumerate(prices, 1) for row in _rows(raw, f"{label}: price {number}")],
        tuple(_discount(raw, f"{label}: discount {number}") for number, raw in enumerate(discounts, 1)),
        tuple(_withdrawal(raw, f"{label}: withdrawn {number}") for number, raw in enumerate(withdrawals, 1)),
    )


def from_mapping(prices: Mapping[str, Any], label: str = "overrides") -> Table:
    """Read prices given in a program: model to a row's keys without `model`, or to a list of such rows.

    `agentgauge.runs.PRICING` is such a mapping. Numbers are int, float, text or Decimal; a float
    counts as the decimal it prints as.
    """
    rows = []
    for model, value in prices.items():
        for raw in value if isinstance(value, list | tuple) else [value]:
            if not isinstance(raw, Mapping):
                raise PriceBookError(f"{label}: {model!r} has {raw!r}; write {{'input': 3, 'output': 15}}")
            rows.append(_row({**raw, "model": model}, f"{label}: {model}"))
    return _table(label, rows)


def _table(
    label: str,
    rows: Sequence[Row],
    discounts: tuple[Discount, ...] = (),
    withdrawals: tuple[Withdrawal, ...] = (),
) -> Table:
    by_model: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        by_model[row.model] = (*by_model.get(row.model, ()), row)
    return Table(label, by_model, discounts, withdrawals)


def _rows(raw: Mapping[str, Any], where: str) -> list[Row]:
    models = raw.get("model")
    return [_row({**raw, "model": model}, where) for model in (models if isinstance(models, list) else [models])]


def _row(raw: Mapping[str, Any], where: str) -> Row:
    _check_keys(raw, _ROW_KEYS, where)
    if not isinstance(raw["model"], str) or not raw["model"]:
        raise PriceBookError(f"{where}: model is {raw['model']!r}; name one, or several in a list")
    if missing := [rate for rate in ("input", "output") if rate not in raw]:
        raise PriceBookError(f"{where}: gives no {missing[0]} price; a model without one would be priced at nothing")
    above = raw.get("above_input_tokens", 0)
    if not isinstance(above, int) or isinstance(above, bool) or above < 0:
        raise PriceBookError(f"{where}: above_input_tokens is a whole number of tokens, got {above!r}")
    start, end = _bounds(raw, where)
    return Row(
        model=raw["model"].lower(),
        provider=_provider(raw.get("provider"), where),
        tier=_tier(raw.get("tier", "standard"), where),
        start=start,
        end=end,
        hours=_hours(raw.get("hours"), where),
        days=_days(raw.get("days"), where),
        above=above,
        rates=rates_of(**{name: _number(raw[name], f"{where}: {name}") for name in RATE_NAMES if name in raw}),
        source=str(raw.get("source", "")),
    )


def _discount(raw: Mapping[str, Any], where: str) -> Discount:
    _check_keys(raw, _DISCOUNT_KEYS, where)
    _check_given(raw, ("provider", "tier", "models", "factor"), where)
    start, end = _bounds(raw, where)
    rates = raw.get("rates", RATE_NAMES)
    if unknown := set(rates) - set(RATE_NAMES):
        raise PriceBookError(f"{where}: no rate is called {min(unknown)!r}; rates are {', '.join(RATE_NAMES)}")
    return Discount(
        provider=_provider(raw["provider"], where) or "",
        tier=_tier(raw["tier"], where),
        models=_models(raw["models"], where),
        start=start,
        end=end,
        factor=_number(raw["factor"], f"{where}: factor"),
        rates=tuple(rates),
        source=str(raw.get("source", "")),
    )


def _withdrawal(raw: Mapping[str, Any], where: str) -> Withdrawal:
    _check_keys(raw, _WITHDRAWN_KEYS, where)
    _check_given(raw, ("models", "from"), where)
    return Withdrawal(
        models=_models(raw["models"], where),
        provider=_provider(raw.get("provider"), where),
        start=_moment(raw["from"], ALWAYS_FROM, where),
        source=str(raw.get("source", "")),
    )


def _check_given(raw: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    if missing := [key for key in keys if key not in raw]:
        raise PriceBookError(f"{where}: gives no {missing[0]}")


def _models(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise PriceBookError(f"{where}: models is {value!r}; name them in a list")
    return tuple(str(model).lower() for model in value)


def _check_keys(raw: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(raw) - known):
        raise PriceBookError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _provider(value: Any, where: str) -> str | None:
    if value is None:
        return None
    known = PROVIDERS.get(str(value).lower())
    if known is None:
        known_ids = ", ".join(sorted(set(PROVIDERS.values())))
        raise PriceBookError(f"{where}: unknown provider {value!r}; known are {known_ids}")
    return known


def _tier(value: Any, where: str) -> str:
    if value not in TIERS:
        raise PriceBookError(f"{where}: unknown tier {value!r}; tiers are {', '.join(TIERS)}")
    return str(value)


def _bounds(raw: Mapping[str, Any], where: str) -> tuple[datetime, datetime]:
    start, end = _moment(raw.get("from"), ALWAYS_FROM, where), _moment(raw.get("to"), ALWAYS_TO, where)
    if start >= end:
        raise PriceBookError(f"{where}: `from` {start.isoformat()} is not before `to` {end.isoformat()}")
    return start, end


def _moment(value: Any, absent: datetime, where: str) -> datetime:
    match value:
        case None:
            return absent
        case datetime():
            if value.tzinfo is None:
                raise PriceBookError(f"{where}: {value.isoformat()} has no time zone; write it with Z")
            return value.astimezone(UTC)
        case date():
            return datetime.combine(value, time(), UTC)
        case _:
            raise PriceBookError(f"{where}: {value!r} is no date; write 2025-09-05 or 2025-09-05T16:00:00Z, unquoted")


def _hours(value: Any, where: str) -> tuple[timedelta, timedelta] | None:
    if value is None:
        return None
    parsed = _HOURS.fullmatch(str(value))
    if parsed is None or parsed.group(1, 2) == parsed.group(3, 4):
        raise PriceBookError(f'{where}: hours {value!r}; write UTC times such as "16:30-00:30"')
    opens_h, opens_m, closes_h, closes_m = map(int, parsed.groups())
    return timedelta(hours=opens_h, minutes=opens_m), timedelta(hours=closes_h, minutes=closes_m)


def _days(value: Any, where: str) -> tuple[int, ...]:
    if value is None:
        return tuple(range(7))
    first, _, last = str(value).lower().partition("-")
    if first not in _WEEK or last not in _WEEK or _WEEK.index(first) > _WEEK.index(last):
        raise PriceBookError(f'{where}: days {value!r}; write a span such as "mon-fri"')
    return tuple(range(_WEEK.index(first), _WEEK.index(last) + 1))


def _number(value: Any, where: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise PriceBookError(f"{where}: {value!r} is not a number") from None
    if isinstance(value, bool) or not number.is_finite() or not 0 <= number < 1_000_000:
        raise PriceBookError(f"{where}: {value} is not a price; it is from 0 to below 1,000,000 USD")
    return number
