"""Attributes of a span, a point or a resource: sorted by what the tables say that they are for, and bounded.

A span may carry thousands of attributes and megabytes of text. What is too much is left out, never the event; how many
were left out is said among those that are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from agentgauge.events import fields
from agentgauge.events.codec import encode_json
from agentgauge.integrations.otlp.table import KEPT, Table
from agentgauge.usage.fields import money

ValueOf = Callable[[Any], object]
"""Reads the `AnyValue` of an attribute."""

MOST_ATTRIBUTES: Final = 64
MOST_CHARACTERS: Final = 1024
"""Of a text, which is cut there; of a list or a dict as JSON, which is left out beyond it."""
MOST_NAME_CHARACTERS: Final = 128
"""Of an attribute's name; one that is longer is left out."""
LEFT_OUT: Final = "otel.left_out_attributes"

_TEXT: Final = frozenset((*fields.SCOPE_NAMES, "model", "provider", "tier", "name", "error_type"))
_MOST_TOKENS: Final = 1 << 53


class Sorted(msgspec.Struct, frozen=True, gc=False):
    stated: dict[str, Any]
    """By field, what is stated of it: text, whole numbers of tokens, money."""
    kind: str | None
    """Of the span, where an attribute says it."""
    others: list[Any]
    """Those that are no content and that no field was made of, as they came."""
    of_fields: dict[str, Any]
    """Those that a field was made of, by the field."""


def sort(pairs: Iterable[Any], table: Table, value_of: ValueOf) -> Sorted:
    """Look at each attribute once. A value that its field cannot have is kept as an attribute."""
    stated: dict[str, Any] = {}
    of_fields: dict[str, Any] = {}
    ranks: dict[str, int] = {}
    kind: str | None = None
    others: list[Any] = []
    use_of = table.use_of
    for pair in pairs:
        use = use_of(pair.key)
        if use is KEPT:
            others.append(pair)
        elif use.field is not None:
            field, rank = use.field, use.rank
            value = _usable(field, value_of(pair.value))
            if value is None or ranks.get(field, rank) < rank:
                others.append(pair)
                continue
            if field in of_fields:
                others.append(of_fields[field])
            of_fields[field], ranks[field] = pair, rank
            stated[field] = value
        elif use.kinds is not None:
            others.append(pair)
            value = value_of(pair.value)
            said = use.kinds.get(value) if type(value) is str else None
            # A span that both a convention that is read and another one describe is what the one that is read says.
            if said is not None and (kind is None or kind == "step"):
                kind = said
    return Sorted(stated, kind, others, of_fields)


def bounded(pairs: Iterable[Any], value_of: ValueOf, more: dict[str, Any]) -> dict[str, Any]:
    """The attributes that are kept, with `more`, which names nothing that they name."""
    kept = dict(more)
    left_out = 0
    for pair in pairs:
        name, value = pair.key, value_of(pair.value)
        if value is None or value == "":
            continue
        if len(kept) >= MOST_ATTRIBUTES or len(name) > MOST_NAME_CHARACTERS:
            left_out += 1
        elif type(value) is str:
            kept[name] = value if len(value) <= MOST_CHARACTERS else value[:MOST_CHARACTERS]
        elif type(value) in (list, dict) and len(encode_json(value)) > MOST_CHARACTERS:
            left_out += 1
        else:
            kept[name] = value
    if left_out:
        kept[LEFT_OUT] = left_out
    return kept


def _usable(field: str, value: Any) -> Any:
    """The value as its field has it; None where it cannot."""
    if field in _TEXT:
        if type(value) is str:
            return value or None
        return str(value) if type(value) is int else None
    if field == "cost_usd":
        return money(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else None
