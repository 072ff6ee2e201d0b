"""Errors as HTTP answers: one form for all, `{"success": false, "error": {"code", "message", ...}}`."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from agentgauge.errors import AgentGaugeError, QueryError

_STATUS: dict[type[AgentGaugeError], tuple[int, str]] = {QueryError: (422, "invalid_question")}


def install(app: FastAPI) -> None:
    for error, (status, code) in _STATUS.items():
        app.add_exception_handler(error, _handler(status, code))


def _handler(status: int, code: str):  # type: ignore[no-untyped-def]
    async def handle(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"success": False, "error": {"code": code, "message": str(error)}}, status)

    return handle
