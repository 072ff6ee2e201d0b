"""Buckets of the logarithmic histogram: one formula, for Python, numpy and every SQL dialect.

A positive value v belongs to bucket 40,000 + i with 1.02^(i-1) < v <= 1.02^i; a negative value to minus the bucket of
its magnitude; zero to bucket 0. Bucket numbers therefore sort as the values do. Reading a value back as
`representative(bucket)` is off by at most 0.02 / 2.02 = 0.991 % of the value (Masson, Rim, Lee: "DDSketch", VLDB 2019,
lemma 1).

Logarithms differ by an ulp between C libraries, numpy and engines. `SNAP` moves the edge up by 2e-11 of its value,
which is far more than those ulps (below 2e-11 in the logarithm at the ends of the double range) and far less than a
bucket, so that values that are powers of the base, 1.0 above all, fall into the same bucket everywhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BASE = 1.02
LOG_BASE = math.log(BASE)
OFFSET = 40_000
"""Keeps buckets of positive values positive down to the smallest double, whose i is -37,593."""
SNAP = 1e-9
"""In units of a bucket's width on the logarithmic axis."""

RELATIVE_ERROR = (BASE - 1) / (BASE + 1)

_MAGNITUDE = f"CEIL(LN({{magnitude}}) / {LOG_BASE * 100:.17f}e-2 - {SNAP:.0e}) + {OFFSET}"
_FORMULA = (
    f"CAST(CASE WHEN {{value}} > 0 THEN {_MAGNITUDE.format(magnitude='{value}')} "
    f"WHEN {{value}} < 0 THEN -({_MAGNITUDE.format(magnitude='-{value}')}) "
    "WHEN {value} = 0 THEN 0 END AS {integer})"
)

SQL = {"duckdb": _FORMULA.replace("{integer}", "INTEGER")}
"""The bucket of `{value}`, an expression of type DOUBLE, per dialect; NULL where the value is NULL.

The constants are written with an exponent because DuckDB reads a plain decimal literal as DECIMAL."""


def bucket(value: float) -> int:
    """The bucket of a finite value."""
    if value == 0:
        return 0
    magnitude = math.ceil(math.log(abs(value)) / LOG_BASE - SNAP) + OFFSET
    return magnitude if value > 0 else -magnitude


def buckets_of(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bucket of each of many finite values."""
    import numpy as np

    magnitude = np.abs(values)
    logarithm = np.log(magnitude, out=np.zeros_like(magnitude), where=magnitude > 0)
    numbers = np.ceil(logarithm / LOG_BASE - SNAP) + OFFSET
    signed: NDArray[np.int64] = (np.sign(values) * numbers).astype(np.int64)
    return signed


def representative(bucket: int) -> float:
    """The value that stands for a bucket: 2 * upper edge / (base + 1), equally far, relatively, from both edges."""
    if bucket == 0:
        return 0.0
    # Half of the product in the exponent first: the edge of the topmost bucket itself is beyond the largest double.
    exponent = (abs(bucket) - OFFSET) * LOG_BASE + math.log(2 / (BASE + 1))
    magnitude = math.exp(exponent) if exponent < _LARGEST_EXPONENT else _LARGEST
    return magnitude if bucket > 0 else -magnitude


_LARGEST = math.ldexp(1 - 2**-53, 1024)
_LARGEST_EXPONENT = math.log(_LARGEST)
