"""Alerts in few words: what each type is called, what it is held against, and of whom it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentgauge.service.alert_wording import against, amount, band, headline, metric_words, step_words, subject
from agentgauge.state.alert_evidence import Comparison, Evidence, Range, Span, Unit
from agentgauge.state.alerts import Alert

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
WINDOW = Span(start=NOW - timedelta(hours=1), end=NOW)


def alert(type_: str, value: float | None = 0.2106, unit: Unit = "USD", metric: str = "cost", **more: Any) -> Alert:
    given = {
        "id": 1, "agent_name": None, "severity": "warning", "status": "active", "detected_at": NOW,
        "acknowledged_at": None, "resolved_at": None, "condition": "c", "rule": type_, "project": None,
        "updated_at": NOW, "acknowledged_by": None, "resolved_by": None, "version": 1, "told_at": NOW,
        "clear_at": None, "clear_count": 0, "clear_hour": None, "message": "the whole sentence",
        "evidence": Evidence(window=WINDOW, value=value, unit=unit, **more.pop("of", {})),
    }  # fmt: skip
    return Alert(type=type_, metric=metric, **{**given, **more})


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (alert("performance_degradation", deviation_percent=62.0), "Cost 62.0 % higher than before"),
        (
            alert("performance_degradation", metric="success_rate", deviation_percent=-8.0),
            "Success rate 8.0 % lower than before",
        ),
        (alert("outlier"), "Cost outlier: $0.2106 in one operation"),
        (alert("anomaly", 31_000, "tokens", "tokens"), "Tokens unusual for the hour: 31.0k tokens"),
        (alert("error_rate", 33.3, "percent"), "33.3 % of operations failed"),
        (alert("satisfaction", 0.42, "0-1"), "Satisfaction is 0.42 of 1"),
        (alert("unpriced_models", 1, "calls"), "1 call without a price"),
        (alert("no_data", 80, "hours"), "Nothing recorded for 80 hours"),
        (alert("budget_unchecked", 3, "calls"), "3 calls past a budget that could not be checked"),
        (
            alert("budget_overrun", 7.2, of={"budget": "agent:coder"}, expected_value=7.5),
            "Budget agent:coder at 96.0 %: $7.20 of $7.50",
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else value.type,
)  # fmt: skip
def test_an_alert_has_a_headline(made: Alert, said: str) -> None:
    assert headline(made) == said


@pytest.mark.parametrize(
    "made",
    [
        alert("budget_overrun", 7.2, of={"budget": "agent:coder"}, expected_value=0.0),
        alert("outlier", None),
        alert("outlier", evidence=None),
        alert("of_somebody"),
    ],
    ids=["a budget of nothing", "no figure", "no evidence", "another type"],
)
def test_what_has_no_headline_says_its_message(made: Alert) -> None:
    assert headline(made) == "the whole sentence"


def test_a_value_is_held_against_what_was_expected() -> None:
    of = {"window": WINDOW, "value": 58_000.0, "unit": "ms"}
    earlier = Comparison(start=WINDOW.start, end=WINDOW.start, count=28, of="windows")
    assert against(Evidence(**of, baseline=earlier, expected=Range(low=36e3, high=42e3), samples=34)) == (
        "58.00 s against 36.00 s to 42.00 s expected, 34 samples"
    )
    assert against(Evidence(**of)) == "58.00 s"
    assert against(Evidence(window=WINDOW, value=None, unit="ms", expected=Range(high=1.0))) == (
        "no figure against up to 1.0 ms allowed"
    )
    assert against(Evidence(window=WINDOW, value=8, unit="calls", samples=8, expected=Range(high=0.0))) == (
        "8 calls against none allowed"
    )


@pytest.mark.parametrize(
    ("range_", "said"),
    [(Range(), "anything"), (Range(high=20.0), "up to 20.0 %"), (Range(low=20.0), "at least 20.0 %")],
    ids=["no end", "an upper end", "a lower end"],
)
def test_a_band_has_the_ends_that_it_has(range_: Range, said: str) -> None:
    assert band(range_, "percent") == said


def test_whom_an_alert_is_of_is_its_agent_what_its_rows_share_and_its_project() -> None:
    of = {"filters": {"agent": "coder", "operation": "build", "kind": "llm_call", "cost_usd": None, "project": "shop"}}
    assert subject(alert("outlier", of=of, agent_name="coder", project="shop")) == (
        "coder · operation build · project shop"
    )
    assert subject(alert("outlier")) == "everything recorded"


def test_amounts_are_short_in_each_unit() -> None:
    assert amount(0.0137, "USD") == "$0.0137"
    assert amount(0.0475, "1") == "4.8 %"
    assert amount(81.25, "0-100") == "81.2 of 100"
    assert amount(1, "operations") == "1 operation"


def test_what_somebody_named_is_called_as_they_did() -> None:
    assert metric_words("queue_length") == "queue_length"
    assert step_words("quieted") == "Found again, and kept quiet"
