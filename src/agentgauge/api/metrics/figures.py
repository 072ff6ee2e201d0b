"""Figures as the documented answers write them: the only place where percent, rounding and null are decided.

Fields hold what the reports have (ratios, milliseconds, exact decimals, NaN of nothing) and are written as

    Percent        94.67          of a ratio 0-1, two decimals
    Milliseconds   245.32         two decimals
    Score          87.5           points of 100, two decimals
    MeanTokens     276.47         two decimals
    Usd            1.234568       a JSON number of at most six decimals, never cents
    Number         0.0231         six decimals, of what has a unit of its own

None, NaN and infinity are written as null: a mean of nothing is not 0.
"""

from __future__ import annotations

import math
from decimal import Decimal
from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer

_USD_STEP = Decimal("0.000001")


def rounded(value: float | None, decimals: int = 2) -> float | None:
    """None of nothing; never -0.0."""
    return None if value is None or not math.isfinite(value) else round(value, decimals) + 0.0


def percent(ratio: float | None) -> float | None:
    return None if ratio is None else rounded(ratio * 100)


def usd(amount: Decimal | float | None) -> float | None:
    """Half a millionth of a dollar goes to the even side, as everywhere."""
    if amount is None or not math.isfinite(amount):
        return None
    return float(amount.quantize(_USD_STEP)) + 0.0 if isinstance(amount, Decimal) else rounded(amount, 6)


def in_unit(value: float | None, unit: str) -> float | None:
    """A figure of a metric, as its unit is written here: of `percent` a ratio, time and points with two decimals."""
    match unit:
        case "percent":
            return percent(value)
        case "ms" | "0-100":
            return rounded(value)
        case _:
            return rounded(value, 6)


Percent = Annotated[float | None, PlainSerializer(percent, return_type=float | None)]
Milliseconds = Annotated[float | None, PlainSerializer(rounded, return_type=float | None)]
Score = Annotated[float | None, PlainSerializer(rounded, return_type=float | None)]
Number = Annotated[float | None, PlainSerializer(partial(rounded, decimals=6), return_type=float | None)]
MeanTokens = Annotated[float | None, PlainSerializer(rounded, return_type=float | None)]
Usd = Annotated[Decimal | None, PlainSerializer(usd, return_type=float | None)]
Amount = Annotated[Decimal, PlainSerializer(usd, return_type=float)]
"""Of an amount that is always known."""


class Part(BaseModel):
    """Part of a documented answer. It is made of figures that were computed: nothing is parsed."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")
