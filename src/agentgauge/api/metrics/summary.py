"""`GET /api/v1/metrics/summary`: the last day, the last month, and what waits for a decision."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.service.reports import overview
from agentgauge.service.window import Window

router = APIRouter()


class SummaryAnswer(BaseModel):
    success: bool = True
    total_operations: int


@router.get("/summary", response_model=SummaryAnswer)
async def summary(request: Request, runtime: RuntimeOf, principal: Reader) -> Response:
    """What happened lately, on one page."""
    return await answered(request, runtime, principal, "summary", (), _summary)


def _summary(asked: Asked) -> SummaryAnswer:
    day = overview(asked.engine, Window(asked.now - timedelta(hours=24), asked.now))
    return SummaryAnswer(total_operations=day.tasks)
