"""Models as JSON documents, and back.

A document has a model's fields and those it derives from them (`success_rate`, `total_tokens`), which are not read
back. Times are ISO 8601, numbers that are not known null. What a model does not know of a document is kept in its
`extra`, so a file of a newer version, or with fields of yours, survives being read and written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from agentgauge.runs.text import text_of
from agentgauge.runs.words import AgentType, Status, agent_type_named, status_named

M = TypeVar("M")


def to_document(model: Any) -> dict[str, Any]:
    """The JSON document of a model of `agentgauge.runs.models` or a subclass.

    Values of your own fields that JSON has no form for become their text.
    """
    names = [field.name for field in fields(model)]
    derived = getattr(model, "DERIVED", ())
    return {name: as_plain(getattr(model, name)) for name in (*names, *derived)}


def as_plain(value: object) -> Any:
    """A value of a model as JSON holds it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return as_plain(value.value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {text_of(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return to_document(value)
    return text_of(value)


def from_document(model: type[M], document: Mapping[str, Any]) -> M:
    """The model that a document describes; what is absent has its default, what is unknown goes to `extra`.

    Raises ValueError where a value cannot be what its field holds, or a required field is absent.
    """
    of_class: type = model
    readers, derived = _readers(of_class), getattr(model, "DERIVED", ())
    values: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for name, value in document.items():
        if name in readers:
            try:
                values[name] = readers[name](value)
            except (TypeError, ValueError, AttributeError) as error:
                raise ValueError(f"{model.__name__}.{name}: {error}") from error
        elif name not in derived:
            unknown[name] = value
    if unknown and "extra" in readers:
        values["extra"] = unknown | values.get("extra", {})
    try:
        return model(**values)
    except TypeError as error:
        raise ValueError(f"{model.__name__}: {error}") from error


@cache
def _readers(model: type) -> dict[str, Callable[[Any], Any]]:
    hints = get_type_hints(model)
    return {field.name: _reader(hints[field.name]) for field in fields(model)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    """What turns a JSON value into one of a field annotated so."""
    if get_origin(hint) in (UnionType, Union):
        if hint in _SCALARS:
            return _SCALARS[hint]
        read = _reader(Union[tuple(option for option in get_args(hint) if option is not NoneType)])  # noqa: UP007 - of a tuple, `|` has no form
        return lambda value: None if value is None else read(value)
    if get_origin(hint) is list:
        read = _reader(get_args(hint)[0])
        return lambda value: [read(item) for item in value]
    if get_origin(hint) is dict:
        read = _reader(get_args(hint)[1])
        return lambda value: {key: read(item) for key, item in value.items()}
    if is_dataclass(hint):
        return lambda value: from_document(hint, value)  # type: ignore[arg-type]
    return _SCALARS.get(hint, _as_it_is)


def _real(value: Any) -> float:
    return math.nan if value is None else float(value)


def _time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment.astimezone(UTC)


def _as_it_is(value: Any) -> Any:
    return value


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    float: _real,
    datetime: _time,
    Status | str: status_named,
    AgentType | str: agent_type_named,
}
