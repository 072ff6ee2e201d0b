"""What an alert was raised from, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentgauge.service.evidence_wording import baseline_words, conditions, in_unit, range_words, window_words
from agentgauge.service.filters import parse_filters
from agentgauge.state.alert_evidence import Comparison, Evidence, Range, Span, Unit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (28.1, "ms", "28 ms"), (0.43, "USD", "$0.43"), (33.333, "percent", "33.3 %"), (0.5, "1", "50.0 %"),
        (1, "calls", "1 call"), (1200, "tokens", "1,200 tokens"), (71, "hours", "71 hours"),
        (0.3333, "0-1", "0.3333 of 1"), (87.5, "0-100", "87.50 of 100"),
    ],
    ids=lambda given: str(given) if isinstance(given, str) else None,
)  # fmt: skip
def test_a_figure_is_said_in_its_unit(value: float, unit: Unit, said: str) -> None:
    assert in_unit(value, unit) == said


def test_a_range_says_which_of_its_ends_it_has() -> None:
    assert range_words(Range(high=20), "percent") == "up to 20.0 %"
    assert range_words(Range(low=3), "calls") == "at least 3 calls"
    assert range_words(Range(low=98, high=131), "ms") == "98 ms to 131 ms"


def test_times_are_those_of_the_zone_and_a_window_may_go_on() -> None:
    compared = Comparison(start=NOON - timedelta(days=7), end=NOON, count=1, of="weeks")
    assert baseline_words(compared, UTC) == "1 week, 2026-02-23 12:00 to 2026-03-02 12:00"
    assert window_words(Span(start=NOON, end=None), UTC) == "since 2026-03-02 12:00"


def test_the_rows_behind_an_alert_are_said_as_filters_are_written() -> None:
    evidence = Evidence(
        window=Span(start=NOON, end=None), value=1, unit="calls", filters={"project": None, "agent": "a=b"}
    )
    assert conditions(evidence) == ("project=", "agent=a=b")
    assert [(each.field, each.op, each.value) for each in parse_filters(conditions(evidence))] == [
        ("project", "is null", None),
        ("agent", "=", "a=b"),
    ]
