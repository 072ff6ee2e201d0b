"""Values as other programs read them: plain digits, UTC times, documents without NaN, cells that no spreadsheet takes
for a formula.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the signs in full width, which spreadsheets set for Japanese take for the same."""


def plain_digits(value: Decimal) -> str:
    """An amount without exponent and without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_time(value: datetime) -> str:
    """ISO 8601 in UTC, with Z. A time without zone stays without."""
    return value.isoformat() if value.tzinfo is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def document(value: Any) -> Any:
    """An answer, or any value in one, as JSON can hold it: amounts as strings, times in UTC, NaN as null."""
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return plain_digits(value) if value.is_finite() else None
        case datetime():
            return plain_time(value)
        case msgspec.Struct():
            return {name: document(getattr(value, name)) for name in value.__struct_fields__}
        case Mapping():
            return {str(document(key)): document(member) for key, member in value.items()}
        case list() | tuple() | set() | frozenset():
            return [document(member) for member in value]
        case bytes():
            return value.hex()
        case _:
            return str(value)


def csv_cell(value: object) -> object:
    """A value as a CSV cell, with an apostrophe before text that a spreadsheet would run as a formula.

    Source of the rule: OWASP, "CSV Injection".
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case Decimal():
            return plain_digits(value)
        case datetime():
            return plain_time(value)
        case str():
            return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
        case Mapping() | list() | tuple():
            return csv_cell(msgspec.json.encode(document(value)).decode())
        case _:
            return csv_cell(str(value))
