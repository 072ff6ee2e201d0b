"""Attributes: from any mapping that a caller gives to a dict that JSON holds as it is.

Values that have one obvious text are written as it: a Decimal and a UUID as theirs, a date or time in ISO 8601, a
path as the file system has it. A member of an enum stands for its value. Whatever else would change or fail on the
way raises `EventRefused`, with a message that names the attribute and the type of the value, and not what it says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any

from agentgauge.errors import EventRefused

_DEEPEST = 64
_LEAST, _MOST = -(2**63), 2**63 - 1
_NAME_CHARACTERS = 60


def as_json(value: object) -> dict[str, Any]:
    """The attributes of an event. Raises `EventRefused`."""
    if not isinstance(value, Mapping):
        raise EventRefused("not JSON", f"attributes is a dict, got {type(value).__name__}")
    result = {}
    for key, item in list(value.items()):  # at once: another thread may add to it
        name, kind = key if type(key) is str else _key(key), type(item)
        if kind is str or (kind is float and isfinite(item)) or (kind is int and _LEAST <= item <= _MOST):
            result[name] = item
        else:
            result[name] = _plain(f"attribute {name[:_NAME_CHARACTERS]!r}", item, _DEEPEST)
    return result


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise EventRefused("not JSON", f"attributes: keys are text, got {type(key).__name__}")
    return str.__str__(key)


def _plain(name: str, value: object, depth: int) -> object:
    """One value, `depth` levels of which may follow; `name` is that of the attribute it is in, for messages."""
    if value is None or value is True or value is False or type(value) is str:
        return value
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _whole(name, int.__index__(value))
    if isinstance(value, float):
        if not isfinite(value):
            raise EventRefused("not finite", f"{name} is {float.__float__(value)}")
        return float.__float__(value)
    if depth <= 0:
        raise EventRefused("not JSON", f"{name} is nested more than {_DEEPEST} deep")
    if isinstance(value, Mapping):
        return {_key(key): _plain(name, item, depth - 1) for key, item in list(value.items())}
    if isinstance(value, list | tuple):
        return [_plain(name, item, depth - 1) for item in value]
    return _text(name, value)


def _whole(name: str, value: int) -> int:
    if not _LEAST <= value <= _MOST:
        raise EventRefused("not JSON", f"{name} is beyond 64 bits")
    return value


def _text(name: str, value: object) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise EventRefused("not finite", f"{name} is {value}")
        return str(value)
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        if isinstance(path, str):
            return str.__str__(path)
    uuid = sys.modules.get("uuid")  # who has made one has imported it
    if uuid is not None and isinstance(value, uuid.UUID):
        return str(value)
    raise EventRefused(
        "not JSON", f"{name} is a {type(value).__name__}; give text, numbers, dates, paths, lists or dicts"
    )
