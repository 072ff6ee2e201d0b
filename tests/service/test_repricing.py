"""What repricing does to a window, added up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import QueryError
from agentgauge.meter import Meter
from agentgauge.service.repricing import reprice
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OURS = '[[price]]\nmodel = "our-model"\ninput = {}\noutput = 1\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A call that our price file prices, one that nobody prices, one with a reported cost; landed at $1 a million."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "prices.toml").write_text(OURS.format(1))
    with agentgauge.open(home) as gauge:
        gauge.llm_call("our-model", input_tokens=1_000_000, at=NOON)
        gauge.llm_call("nobody-knows-this-model", input_tokens=1_000_000, at=NOON)
        gauge.llm_call("our-model", input_tokens=1_000_000, cost_usd="5", at=NOON)
    meter(home).lake.compact()
    return home


def meter(home: Path) -> Meter:
    return Meter(get_settings(home))


def test_it_goes_by_the_users_price_file_as_it_is_now(home: Path) -> None:
    (home / "prices.toml").write_text(OURS.format(4))
    done = reprice(meter(home), Window(NOON))
    assert (done.calls, done.changed, done.reported_calls, done.still_unpriced) == (2, 1, 1, 1)
    assert (done.old_usd, done.new_usd, done.difference_usd) == (Decimal(1), Decimal(4), Decimal(3))
    assert done.price_version == meter(home).book.version
    assert [model.model for model in done.models] == ["our-model", "nobody-knows-this-model"]


def test_a_window_without_calls_changes_nothing(home: Path) -> None:
    (home / "prices.toml").write_text(OURS.format(4))
    done = reprice(meter(home), Window(NOON + timedelta(days=1)))
    assert (done.calls, done.changed, done.old_usd, done.models, done.repricing) == (0, 0, Decimal(0), (), None)


def test_a_window_without_a_start_is_refused(home: Path) -> None:
    with pytest.raises(QueryError, match="--since"):
        reprice(meter(home), Window())
