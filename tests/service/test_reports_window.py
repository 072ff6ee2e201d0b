"""Windows as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agentgauge.errors import QueryError
from agentgauge.service.window import Window, parse_moment, parse_window

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        (" 2W ", timedelta(weeks=2)),
    ],
)
def test_a_span_is_that_long_before_now(text: str, ago: timedelta) -> None:
    assert parse_moment(text, BERLIN, NOW) == NOW - ago


def test_a_date_is_a_day_of_the_zone() -> None:
    assert parse_moment("2026-11-01", BERLIN, NOW) == datetime(2026, 10, 31, 23, tzinfo=UTC)


def test_until_a_date_includes_that_day() -> None:
    window = parse_window("2026-03-29", "2026-03-29", BERLIN, NOW)
    assert window == Window(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))


def test_today_is_the_day_that_it_is_in_the_zone() -> None:
    assert parse_moment("today", ZoneInfo("America/New_York"), NOW) == datetime(2026, 10, 31, 4, tzinfo=UTC)
    assert parse_moment("yesterday", BERLIN, NOW) == datetime(2026, 10, 30, 23, tzinfo=UTC)


def test_a_time_without_zone_is_of_the_readers_zone_and_one_with_zone_of_its_own() -> None:
    assert parse_moment("2026-07-01T09:30", BERLIN, NOW) == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert parse_moment("2026-07-01T09:30Z", BERLIN, NOW) == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)


def test_an_open_side_stays_open() -> None:
    assert parse_window(None, None, BERLIN, NOW) == Window(None, None)


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "7", "-7d", "999999w", "0001-01-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse_moment(text, BERLIN, NOW)


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(QueryError, match="empty"):
        parse_window("2026-11-02", "2026-11-01", BERLIN, NOW)
