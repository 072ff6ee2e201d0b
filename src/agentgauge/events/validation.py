"""The rules that an event must keep, one function, the same for recorded, imported and received events.

A breach is an `EventRefused`. Its `reason` is one of a fixed, small set of phrases, so that losses can be counted under
it; its message names the field and says what is expected and what was got: a number as it is, of anything else the type
alone. Messages are written down where no deletion of a person's events reaches them, so none repeats a text.
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
from agentgauge.events.fields import Field, FieldType
from agentgauge.events.kinds import Kind

_MONEY_LIMIT = Decimal(1_000_000)
_TOKEN_LIMIT = 1 << 53
_LARGEST_TOLD_BITS = 64
_LONGEST_KIND = 40
"""That is compared with those there are; it takes time that grows with it."""
_LARGEST_REAL = sys.float_info.max
WORDS = {
    "outcome": fields.OUTCOMES,
    "severity": fields.SEVERITIES,
    "cost_source": fields.COST_SOURCES,
    "recovery": fields.RECOVERIES,
    "tier": fields.TIERS,
}
"""What fields of a few words may say."""


def check(event: Event) -> None:
    """Raise `EventRefused` where `event` breaks a rule; return None where it keeps them all."""
    values = zip(_NAMES, _values_of(event), strict=True)
    check_values(
        event.kind,
        {name: value for name, value in values if value or (value is not None and name not in _TOKENS)},
    )


def check_values(kind: object, values: Mapping[str, object]) -> None:
    """The same for an event given as its kind and values; a field without a value is absent or 0 tokens.

    Scope names may be among them. Raises `EventRefused`.
    """
    if not isinstance(kind, str) or (rules := _RULES.get(kind)) is None:
        raise EventRefused(
            "unknown kind", f"known kinds are {', '.join(kinds.BY_NAME)}; got {described(kind)}{_near_kind(kind)}"
        )
    own, plain = rules.own, rules.plain
    for name, value in values.items():
        expected = plain.get(name)
        if type(value) is expected and (expected is str or 0 <= value < _TOKEN_LIMIT):  # type: ignore[operator]
            continue  # the ordinary case, of which every check below would find nothing wrong
        field = own.get(name)
        if field is None:
            raise EventRefused("field not of this kind", f"{kind} has no {name} (got {described(value)})")
        _CHECKS[field.type](kind, field, value)
    for name in rules.required:
        if values.get(name) in (None, ""):
            raise EventRefused("missing field", f"{kind} needs {name}")
    if rules.has_tokens:
        check_parts(values)
    quality = values.get("quality_score")
    if isinstance(quality, int | float) and not 0 <= quality <= 100:
        raise EventRefused(
            "out of range", f"quality_score is 0-100, got {_amount(quality)}; a ratio is multiplied by 100"
        )
    if kind == "satisfaction" and not 0 <= values["value"] <= 1:  # type: ignore[operator]
        raise EventRefused("out of range", f"value of satisfaction is 0-1, got {_amount(values['value'])}")


def check_parts(values: Mapping[str, Any]) -> None:
    """Raise `EventRefused` where cache or reasoning tokens exceed the total that they are part of."""
    get = values.get
    cached = get("cache_read_tokens", 0) + get("cache_write_5m_tokens", 0) + get("cache_write_1h_tokens", 0)
    total = get("input_tokens", 0)
    if cached > total:
        raise EventRefused(
            "parts exceed total",
            f"cache reads and writes add up to {cached} tokens but input_tokens is {total}; "
            "input_tokens is the total, cached tokens included (Anthropic reports it without them: add them)",
        )
    reasoning, output = get("reasoning_tokens", 0), get("output_tokens", 0)
    if reasoning > output:
        raise EventRefused(
            "parts exceed total",
            f"reasoning_tokens is {reasoning}, but output_tokens, which includes them, is {output}",
        )


def _text(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, str):
        raise EventRefused("wrong type", f"{field.name} of {kind} is text, got {described(value)}")
    words = WORDS.get(field.name)
    if words is not None and value not in words:
        raise EventRefused("unknown word", f"{field.name} is one of {', '.join(words)}, got {described(value)}")


def _whole(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise EventRefused("wrong type", f"{field.name} is a whole number, got {described(value)}")
    if value < 0:
        raise EventRefused("negative tokens", f"{field.name} of {kind} is {_amount(value)}; it is at least 0")
    if value > _TOKEN_LIMIT:
        raise EventRefused("out of range", f"{field.name} of {kind} is {_amount(value)}; at most 2^53")


def _real(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise EventRefused("wrong type", f"{field.name} is a number, got {described(value)}")
    if not -_LARGEST_REAL <= value <= _LARGEST_REAL:  # compares exactly, also a whole number that no float holds
        raise EventRefused("not finite", f"{field.name} of {kind} is {_amount(value)}")
    if field.name == "duration_ms" and value < 0:
        raise EventRefused("negative duration", f"duration_ms of {kind} is {_amount(value)}; it is at least 0")


def _money(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, Decimal):
        raise EventRefused("wrong type", f"{field.name} is a Decimal, got {described(value)}")
    if not value.is_finite():
        raise EventRefused("not finite", f"{field.name} of {kind} is {_amount(value)}")
    if not 0 <= value < _MONEY_LIMIT:
        raise EventRefused(
            "out of range", f"{field.name} of {kind} is {_amount(value)}; from 0 to below {_MONEY_LIMIT} USD"
        )


def _time(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, datetime):
        raise EventRefused("wrong type", f"{field.name} is a datetime, got {described(value)}")
    if value.utcoffset() is None:
        raise EventRefused(
            "naive time", f"{field.name} {value.isoformat()} has no time zone; use datetime.now(timezone.utc)"
        )


def _json(kind: str, field: Field, value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise EventRefused("wrong type", f"{field.name} is a dict with text keys, got {described(value)}")


_CHECKS = {"text": _text, "whole": _whole, "real": _real, "money": _money, "time": _time, "json": _json}


def described(value: object) -> str:
    """What a message may say of a value: its type, and, of a plain number, how much it is."""
    name = type(value).__name__
    return f"{name} {_amount(value)}" if type(value) in (int, float, bool, Decimal) else name


def _near_kind(given: object) -> str:
    """The kind that was probably meant; of what was given no more is told."""
    if not isinstance(given, str) or len(given) > _LONGEST_KIND:
        return ""
    from difflib import get_close_matches  # deferred: needed once somebody mistypes

    word = given.lower().replace("-", "_")
    near = get_close_matches(word, kinds.BY_NAME, 1) or [name for name in kinds.BY_NAME if word in name.split("_")]
    return f": did you mean {near[0]}?" if len(near) == 1 else ""


def _amount(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > _LARGEST_TOLD_BITS:  # Python does not write very long ones
        return f"of {value.bit_length()} bits"
    return f"{value!s:.60}"


_PLAIN_TYPES: dict[FieldType, type] = {"text": str, "whole": int, "real": float}


class _Rules(msgspec.Struct, frozen=True):
    own: dict[str, Field]
    """Fields that an event of the kind may carry."""
    plain: dict[str, type]
    """The type of those that a value of that type, not negative and below 2^53, suits whatever it is."""
    required: tuple[str, ...]
    has_tokens: bool


def _rules(kind: Kind) -> _Rules:
    own = {field.name: field for field in (*fields.COMMON, *fields.SCOPE, *kind.fields)}
    plain = {
        name: _PLAIN_TYPES[field.type]
        for name, field in own.items()
        if field.type in _PLAIN_TYPES and name not in WORDS
    }
    return _Rules(own, plain, kind.required, has_tokens="input_tokens" in own)


def plain_types(kind: str) -> dict[str, type]:
    """The fields of a kind that take any str, or any int or float from 0 to below 2^53, by that type."""
    return _RULES[kind].plain


_RULES = {kind.name: _rules(kind) for kind in kinds.KINDS}
_NAMES = tuple(field.name for field in fields.ALL)
_TOKENS = frozenset(fields.TOKEN_NAMES)
_values_of = attrgetter(*_NAMES)
