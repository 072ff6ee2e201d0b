"""Two windows of time are read as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from agentgauge.errors import QueryError
from agentgauge.service.compared_windows import parse_compared

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 4, 1, 10, tzinfo=UTC)


class TestWindows:
    @pytest.mark.parametrize(
        ("window", "against", "zone", "expected"),
        [
            ("7d", "previous", UTC, "03-25T10:00 04-01T10:00 03-18T10:00 03-25T10:00"),
            ("yesterday", "previous", UTC, "03-31T00:00 04-01T00:00 03-30T00:00 03-31T00:00"),
            ("2026-03-10..2026-03-12", "2026-03-01", UTC, "03-10T00:00 03-13T00:00 03-01T00:00 03-02T00:00"),
            ("2026-03-30..", "2026-03-01..2026-03-02", UTC, "03-30T00:00 04-01T10:00 03-01T00:00 03-03T00:00"),
            # Of the two days before, one has 23 hours.
            ("2026-03-30..2026-03-31", "previous", BERLIN, "03-29T22:00 03-31T22:00 03-27T23:00 03-29T22:00"),
            ("2026-03-31T08:00..2026-03-31T09:30", "Previous", UTC, "03-31T08:00 03-31T09:30 03-31T06:30 03-31T08:00"),
            ("today", "previous", UTC, "04-01T00:00 04-02T00:00 03-31T00:00 04-01T00:00"),
        ],
    )
    def test_windows_are_read_as_people_write_them(
        self, window: str, against: str, zone: tzinfo, expected: str
    ) -> None:
        later, earlier = parse_compared(window, against, zone, NOW)
        edges = (later.start, later.end, earlier.start, earlier.end)
        assert edges == tuple(datetime.fromisoformat(f"2026-{text}:00+00:00") for text in expected.split())

    @pytest.mark.parametrize(
        "text", ["", "..2026-03-01", "soon", "2026-03-02..2026-03-01", "2027-01-01..", "-7d", "0002-01-01.."]
    )
    def test_what_is_no_window_is_refused(self, text: str) -> None:
        with pytest.raises(QueryError):
            parse_compared(text, "previous", UTC, NOW)

    def test_what_is_no_time_is_refused_with_all_forms(self) -> None:
        with pytest.raises(QueryError, match=r"30m, 12h, 7d, .*; from one to another is 2026-11-01[.][.]2026-11-07"):
            parse_compared("lastweek", "previous", UTC, NOW)
