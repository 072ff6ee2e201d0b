"""What was spent in a window, a day and today, and what part of a sum an amount is."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import agentgauge
from agentgauge.meter import Meter
from agentgauge.service.shares import shares
from agentgauge.service.spend import Spend, spend
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)


def spent(home: Path, window: Window, zone: str = "UTC") -> Spend:
    with Meter(get_settings(home)).engine() as engine:
        return spend(engine, window, zone=zone, now=NOW)


def recorded(home: Path) -> Path:
    """$3 two days ago, $1 yesterday at 23:30, $0.50 and a call without a price today; UTC."""
    with agentgauge.open(home) as gauge:
        for cost, at in (
            ("1", NOW - timedelta(days=4)), ("3", NOW - timedelta(days=2)), ("1", NOW.replace(hour=23, minute=30)
             - timedelta(days=1)), ("0.5", NOW - timedelta(hours=1)), (None, NOW - timedelta(hours=1)),
        ):  # fmt: skip
            gauge.llm_call("in-house", input_tokens=1, output_tokens=1, cost_usd=cost, at=at)
    return home


def test_the_mean_of_a_day_is_of_whole_days(tmp_path: Path) -> None:
    found = spent(recorded(tmp_path), Window(NOW - timedelta(days=10)))
    assert (found.total_usd, found.unpriced_calls) == (Decimal("5.5"), 1)
    # The day of the first event may have begun before anything was recorded, and today is not over.
    assert (found.days, found.course) == (3, (Decimal(0), Decimal(3), Decimal(1)))
    assert found.per_day_usd == Decimal(4) / 3


def test_today_begins_at_midnight_in_the_zone(tmp_path: Path) -> None:
    home = recorded(tmp_path)
    found = spent(home, Window(NOW - timedelta(hours=2)))
    assert (found.today_usd, found.today_unpriced_calls, found.yesterday_usd) == (Decimal("0.5"), 1, Decimal(1))
    assert (found.days, found.per_day_usd) == (0, None)
    assert spent(home, Window(), "Europe/Berlin").today_usd == Decimal("1.5")


def test_what_has_no_price_is_not_spent_for_nothing(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for ago in range(4):
            gauge.llm_call("in-house", input_tokens=1, output_tokens=1, at=NOW - timedelta(days=ago))
    found = spent(tmp_path, Window())
    assert (found.total_usd, found.per_day_usd, found.today_usd) == (None, None, None)


def test_shares_add_up_to_all_and_are_unknown_where_amounts_are() -> None:
    found = shares([Decimal(3), None, Decimal(1)])
    assert (found[0], found[2]) == (0.75, 0.25)
    assert math.isnan(found[1])
    assert math.isnan(shares([Decimal(0)])[0])


def test_a_day_whose_cost_is_not_known_is_in_no_mean(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for ago, cost in ((4, "1"), (3, "1"), (2, None), (1, "3")):
            gauge.llm_call("in-house", input_tokens=1, output_tokens=1, cost_usd=cost, at=NOW - timedelta(days=ago))
    found = spent(tmp_path, Window())
    assert (found.course, found.days) == ((Decimal(1), None, Decimal(3)), 2)
    assert (found.per_day_usd, found.unpriced_calls) == (Decimal(2), 1)
