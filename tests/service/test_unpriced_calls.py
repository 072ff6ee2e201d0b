"""Calls without a price: by model, and what would price them."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import agentgauge
from agentgauge.engines import Filter
from agentgauge.meter import Meter
from agentgauge.service.unpriced_calls import Unpriced, unpriced_calls
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def found_in(home: Path, window: Window | None = None, *filters: Filter) -> tuple[Unpriced, ...]:
    with Meter(get_settings(home)).engine() as engine:
        return unpriced_calls(engine, window or Window(), filters).rows


def test_they_are_counted_by_model_with_their_time(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for day in range(3):
            gauge.llm_call('house "x"', input_tokens=10, output_tokens=1, at=NOON - timedelta(days=day), agent="coder")
        gauge.llm_call("other-house", input_tokens=5, output_tokens=0, at=NOON)
        gauge.llm_call("gpt-5", "openai", input_tokens=5, output_tokens=0, at=NOON)
        gauge.llm_call("other-house", input_tokens=5, output_tokens=0, cost_usd="0.1", at=NOON)
    rows = found_in(tmp_path)
    assert [(row.model, row.calls, row.tokens) for row in rows] == [('house "x"', 3, 33), ("other-house", 1, 5)]
    assert (rows[0].first, rows[0].last) == (NOON - timedelta(days=2), NOON)
    assert rows[0].command == "agentgauge reprice --since 2026-03-02"
    assert rows[0].row is not None
    assert tomllib.loads(rows[0].row)["price"][0]["model"] == 'house "x"'
    assert found_in(tmp_path, Window(NOON - timedelta(hours=1), None), Filter("agent", "=", "coder"))[0].calls == 1


def test_there_are_none_where_all_have_a_price(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        gauge.llm_call("gpt-5", "openai", input_tokens=5, output_tokens=0, at=NOON)
    assert found_in(tmp_path) == ()
