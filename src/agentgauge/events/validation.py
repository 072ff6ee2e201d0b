"""The rules that an event must keep, one function, the same for recorded, imported and received events.

A breach is an `EventRefused`. Its `reason` is one of a fixed, small set of phrases, so that losses can be counted under
it; its message names the field and the value and says what is expected.
"""

from __future__ import annotations

import math
from collections.abc import Callable
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
_WORDS = {
    "outcome": fields.OUTCOMES,
    "severity": fields.SEVERITIES,
    "cost_source": fields.COST_SOURCES,
    "recovery": fields.RECOVERIES,
    "tier": fields.TIERS,
}


def check(event: Event) -> None:
    """Raise `EventRefused` where `event` breaks a rule; return None where it keeps them all."""
    rules = _RULES.get(event.kind)
    if rules is None:
        raise EventRefused("unknown kind", f"{event.kind!r}; known kinds are {', '.join(kinds.BY_NAME)}")
    kind = rules.kind
    if rules.foreign_of(event) != rules.foreign_defaults:
        _refuse_foreign(event)
    if not _TEXT_OR_ABSENT.issuperset(map(type, rules.texts_of(event))):
        for field, value in zip(rules.texts, rules.texts_of(event), strict=True):
            if value is not None:
                _text(event, field, value)
    for field, value in zip(rules.others, rules.others_of(event), strict=True):
        if value is not None:
            _CHECKS[field.type](event, field, value)
    for name in kind.required:
        if getattr(event, name) in (None, ""):
            raise EventRefused("missing field", f"{event.kind} needs {name}")
    if kind.carries_usage:
        _check_parts(event)
    if event.quality_score is not None and not 0 <= event.quality_score <= 100:
        raise EventRefused(
            "out of range", f"quality_score is 0-100, got {event.quality_score}; a ratio is multiplied by 100"
        )


def _refuse_foreign(event: Event) -> None:
    rules = _RULES[event.kind]
    for field in fields.ALL:
        value = getattr(event, field.name)
        if field not in rules.texts and field not in rules.others and value != _default(field):
            raise EventRefused("field not of this kind", f"{event.kind} has no {field.name} (got {_short(value)})")


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


def _text(event: Event, field: Field, value: Any) -> None:
    if not isinstance(value, str):
        raise EventRefused(
            "wrong type", f"{field.name} of {event.kind} is text, got {type(value).__name__} {_short(value)}"
        )
    words = _WORDS.get(field.name)
    if words is not None and value not in words:
        raise EventRefused("unknown word", f"{field.name} is one of {', '.join(words)}, got {_short(value)}")


def _whole(event: Event, field: Field, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise EventRefused("wrong type", f"{field.name} is a whole number, got {type(value).__name__} {_short(value)}")
    if value < 0:
        raise EventRefused("negative tokens", f"{field.name} of {event.kind} is {value}; it is at least 0")
    if value > _TOKEN_LIMIT:
        raise EventRefused("out of range", f"{field.name} of {event.kind} is {value}; at most 2^53")


def _real(event: Event, field: Field, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise EventRefused("wrong type", f"{field.name} is a number, got {type(value).__name__} {_short(value)}")
    if not math.isfinite(value):
        raise EventRefused("not finite", f"{field.name} of {event.kind} is {value}")
    if field.name == "duration_ms" and value < 0:
        raise EventRefused("negative duration", f"duration_ms of {event.kind} is {value}; it is at least 0")


def _money(event: Event, field: Field, value: Any) -> None:
    if not isinstance(value, Decimal):
        raise EventRefused("wrong type", f"{field.name} is a Decimal, got {type(value).__name__} {_short(value)}")
    if not value.is_finite():
        raise EventRefused("not finite", f"{field.name} of {event.kind} is {value}")
    if not 0 <= value < _MONEY_LIMIT:
        raise EventRefused(
            "out of range", f"{field.name} of {event.kind} is {value}; from 0 to below {_MONEY_LIMIT} USD"
        )


def _time(event: Event, field: Field, value: Any) -> None:
    if not isinstance(value, datetime):
        raise EventRefused("wrong type", f"{field.name} is a datetime, got {type(value).__name__} {_short(value)}")
    if value.utcoffset() is None:
        raise EventRefused(
            "naive time", f"{field.name} {value.isoformat()} has no time zone; use datetime.now(timezone.utc)"
        )


def _json(event: Event, field: Field, value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise EventRefused("wrong type", f"{field.name} is a dict with text keys, got {_short(value)}")


_CHECKS = {"text": _text, "whole": _whole, "real": _real, "money": _money, "time": _time, "json": _json}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _default(field: Field) -> object:
    return 0 if field.type == "whole" else None


_Values = Callable[[Event], tuple[object, ...]]
_TEXT_OR_ABSENT = frozenset((str, type(None)))


class _Rules(msgspec.Struct, frozen=True):
    """A kind with the fields it may carry and those it may not, and how to take their values.

    An attrgetter takes all values in one call: every event passes here on its way into the journal.
    """

    kind: Kind
    texts: tuple[Field, ...]
    """Text of any content. Where it is a word of a list, it is among the others."""
    texts_of: _Values
    others: tuple[Field, ...]
    others_of: _Values
    foreign_of: _Values
    foreign_defaults: tuple[object, ...]


def _rules(kind: Kind) -> _Rules:
    own = (*fields.COMMON, *fields.SCOPE, *kind.fields)
    texts = tuple(field for field in own if field.type == "text" and field.name not in _WORDS)
    others = tuple(field for field in own if field not in texts)
    foreign = tuple(field for field in fields.ALL if field not in own)
    defaults = tuple(_default(field) for field in foreign)
    return _Rules(kind, texts, _values_of(texts), others, _values_of(others), _values_of(foreign), defaults)


def _values_of(members: tuple[Field, ...]) -> _Values:
    return attrgetter(*(field.name for field in members))


_RULES = {kind.name: _rules(kind) for kind in kinds.KINDS}
