"""Conditions on events: one column, one operator, one value.

Absent values follow one rule everywhere: `!=`, `not in`, `not like` and `not glob` hold for them (a call without a
model is not a call of gpt-4o), the other operators but `is null` do not. So `=` and `!=`, `in` and `not in` and so on
split any set of events in two.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Literal, get_args

import msgspec

from agentgauge.engines.columns import Column, column, is_storable
from agentgauge.errors import QueryError

Operator = Literal[
    "=", "!=", "in", "not in", "<", "<=", ">", ">=", "is null", "is not null", "like", "not like", "glob", "not glob"
]
Operand = str | int | float | bool | Decimal | datetime

OPERATORS: tuple[str, ...] = get_args(Operator)
_LISTS = ("in", "not in")
_NULLS = ("is null", "is not null")
_PATTERNS = ("like", "not like", "glob", "not glob")

_TAKES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "whole": (int,),
    "real": (int, float),
    "money": (Decimal, int),
    "flag": (bool,),
    "time": (datetime,),
    "attribute": (str, int, float, bool),
}


class Filter(msgspec.Struct, frozen=True):
    """`field` is a column of `events` or `attributes.<key>`.

    `value` has the column's type: str for text, int for whole numbers, int or float for real ones, Decimal or int for
    money, bool for flags, an aware datetime for times. An attribute is compared as a number with int and float, else as
    text. `in` and `not in` take a tuple of values, `is null` and `is not null` none. `like` has % (any text), _ (any
    character) and backslash before either to mean itself; `glob` has * and ?. Both are case-sensitive and match whole
    values.
    """

    field: str
    op: Operator
    value: Operand | tuple[Operand, ...] | None = None

    def __post_init__(self) -> None:
        target = column(self.field)
        if self.op not in OPERATORS:
            raise QueryError(f"no operator {self.op!r}; there are {', '.join(OPERATORS)}")
        if target.type not in _TAKES and self.op not in _NULLS:
            raise QueryError(f"{self.field} is compared by its keys: use attributes.<key>")
        if self.op in _NULLS:
            if self.value is not None:
                raise QueryError(f"{self.field} {self.op} takes no value, got {self.value!r}")
        elif self.op in _LISTS:
            if not isinstance(self.value, tuple) or not self.value:
                raise QueryError(f"{self.field} {self.op} takes a tuple of at least one value, got {self.value!r}")
        elif isinstance(self.value, tuple) or self.value is None:
            raise QueryError(
                f"{self.field} {self.op} takes one value, got {self.value!r}; for absent values use 'is null'"
            )
        for operand in self.operands:
            _check_operand(target, operand)
        if self.op in _PATTERNS:
            self._check_pattern(target)
        if target.type == "flag" and self.op in ("<", "<=", ">", ">="):
            raise QueryError(f"{self.field} is true or false: use = or !=, not {self.op}")

    @property
    def operands(self) -> Sequence[Operand]:
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def target(self) -> Column:
        """The column compared."""
        return column(self.field)

    @property
    def negated(self) -> bool:
        return self.op.startswith("not ")

    @property
    def like_pattern(self) -> str:
        """The pattern of a `like` or `glob` condition as SQL's LIKE with backslash as escape."""
        assert isinstance(self.value, str)
        if self.op.endswith("like"):
            return self.value
        return re.sub(r"[\\%_]", r"\\\g<0>", self.value).replace("*", "%").replace("?", "_")

    def _check_pattern(self, target: Column) -> None:
        if target.type not in ("text", "attribute") or not isinstance(self.value, str):
            raise QueryError(f"{self.op} compares text with a pattern, not {self.field} with {self.value!r}")
        if not re.fullmatch(r"(?s:[^\\]|\\[\\%_])*", self.like_pattern):
            raise QueryError(rf"{self.op} pattern {self.value!r}: a backslash stands before %, _ or another backslash")


def _check_operand(target: Column, operand: Operand) -> None:
    takes = _TAKES[target.type]
    if not isinstance(operand, takes) or (isinstance(operand, bool) and bool not in takes):
        names = " or ".join(kind.__name__ for kind in takes)
        raise QueryError(f"{target.name} is compared with {names}, got {type(operand).__name__} {operand!r}")
    if isinstance(operand, datetime) and operand.utcoffset() is None:
        raise QueryError(
            f"{target.name} {operand.isoformat()} has no time zone; use datetime(..., tzinfo=timezone.utc)"
        )
    if isinstance(operand, str) and not is_storable(operand):
        raise QueryError(f"{target.name} is compared with text that UTF-8 can hold, got {operand!r}")
    if isinstance(operand, int) and not -(2**63) <= operand < 2**63:
        raise QueryError(f"{target.name} is compared with 64-bit whole numbers, got {operand}")
    if isinstance(operand, float | Decimal) and not math.isfinite(operand):
        raise QueryError(f"{target.name} is compared with finite numbers, got {operand}")
    if isinstance(operand, Decimal) and (abs(operand) >= 10**20 or not _has_12_places(operand)):
        raise QueryError(f"{target.name} has 12 decimal places and is below 10^20 USD, got {operand}")


def _has_12_places(amount: Decimal) -> bool:
    with localcontext(prec=32):  # what an amount below 10^20 has, of which the usual 28 are too few to round
        return amount == round(amount, 12)
