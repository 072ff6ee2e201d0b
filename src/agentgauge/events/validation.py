"""The rules that an event must keep, one function, the same for recorded, imported and received events.

A breach is an `EventRefused`. Its `reason` is one of a fixed, small set of phrases, so that losses can be counted under
it; its message names the field and the value and says what is expected.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Any

from agentgauge.errors import EventRefused
from agentgauge.events import fields, kinds
from agentgauge.events.event import Event

_MONEY_LIMIT = Decimal(1_000_000)
_TOKEN_LIMIT = 1 << 53
_WORDS = {
    "outcome": fields.OUTCOMES,
    "severity": fields.SEVERITIES,
    "cost_source": fields.COST_SOURCES,
    "recovery": fields.RECOVERIES,
    "tier": fields.TIERS,
}
_OWN = {
    kind.name: frozenset(field.name for field in (*fields.COMMON, *fields.SCOPE, *kind.fields)) for kind in kinds.KINDS
}


def check(event: Event) -> None:
    """Raise `EventRefused` where `event` breaks a rule; return None where it keeps them all."""
    kind = kinds.BY_NAME.get(event.kind)
    if kind is None:
        raise EventRefused("unknown kind", f"{event.kind!r}; known kinds are {', '.join(kinds.BY_NAME)}")
    own = _OWN[event.kind]
    for field in fields.ALL:
        value = getattr(event, field.name)
        if value is None or (field.type == "whole" and value == 0 and type(value) is int):
            continue
        if field.name not in own:
            raise EventRefused("field not of this kind", f"{event.kind} has no {field.name} (got {_short(value)})")
        _CHECKS[field.type](event, field, value)
    for name in kind.required:
        if getattr(event, name) in (None, ""):
            raise EventRefused("missing field", f"{event.kind} needs {name}")
    _check_parts(event)
    if event.quality_score is not None and not 0 <= event.quality_score <= 100:
        raise EventRefused(
            "out of range", f"quality_score is 0-100, got {event.quality_score}; a ratio is multiplied by 100"
        )


def _check_parts(event: Event) -> None:
    cached = event.cache_read_tokens + event.cache_write_5m_tokens + event.cache_write_1h_tokens
    if cached > event.input_tokens:
        raise EventRefused(
            "parts exceed total",
            f"cache reads and writes add up to {cached} tokens but input_tokens is {event.input_tokens}; "
            "input_tokens is the total, cached tokens included (Anthropic reports it without them: add them)",
        )
    if event.reasoning_tokens > event.output_tokens:
        raise EventRefused(
            "parts exceed total",
            f"reasoning_tokens is {event.reasoning_tokens}, "
            f"but output_tokens, which includes them, is {event.output_tokens}",
        )


def _text(event: Event, field: fields.Field, value: Any) -> None:
    if not isinstance(value, str):
        raise EventRefused(
            "wrong type", f"{field.name} of {event.kind} is text, got {type(value).__name__} {_short(value)}"
        )
    words = _WORDS.get(field.name)
    if words is not None and value not in words:
        raise EventRefused("unknown word", f"{field.name} is one of {', '.join(words)}, got {_short(value)}")


def _whole(event: Event, field: fields.Field, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise EventRefused("wrong type", f"{field.name} is a whole number, got {type(value).__name__} {_short(value)}")
    if value < 0:
        raise EventRefused("negative tokens", f"{field.name} of {event.kind} is {value}; it is at least 0")
    if value > _TOKEN_LIMIT:
        raise EventRefused("out of range", f"{field.name} of {event.kind} is {value}; at most 2^53")


def _real(event: Event, field: fields.Field, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise EventRefused("wrong type", f"{field.name} is a number, got {type(value).__name__} {_short(value)}")
    if not math.isfinite(value):
        raise EventRefused("not finite", f"{field.name} of {event.kind} is {value}")
    if field.name == "duration_ms" and value < 0:
        raise EventRefused("negative duration", f"duration_ms of {event.kind} is {value}; it is at least 0")


def _money(event: Event, field: fields.Field, value: Any) -> None:
    if not isinstance(value, Decimal):
        raise EventRefused("wrong type", f"{field.name} is a Decimal, got {type(value).__name__} {_short(value)}")
    if not value.is_finite():
        raise EventRefused("not finite", f"{field.name} of {event.kind} is {value}")
    if not 0 <= value < _MONEY_LIMIT:
        raise EventRefused(
            "out of range", f"{field.name} of {event.kind} is {value}; from 0 to below {_MONEY_LIMIT} USD"
        )


def _time(event: Event, field: fields.Field, value: Any) -> None:
    if not isinstance(value, datetime):
        raise EventRefused("wrong type", f"{field.name} is a datetime, got {type(value).__name__} {_short(value)}")
    if value.utcoffset() is None:
        raise EventRefused(
            "naive time", f"{field.name} {value.isoformat()} has no time zone; use datetime.now(timezone.utc)"
        )


def _json(event: Event, field: fields.Field, value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise EventRefused("wrong type", f"{field.name} is a dict with text keys, got {_short(value)}")


_CHECKS = {"text": _text, "whole": _whole, "real": _real, "money": _money, "time": _time, "json": _json}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
