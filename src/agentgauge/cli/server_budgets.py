"""Budgets of a server, over its REST API: for a home that ships there.

The server checks what is asked, counts, and notes the key as who did it. What it refuses is told in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from agentgauge.cli.kept_budgets import Changed, Shown
from agentgauge.errors import (
    AgentGaugeError,
    Conflict,
    NotFound,
    QueryError,
    ServerBusy,
    SettingsError,
    StateError,
)
from agentgauge.events.plain import document
from agentgauge.policies.budgets.remote import said
from agentgauge.server_client import Answer, ServerClient
from agentgauge.service.budgets import BudgetState, DecidedBudget
from agentgauge.service.named_budgets import Asked, budget_set, scope_and_name, the_budget
from agentgauge.state.budget_terms import BudgetPeriod, Scope

_PATH = "/api/v1/budgets"
_PAGE = 1000

T = TypeVar("T")


class _Meta(msgspec.Struct):
    next_cursor: str | None


class _Page(msgspec.Struct):
    data: tuple[BudgetState, ...]
    meta: _Meta


class ServerBudgets:
    """Implements `agentgauge.cli.kept_budgets.KeptBudgets`, and `agentgauge.service.named_budgets.Book`.

    Every one raises `SettingsError` where the key has no right to it, and `ServerUnreachable`.
    """

    def __init__(self, client: ServerClient) -> None:
        self._client = client

    def set(self, asked: Asked, now: datetime) -> Changed:
        """By the server's clock, not by `now`."""
        scope, name = scope_and_name(asked.of)
        terms: dict[str, object] = {
            "project": asked.project,
            "total_usd": asked.usd,
            "start": asked.start,
            "warning_percent": asked.warning_percent,
            "critical_percent": asked.critical_percent,
        }
        terms = {word: value for word, value in terms.items() if value is not None}
        before = budget_set(self, asked)
        if before is None:
            new = {"scope": scope, "name": name, "period": asked.period, **terms}
            after = self._asked("POST", "", DecidedBudget, new)
        else:
            match = {"If-Match": f'"{before.version}"'}
            after = self._asked("PATCH", f"/{before.id}", DecidedBudget, terms, match)
        return Changed(after, before, after.note)

    def all(self) -> tuple[BudgetState, ...]:
        return self.budgets()

    def one(self, which: str, period: BudgetPeriod | None, project: str | None) -> Shown:
        return Shown(the_budget(self, which, period, project))

    def remove(self, which: str, period: BudgetPeriod | None, project: str | None) -> BudgetState:
        found = the_budget(self, which, period, project)
        self._done("DELETE", f"/{found.id}", headers={"If-Match": f'"{found.version}"'})
        return found

    def get(self, id: int, /) -> BudgetState:  # noqa: A002 - as of `Book`
        return self._asked("GET", f"/{id}", BudgetState)

    def budgets(self, *, scope: Scope | None = None, name: str | None = None) -> tuple[BudgetState, ...]:
        """All of them, page by page."""
        asked = {"limit": str(_PAGE), **({"scope": scope} if scope else {}), **({"name": name} if name else {})}
        page = self._asked("GET", f"?{urlencode(asked)}", _Page)
        found = list(page.data)
        while page.meta.next_cursor is not None:
            page = self._asked("GET", f"?{urlencode({**asked, 'cursor': page.meta.next_cursor})}", _Page)
            found += page.data
        return tuple(found)

    def _asked(
        self, method: str, path: str, kind: type[T], body: object = None, headers: Mapping[str, str] | None = None
    ) -> T:
        answer = self._done(method, path, body, headers)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.MsgspecError as error:
            raise StateError(
                f"{self._client.endpoint} answers what is no budget ({error}): is it an agentgauge of this version?"
            ) from error

    def _done(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        given = {"Cache-Control": "no-cache", **(headers or {})}  # with what was acknowledged a moment ago
        packed = None
        if body is not None:
            packed, given["Content-Type"] = msgspec.json.encode(document(body)), "application/json"
        answer = self._client.request(method, _PATH + path, packed, given)
        if not answer.ok:
            raise self._refused(answer, "read" if method == "GET" else "admin")
        return answer

    def _refused(self, answer: Answer, needed: str) -> AgentGaugeError:
        code, message, field = said(answer)
        where = self._client.endpoint
        match answer.status:
            case 401:
                return SettingsError(
                    f"{where} keeps the budgets: {message}. AGENTGAUGE_API_KEY is the key that is sent"
                )
            case 403:
                return SettingsError(
                    f"{where} keeps the budgets: {message}. Where it runs, 'agentgauge keys create NAME --scope "
                    f"{needed}' makes a key for AGENTGAUGE_API_KEY that may do this"
                )
            case 404 if code == "not_found" and field is not None:
                return NotFound(message, field=field)
            case 409 | 412:
                return Conflict(message)
            case 422:
                return QueryError(message, field=field)
            case 429 | 503:
                return ServerBusy(f"{where} cannot be asked about budgets now: {message}")
            case status if 300 <= status < 400:
                elsewhere = answer.headers.get("location", "somewhere else")
                return SettingsError(f"{where} leads to {elsewhere}: let AGENTGAUGE_ENDPOINT name that server itself")
            case status:
                return StateError(f"{where} refuses what was asked about budgets ({status}): {message}")
