"""Attributes of a span, a point or a resource: sorted by what the tables say that they are for, and bounded.

A span may carry thousands of attributes and megabytes of text. What is too much is left out, never the event; how many
were left out is said among those that are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

import msgspec

from agentgauge.events.codec import encode_json
from agentgauge.integrations.otlp.table import KEPT, LEFT_OUT, Table, Use
from agentgauge.usage.fields import money

Pair = tuple[str, Any]
"""The name of an attribute and its value, as JSON has it."""

MOST_ATTRIBUTES: Final = 64
MOST_CHARACTERS: Final = 1024
"""Of a text, which is cut there; of a list or a dict as JSON, which is left out beyond it."""
NUMBER_LEFT_OUT: Final = "otel.left_out_attributes"

_MOST_TOKENS: Final = 1 << 53


class Sorted(msgspec.Struct, frozen=True, gc=False):
    stated: dict[str, Any]
    """By field, what is stated of it: text, whole numbers of tokens, money."""
    kind: str | None
    """Of the span, where an attribute says it."""
    others: list[Pair]
    """Those that are no content and that no field was made of."""
    of_fields: dict[str, Pair]
    """Those that a field was made of, by the field."""


def sort(pairs: Iterable[Pair], table: Table) -> Sorted:
    """Look at each attribute once. A value that its field cannot have is kept as an attribute."""
    stated: dict[str, Any] = {}
    of_fields: dict[str, Pair] = {}
    ranks: dict[str, int] = {}
    kind: str | None = None
    others: list[Pair] = []
    known, use_of = table.known.get, table.use_of
    for pair in pairs:
        name, value = pair
        use = known(name) or use_of(name)
        if use is LEFT_OUT:
            continue
        if use is KEPT:
            others.append(pair)
            continue
        field = use.field
        if field is None:
            others.append(pair)
            said = use.kinds.get(value) if use.kinds and type(value) is str else None
            # A span that both a convention that is read and another one describe is what the one that is read says.
            if said is not None and (kind is None or kind == "step"):
                kind = said
            continue
        if type(value) is not str or not use.is_text:
            value = _converted(use, value)
        if (not value and value != 0) or (field in stated and ranks[field] < use.rank):
            others.append(pair)
            continue
        if field in stated:
            others.append(of_fields[field])
        stated[field], of_fields[field], ranks[field] = value, pair, use.rank
    return Sorted(stated, kind, others, of_fields)


def bounded(pairs: Iterable[Pair], more: dict[str, Any]) -> dict[str, Any]:
    """The attributes that are kept, with `more`, which names nothing that they name."""
    kept = more.copy()
    left_out = 0
    for name, value in pairs:
        if type(value) is str:
            if value:
                kept[name] = value[:MOST_CHARACTERS]
        elif type(value) in (list, dict) and len(encode_json(value)) > MOST_CHARACTERS:
            left_out += 1
        elif value is not None:
            kept[name] = value
    if len(kept) > MOST_ATTRIBUTES:
        left_out += len(kept) - MOST_ATTRIBUTES
        kept = dict(islice(kept.items(), MOST_ATTRIBUTES))
    if left_out:
        kept[NUMBER_LEFT_OUT] = left_out
    return kept


def _converted(use: Use, value: Any) -> Any:
    """The value as its field has it; None where it cannot."""
    if use.is_text:
        return str(value) if type(value) is int else None
    if use.field == "cost_usd":
        return money(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else None
