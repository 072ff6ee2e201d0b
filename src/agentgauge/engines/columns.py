"""The columns of the relation `events`, as questions may name them.

They are the event's fields, its identity in the lake, what follows from them, and every key of the attributes as
`attributes.<key>` (one flat key: dots in it are part of it).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from agentgauge.errors import QueryError
from agentgauge.events import fields, kinds

ColumnType = Literal["text", "whole", "real", "money", "flag", "time", "json", "attribute", "summary", "histogram"]
"""The logical types of fields; `attribute` is a JSON value of unknown type, `summary` a `Summary` (in answers only),
likewise `histogram`."""


class Column(msgspec.Struct, frozen=True):
    name: str
    type: ColumnType
    unit: str = ""


DERIVED = (Column("success", "flag"), Column("work_item", "text"), Column("tokens", "whole", "token"))
"""`success` is whether the outcome is success, NULL without an outcome; `work_item` is the ticket, else the issue;
`tokens` are those that went in and came out together."""

ALL: tuple[Column, ...] = (
    *(Column(field.name, field.type, field.unit) for field in (*fields.IDENTITY, *fields.ALL)),
    *DERIVED,
)
BY_NAME = {column.name: column for column in ALL}
NUMERIC = ("whole", "real", "money", "attribute")

_ATTRIBUTE_PREFIX = "attributes."
_USAGE_NAMES = frozenset(field.name for field in (*fields.TOKENS, *fields.COST))


def column(name: str) -> Column:
    """The column of that name. Raises `QueryError` listing the names there are."""
    if name in BY_NAME:
        return BY_NAME[name]
    if name.startswith(_ATTRIBUTE_PREFIX) and is_storable(name):
        return Column(name, "attribute")
    raise QueryError(f"no column {name!r}; there are {', '.join(BY_NAME)} and attributes.<key>")


def attribute_key(column: Column) -> str:
    """The key that a column of type `attribute` reads."""
    return column.name.removeprefix(_ATTRIBUTE_PREFIX)


def usage_kinds(column: Column) -> tuple[str, ...] | None:
    """The kinds over whose events tokens and money are summed: those that carry usage and have the field; else None,
    any kind."""
    name = "input_tokens" if column.name == "tokens" else column.name
    if name not in _USAGE_NAMES:
        return None
    return tuple(kind.name for kind in kinds.KINDS if kind.carries_usage and any(f.name == name for f in kind.fields))


def is_storable(text: str) -> bool:
    """Whether text can be part of a question: what UTF-8 cannot hold (a lone surrogate) no stored value has either."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
