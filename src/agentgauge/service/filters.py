"""Filters as a person writes them: `agent=coder`, `model!=gpt-4o`, `branch=main`, `duration_ms>=1000`.

    FIELD=A           the value is A; given again with another value: one of them
    FIELD!=A          it is not, or there is none; given again: none of them
    FIELD<A  <=  >  >=   numbers
    FIELD=   FIELD!=  there is no value; there is one

FIELD is a column of the events, else the key of an attribute, with or without the prefix `attributes.`. Conditions on
different fields must all hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from agentgauge.engines import Filter
from agentgauge.engines.columns import BY_NAME as COLUMNS
from agentgauge.engines.columns import Column, column
from agentgauge.engines.conditions import Operand, Operator
from agentgauge.errors import QueryError
from agentgauge.events import fields, kinds
from agentgauge.service.dimensions import near_dimension

_CONDITION = re.compile(r"\s*(?P<field>[^=!<>]*[^=!<>\s])\s*(?P<op>!=|<=|>=|=|<|>)(?P<value>.*)", re.DOTALL)
_MOST_DIGITS = 400
"""Before or after the point: more than any number that is recorded has. `1e999999999` would fill the memory."""
_SEVERAL: dict[str, Operator] = {"=": "in", "!=": "not in"}
_ONE: dict[str, Operator] = {"=": "=", "!=": "!="}
_ORDERED: dict[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ABSENT: dict[str, Operator] = {"=": "is null", "!=": "is not null"}
MET_BY_ABSENT = ("!=", "not in", "not like", "not glob", "is null")
"""Operators of conditions that hold where there is no value."""
_NEVER_OF_TASKS = {field.name for kind in kinds.KINDS for field in kind.fields} - {
    field.name for name in kinds.TASK_KINDS for field in kinds.BY_NAME[name].fields
}
LISTED_VALUES = {
    "kind": tuple(kinds.BY_NAME),
    "outcome": fields.OUTCOMES,
    "severity": fields.SEVERITIES,
    "cost_source": fields.COST_SOURCES,
}
"""Columns that have no other values."""


def parse_filters(texts: Sequence[str]) -> tuple[Filter, ...]:
    """The conditions that texts mean, all of which must hold.

    Raises `QueryError` for text of another form, a mistyped column, and a value that the column cannot have.
    """
    found: list[Filter] = []
    equal: dict[tuple[str, str], list[Operand]] = {}
    for text in texts:
        parts = _CONDITION.fullmatch(text)
        if parts is None:
            raise QueryError(f"{text!r} is no condition: write FIELD=VALUE, with one of = != < <= > >= between them")
        target, op = _column(parts["field"]), parts["op"]
        if op in _ORDERED:
            found.append(Filter(target.name, _ORDERED[op], _number(target, parts["value"], text)))
        elif not parts["value"]:
            found.append(Filter(target.name, _ABSENT[op]))
        else:
            equal.setdefault((target.name, op), []).append(_value(target, parts["value"], text))
    for (name, op), values in equal.items():
        if any(condition.field == name and condition.op == _ABSENT[op] for condition in found):
            raise QueryError(f"{name}{op} with and without a value cannot be asked together: ask for each by itself")
        if len(values) > 1:
            found.append(Filter(name, _SEVERAL[op], tuple(values)))
        else:
            found.append(Filter(name, _ONE[op], values[0]))
    return tuple(found)


def without_tasks(filters: Sequence[Filter]) -> tuple[str, ...]:
    """Fields of conditions that no task meets, since tasks have no such field: `model`, as an example."""
    return tuple(
        dict.fromkeys(
            condition.field
            for condition in filters
            if condition.field in _NEVER_OF_TASKS and condition.op not in MET_BY_ABSENT
        )
    )


def _column(name: str) -> Column:
    if name in COLUMNS or name.startswith("attributes."):
        return column(name)
    if name == "tool":
        raise QueryError("tools are the names of tool calls: write name=NAME, with kind=tool_call")
    near = near_dimension(name)
    if near is not None:
        raise QueryError(f"no column is called {name!r}: did you mean {near}? An attribute is attributes.{name}")
    return column(f"attributes.{name}")


def _value(target: Column, value: str, text: str) -> Operand:
    match target.type:
        case "text":
            _check_known(target.name, value)
            return value
        case "attribute":
            return value
        case "flag":
            if value not in ("true", "false"):
                raise QueryError(f"{text!r}: {target.name} is true or false")
            return value == "true"
        case "time":
            raise QueryError(f"{text!r}: a window of time is given by since and until")
        case _:
            return _number(target, value, text)


def _check_known(name: str, value: str) -> None:
    known = LISTED_VALUES.get(name, (value,))
    if value not in known:
        near = get_close_matches(value.lower(), known, n=1)
        meant = f": did you mean {near[0]}?" if near else "."
        raise QueryError(f"no {name} is {value!r}{meant} There are {', '.join(known)}")


def _number(target: Column, value: str, text: str) -> Operand:
    if target.type == "time":
        raise QueryError(f"{text!r}: a window of time is given by since and until")
    if target.type in ("text", "flag", "json"):
        raise QueryError(f"{text!r}: {target.name} is no number: compare it with = or !=")
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        raise QueryError(f"{text!r}: {target.name} is compared with a number, not with {value!r}") from None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise QueryError(f"{text!r}: {target.name} is compared with finite numbers, of {_MOST_DIGITS} digits at most")
    if target.type == "money":
        return number
    if target.type == "whole" and number == number.to_integral_value():
        return int(number)
    if target.type == "whole":
        raise QueryError(f"{text!r}: {target.name} is compared with whole numbers")
    return float(number)
