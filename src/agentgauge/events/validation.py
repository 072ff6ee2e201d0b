"""The rules that an event must keep, one function, the same for recorded, imported and received events.

A breach is an `EventRefused`. Its `reason` is one of a fixed, small set of phrases, so that losses can be counted under
it; its message names the field and the value and says what is expected.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events import fields, kinds
from agentgauge.events.event import Event
from agentgauge.events.fields import Field
from agentgauge.events.kinds import Kind

_MONEY_LIMIT = Decimal(1_000_000)
_TOKEN_LIMIT = 1 << 53
_LARGEST_REAL = sys.float_info.max
_WORDS = {
    "outcome": fields.OUTCOMES,
    "severity": fields.SEVERITIES,
    "cost_source": fields.COST_SOURCES,
    "recovery": fields.RECOVERIES,
    "tier": fields.TIERS,
}


def check(event: Event) -> None:
    """Raise `EventRefused` where `event` breaks a rule; return None where it keeps them all."""
    values = zip(_NAMES, _values_of(event), strict=True)
    check_values(
        event.kind,
        {
            name: value
            for name, value in values
            if value is not None and not (value == 0 and name in fields.TOKEN_NAMES)
        },
    )


def check_values(kind: str, values: Mapping[str, object]) -> None:
    """The same for an event given as its kind and values; a field without a value is absent or 0 tokens.

    Scope names may be among them. Raises `EventRefused`.
    """
    rules = _RULES.get(kind)
    if rules is None:
        raise EventRefused("unknown kind", f"{kind!r}; known kinds are {', '.join(kinds.BY_NAME)}")
    own = rules.own
    for name, value in values.items():
        field = own.get(name)
        if field is None:
            raise EventRefused("field not of this kind", f"{kind} has no {name} (got {_short(value)})")
        if type(value) is not str or name not in rules.texts:
            _CHECKS[field.type](kind, field, value)
    for name in rules.required:
        if values.get(name) in (None, ""):
            raise EventRefused("missing field", f"{kind} needs {name}")
    if rules.has_tokens:
        _check_parts(values)
    quality = values.get("quality_score")
    if isinstance(quality, int | float) and not 0 <= quality <= 100:
        raise EventRefused("out of range", f"quality_score is 0-100, got {quality}; a ratio is multiplied by 100")


def _check_parts(values: Mapping[str, Any]) -> None:
    cached = sum(values.get(name, 0) for name in _CACHE_PARTS)
    total = values.get("input_tokens", 0)
    if cached > total:
        raise EventRefused(
            "parts exceed total",
            f"cache reads and writes add up to {cached} tokens but input_tokens is {total}; "
            "input_tokens is the total, cached tokens included (Anthropic reports it without them: add them)",
        )
    reasoning, output = values.get("reasoning_tokens", 0), values.get("output_tokens", 0)
    if reasoning > output:
        raise EventRefused(
            "parts exceed total",
            f"reasoning_tokens is {reasoning}, but output_tokens, which includes them, is {output}",
        )


def _text(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, str):
        raise EventRefused("wrong type", f"{field.name} of {kind} is text, got {type(value).__name__} {_short(value)}")
    words = _WORDS.get(field.name)
    if words is not None and value not in words:
        raise EventRefused("unknown word", f"{field.name} is one of {', '.join(words)}, got {_short(value)}")


def _whole(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise EventRefused("wrong type", f"{field.name} is a whole number, got {type(value).__name__} {_short(value)}")
    if value < 0:
        raise EventRefused("negative tokens", f"{field.name} of {kind} is {value}; it is at least 0")
    if value > _TOKEN_LIMIT:
        raise EventRefused("out of range", f"{field.name} of {kind} is {value}; at most 2^53")


def _real(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise EventRefused("wrong type", f"{field.name} is a number, got {type(value).__name__} {_short(value)}")
    if not -_LARGEST_REAL <= value <= _LARGEST_REAL:  # compares exactly, also a whole number that no float holds
        raise EventRefused("not finite", f"{field.name} of {kind} is {_short(value)}")
    if field.name == "duration_ms" and value < 0:
        raise EventRefused("negative duration", f"duration_ms of {kind} is {value}; it is at least 0")


def _money(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, Decimal):
        raise EventRefused("wrong type", f"{field.name} is a Decimal, got {type(value).__name__} {_short(value)}")
    if not value.is_finite():
        raise EventRefused("not finite", f"{field.name} of {kind} is {value}")
    if not 0 <= value < _MONEY_LIMIT:
        raise EventRefused("out of range", f"{field.name} of {kind} is {value}; from 0 to below {_MONEY_LIMIT} USD")


def _time(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, datetime):
        raise EventRefused("wrong type", f"{field.name} is a datetime, got {type(value).__name__} {_short(value)}")
    if value.utcoffset() is None:
        raise EventRefused(
            "naive time", f"{field.name} {value.isoformat()} has no time zone; use datetime.now(timezone.utc)"
        )


def _json(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise EventRefused("wrong type", f"{field.name} is a dict with text keys, got {_short(value)}")


_CHECKS = {"text": _text, "whole": _whole, "real": _real, "money": _money, "time": _time, "json": _json}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class _Rules(msgspec.Struct, frozen=True):
    own: dict[str, Field]
    """Fields that an event of the kind may carry."""
    texts: frozenset[str]
    """Those of text without a list of words: any text will do."""
    required: tuple[str, ...]
    has_tokens: bool


def _rules(kind: Kind) -> _Rules:
    own = {field.name: field for field in (*fields.COMMON, *fields.SCOPE, *kind.fields)}
    texts = frozenset(name for name, field in own.items() if field.type == "text" and name not in _WORDS)
    return _Rules(own, texts, kind.required, has_tokens="input_tokens" in own)


_RULES = {kind.name: _rules(kind) for kind in kinds.KINDS}
_NAMES = tuple(field.name for field in fields.ALL)
_values_of = attrgetter(*_NAMES)
_CACHE_PARTS = ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
