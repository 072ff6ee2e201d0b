"""Numbers as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from agentgauge.cli import wording


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("42.595908", "$42.60"),
        ("1234567.5", "$1,234,567.50"),
        ("0.0012", "$0.0012"),
        ("0.43", "$0.43"),
        ("0.04251", "$0.043"),
        ("0.000000000001", "$0.0000000000010"),
        ("0", "$0.00"),
        ("0E-12", "$0.00"),
        ("-2.5", "-$2.50"),
        ("0.999", "$1.00"),
    ],
)
def test_money_has_cents_or_two_significant_digits(amount: str, text: str) -> None:
    assert wording.money(Decimal(amount)) == text


def test_what_is_not_known_is_a_dash() -> None:
    assert wording.money(None) == wording.percent(math.nan) == wording.duration(math.nan) == "-"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.0, "0.0 %"), (1.0, "100.0 %"), (0.9999, ">99.9 %"), (0.0001, "<0.1 %"), (0.564, "56.4 %")],
)
def test_a_rate_is_not_rounded_to_all_or_nothing(ratio: float, text: str) -> None:
    assert wording.percent(ratio) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0.0, "0.0 ms"),
        (0.04, "<0.1 ms"),
        (0.05, "0.1 ms"),
        (12.4, "12 ms"),
        (999.6, "1.0 s"),
        (99_949, "99.9 s"),
        (99_960, "1 min 40 s"),
        (3_599_600, "1 h 0 min"),
        (7_320_000, "2 h 2 min"),
    ],
)
def test_a_duration_has_the_unit_that_fits(ms: float, text: str) -> None:
    assert wording.duration(ms) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1 << 42, "4.0 TiB")])
def test_bytes_have_the_unit_that_fits(number: int, text: str) -> None:
    assert wording.size(number) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234.0, "ms", "1.2 s"),
        (0.5, "USD", "$0.50"),
        (-2.0, "ms", "-2.0 ms"),
        (129.0, "token", "129"),
        (22361870.0, "token", "22,361,870"),
        (0.12345, "1", "0.1235"),
        (84.21, "0-100", "84.21"),
        (1234.5678, "", "1,235"),
        (0.0, "", "0"),
        (math.nan, "ms", "-"),
    ],
)
def test_a_figure_has_the_form_of_its_unit(value: float, unit: str, text: str) -> None:
    assert wording.number(value, unit) == text


def test_how_an_answer_was_found_is_said_where_it_matters() -> None:
    assert wording.found(True, None, UTC) == []
    expired, within = wording.found(False, datetime(2026, 8, 1, tzinfo=UTC), UTC)
    assert "before 2026-08-01 00:00 have expired" in expired
    assert "within 1 %" in within


def test_hours_that_clocks_show_twice_have_their_offset() -> None:
    summer, winter = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))
    starts = [datetime(2026, 10, 25, hour, tzinfo=zone) for hour, zone in ((1, summer), (2, summer), (2, winter))]
    shown = ["Sun 25 Oct 01:00", "Sun 25 Oct 02:00 +02:00", "Sun 25 Oct 02:00 +01:00"]
    assert wording.buckets(starts, "hour") == shown


def test_a_window_is_said_as_it_was_asked_for() -> None:
    first, last = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    edges = [(None, None), (first, None), (None, last), (first, last)]
    assert [wording.window(start, end, UTC) for start, end in edges] == [
        "everything recorded",
        "since 2026-03-01 00:00",
        "everything before 2026-03-02 00:00",
        "2026-03-01 00:00 to 2026-03-02 00:00",
    ]
