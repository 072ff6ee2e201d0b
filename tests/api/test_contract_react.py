"""The documented React components find what they read: each address, field and number that their source names."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.settings import resolve_home
from agentgauge.state import state_of
from agentgauge.state.alerts import AlertBook, Detected
from tests.api.documented import DOCUMENTED, asking

NOW = datetime(2025, 11, 17, 14, 35, tzinfo=UTC)
INSIGHTS = (DOCUMENTED / "MetricsInsights.jsx").read_text()
SERIES = (DOCUMENTED / "MetricsTimeSeries.jsx").read_text()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with agentgauge.open(tmp_path, agent="coder", role="developer") as gauge:
        for number in range(10):
            at = NOW - timedelta(hours=number + 1)
            gauge.task("work", operation="implementation", duration_ms=100, quality_score=90, at=at)
            gauge.llm_call("m", input_tokens=1, output_tokens=1, cost_usd=Decimal("0.01"), at=at)
        gauge.llm_call("nobody-knows-1", input_tokens=1, output_tokens=1, at=NOW - timedelta(hours=1))
    found = Detected(
        condition="c", type="anomaly", severity="warning", metric="cost", message="more than usual", agent_name="coder"
    )
    AlertBook(state_of(resolve_home(tmp_path))).detect(found, NOW)
    return tmp_path


def _read(source: str, variable: str) -> set[str]:
    """Fields that a source reads of a variable."""
    return set(re.findall(rf"\b{variable}\.(\w+)", source))


def _numbers(source: str, variable: str) -> set[str]:
    """Those that it calls a number's method of."""
    return set(re.findall(rf"\b{variable}\.(\w+)\.toFixed", source))


def _assert_readable(rows: list[Any], source: str, variable: str) -> None:
    assert rows
    for row in rows:
        assert _read(source, variable) <= row.keys()
        assert all(type(row[name]) in (int, float) for name in _numbers(source, variable))


def test_the_insights_component_finds_what_it_reads(home: Path) -> None:
    addresses = re.findall(r"axios\.get\('([^']+)'\)", INSIGHTS)
    assert len(addresses) == 3
    with asking(home, NOW) as client:
        insights, recommendations, alerts = (client.get(address).json()["data"] for address in addresses)
    assert _read(INSIGHTS, "insights") == {"fastest_agents_by_operation"}
    _assert_readable(
        list(insights["fastest_agents_by_operation"].values()), INSIGHTS.split("Object.entries")[1], "data"
    )
    _assert_readable(recommendations, INSIGHTS, "rec")
    _assert_readable(alerts, INSIGHTS, "alert")
    assert _numbers(INSIGHTS, "rec") == {"estimated_savings"}
    assert alerts[0]["severity"] in ("critical", "error", "warning", "info")


def test_the_chart_finds_what_it_draws(home: Path) -> None:
    address = re.findall(r"axios\.get\('([^']+)'", SERIES)[0]
    drawn = re.findall(r'dataKey="(\w+)"', SERIES)
    parameters = {  # as `toISOString` writes them
        "start_date": f"{NOW - timedelta(days=30):%Y-%m-%dT%H:%M:%S}.000Z",
        "end_date": f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z",
        "granularity": "day",
    }
    assert set(re.findall(r"(\w+):", SERIES.split("params: {")[1].split("}")[0])) == parameters.keys()
    with asking(home, NOW) as client:
        rows = client.get(address, params=parameters).json()["data"]
    assert len(rows) == 31
    for row in rows:
        assert set(drawn) <= row.keys()
        assert datetime.fromisoformat(row["timestamp"]).tzinfo is not None
    # Of days without operations Recharts draws no point where a value is null.
    worked = [row for row in rows if row["total_operations"]]
    assert all(type(row[name]) in (int, float) for row in worked for name in drawn if name != "timestamp")
