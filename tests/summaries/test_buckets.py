"""One bucket formula: Python, numpy and DuckDB put every value into the same bucket."""

from __future__ import annotations

import math
import random
import sys

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.summaries.buckets import BASE, RELATIVE_ERROR, SQL, bucket, buckets_of, representative

FINITE = st.floats(allow_nan=False, allow_infinity=False)
EXTREMES = [sys.float_info.max, sys.float_info.min, 5e-324, 1.0, 1e-12, 0.0, -0.0]


def _boundaries() -> list[float]:
    """Powers of the base as doubles, and their neighbours on both sides."""
    powers = [BASE**i for i in range(-3000, 3000)]
    return [near for power in powers for near in (math.nextafter(power, 0), power, math.nextafter(power, math.inf))]


def _random_values() -> list[float]:
    rng = random.Random(7)
    return [rng.choice((1, -1)) * 10 ** rng.uniform(-300, 300) for _ in range(20_000)]


@pytest.mark.parametrize(
    "values", [_boundaries(), _random_values(), EXTREMES], ids=["boundaries", "random", "extremes"]
)
def test_every_language_gives_the_same_bucket(values: list[float]) -> None:
    values = values + [-value for value in values]
    expected = [bucket(value) for value in values]
    assert buckets_of(np.array(values)).tolist() == expected
    formula = SQL["duckdb"].replace("{value}", "v")
    query = f"SELECT {formula} FROM (SELECT unnest($1::DOUBLE[]) AS v)"
    assert [row[0] for row in duckdb.connect().execute(query, [values]).fetchall()] == expected


def test_an_absent_value_has_no_bucket() -> None:
    assert duckdb.connect().execute(f"SELECT {SQL['duckdb'].replace('{value}', 'NULL::DOUBLE')}").fetchall() == [
        (None,)
    ]


def test_a_power_of_the_base_is_the_top_of_its_bucket() -> None:
    first = bucket(1.0)
    assert [bucket(BASE**i) - first for i in range(-3000, 3000)] == list(range(-3000, 3000))
    assert bucket(1.0001) == first + 1


@given(FINITE, FINITE)
def test_buckets_sort_as_values_do(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert bucket(low) <= bucket(high)


@given(FINITE)
def test_zero_and_signs_are_kept(value: float) -> None:
    assert np.sign(bucket(value)) == np.sign(value)
    assert bucket(-value) == -bucket(value)


@given(FINITE.filter(lambda value: abs(value) > sys.float_info.min))
def test_the_representative_is_within_the_stated_error(value: float) -> None:
    assert representative(bucket(value)) == pytest.approx(value, rel=RELATIVE_ERROR + 1e-9)


def test_the_stated_error_is_below_one_percent() -> None:
    assert RELATIVE_ERROR < 0.01
