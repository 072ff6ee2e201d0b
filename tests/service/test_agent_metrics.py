"""The view `agent_metrics`: one row per task, with what the calls inside it used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.meter import Meter
from agentgauge.service.agent_metrics import COLUMNS, agent_ids
from agentgauge.service.sql import select
from agentgauge.settings import get_settings
from agentgauge.state import state_of
from agentgauge.state.agents import AgentBook, AgentName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DOCUMENTED = (
    "timestamp", "agent_id", "role", "operation_type", "execution_time_ms", "tokens", "api_calls", "success",
    "quality_score", "cost_usd",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    with agentgauge.open(place, project="shop") as gauge:
        gauge.task("late", agent="reviewer", at=NOON + timedelta(hours=1))
        gauge.task(
            "turn", agent="coder", role="developer", operation="implement", duration_ms=900, quality_score=80,
            success=True, span_id="a1", at=NOON,
        )  # fmt: skip
        for cost in ("0.25", "0.5"):
            gauge.llm_call("m", input_tokens=100, output_tokens=20, cost_usd=cost, parent_id="a1", at=NOON)
        gauge.tool_call("grep", parent_id="a1", at=NOON)
        gauge.task("turn", agent="coder", project="blog", at=NOON + timedelta(minutes=1))
        gauge.task("sweep", at=NOON)
    return place


def _rows(home: Path, book: AgentBook) -> tuple[Mapping[AgentName, int], list[dict[str, Any]]]:
    meter = Meter(get_settings(home))
    with meter.engine() as engine:
        ids = agent_ids(engine, book)
    with meter.reading() as snapshot:
        rows = select(snapshot.connection, "FROM agent_metrics ORDER BY timestamp, agent_id", agent_ids=ids)
        return ids, [dict(zip(rows.columns, row, strict=True)) for row in rows]


def test_a_task_has_what_the_calls_inside_it_used_and_its_agents_id(home: Path) -> None:
    ids, (implemented, swept, blogged, reviewed) = _rows(home, AgentBook(state_of(get_settings(home).home)))
    assert ids == {AgentName("coder", "shop"): 1, AgentName("coder", "blog"): 2, AgentName("reviewer", "shop"): 3}
    assert tuple(COLUMNS)[: len(DOCUMENTED)] == DOCUMENTED
    assert {name: implemented[name] for name in DOCUMENTED} == {
        "timestamp": NOON,
        "agent_id": 1,
        "role": "developer",
        "operation_type": "implement",
        "execution_time_ms": 900,
        "tokens": 240,
        "api_calls": 2,
        "success": True,
        "quality_score": 80,
        "cost_usd": Decimal("0.75"),
    }
    assert (blogged["agent_id"], blogged["project"], blogged["operation_type"]) == (2, "blog", "turn")
    assert (reviewed["agent_id"], reviewed["api_calls"], reviewed["tokens"], reviewed["cost_usd"]) == (3, 0, None, None)
    assert (swept["agent_id"], swept["agent_name"]) == (None, None)


def test_where_ids_cannot_be_kept_those_that_have_none_stay_without(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ids, rows = _rows(home, AgentBook(state_of(get_settings(tmp_path / "file" / "home").home)))
    assert ids == {}
    assert {row["agent_id"] for row in rows} == {None}
