"""Figures as short as a page has room for."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from agentgauge.service import short_wording


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("1234.56", "$1,235"), ("999.994", "$999.99"), ("999.996", "$1,000"), ("12.8", "$12.80"), ("1", "$1.00"),
        ("0.0137", "$0.0137"), ("0.99996", "$1.00"), ("0.000004321", "$0.0000043"), ("0", "$0.00"),
        ("-12.8", "-$12.80"),
    ],
)  # fmt: skip
def test_money_has_the_digits_that_matter(amount: str, said: str) -> None:
    assert short_wording.money(Decimal(amount)) == said


def test_money_that_is_not_known_is_a_dash_and_what_is_known_in_part_has_a_plus() -> None:
    assert short_wording.money(None) == "-"
    assert short_wording.cost(None, 3) == "-"
    assert short_wording.cost(Decimal(2), 3) == "$2.00+"
    assert short_wording.cost(Decimal(2), 0) == "$2.00"


@pytest.mark.parametrize(
    ("number", "said"),
    [(9842, "9,842"), (31_000, "31.0k"), (9_999.6, "10.0k"), (999_960, "1.0M"), (1_234_567, "1.2M"), (2.5e9, "2.5B")],
)
def test_large_counts_are_cut_to_three_digits(number: float, said: str) -> None:
    assert short_wording.large_count(number) == said


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (907, "907 ms"), (2250, "2.25 s"), (185_000, "3 m 05 s"), (0, "0 ms"), (0.01, "<0.1 ms"), (999.6, "1.00 s"),
        (59_994, "59.99 s"), (59_996, "1 m 00 s"), (3_599_600, "1 h 00 m"), (3_720_000, "1 h 02 m"), (-2250, "-2.25 s"),
        (math.nan, "-"),
    ],
)  # fmt: skip
def test_durations_take_the_unit_that_fits(ms: float, said: str) -> None:
    assert short_wording.duration(ms) == said


def test_changes_have_a_sign_and_one_decimal() -> None:
    assert short_wording.signed_percent(0.148) == "+14.8 %"
    assert short_wording.signed_percent(-0.004) == "-0.4 %"
    assert short_wording.signed_percent(0) == "0.0 %"
    assert short_wording.signed_percent(math.nan) == "-"
