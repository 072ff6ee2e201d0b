"""`POST /api/v1/sql`: a question in SQL, for those who may see everything."""

from __future__ import annotations

import threading

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from agentgauge.api.access import Admin, RuntimeOf
from agentgauge.api.beyond.waiting import while_waited_for
from agentgauge.api.openapi import answer_of
from agentgauge.service.agent_metrics import agent_ids
from agentgauge.service.sandbox import SqlAnswer, ask_apart
from agentgauge.service.sandbox.limits import LONGEST_TEXT, MOST_ROWS, MOST_SECONDS
from agentgauge.service.sql import names_agent_metrics
from agentgauge.state.agents import AgentBook

router = APIRouter()


class SqlQuestion(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sql: str = Field(
        min_length=1,
        max_length=LONGEST_TEXT,
        description="One statement that reads, in DuckDB's SQL.",
        examples=["SELECT model, sum(cost_usd) FROM events GROUP BY model"],
    )
    limit: int = Field(1000, ge=1, le=MOST_ROWS, description="Rows that are answered, at most.")
    seconds: float = Field(
        MOST_SECONDS, gt=0, le=MOST_SECONDS, allow_inf_nan=False, description="What it may take at most."
    )


@router.post("/sql", summary="A question in SQL", responses=answer_of(SqlAnswer, "The rows"))
async def sql(request: Request, runtime: RuntimeOf, principal: Admin, asked: SqlQuestion) -> Response:
    """Over the views of the lake: `SHOW TABLES` lists them, `DESCRIBE events` the columns of one. It reads nothing
    else, changes nothing, and ends at its limits of time and memory, or when its caller goes away."""

    def answer(given_up: threading.Event) -> bytes:
        runtime.audit.note(principal, "sql.run", "sql", {"sql": asked.sql})
        ids = None
        if names_agent_metrics(asked.sql):
            ids = runtime.live.answer(lambda seen: agent_ids(seen.engine, AgentBook(runtime.state)))
        found = ask_apart(
            runtime.settings.recording,
            asked.sql,
            limit=asked.limit,
            seconds=asked.seconds,
            agent_ids=ids,
            given_up=given_up,
        )
        return msgspec.json.encode(found)

    with runtime.heavy.turn():
        return Response(await while_waited_for(request, answer), media_type="application/json")
