"""`/api/v1/budgets`: what may be spent, what is used of it, and deciding about it.

A budget has a version, which its `ETag` begins with: `"3.…"`. A change that names the one it is meant for, by
`If-Match`, is refused with 412 where somebody else changed the budget since. Every change is in the audit log.
"""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from agentgauge.api.access import Admin, Reader, RuntimeOf
from agentgauge.api.answering import Asked, answered
from agentgauge.api.beyond.lists import ListMeta
from agentgauge.api.metrics.parameters import Name, Parameters, RowId
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.paging import DEFAULT_LIMIT, CursorText, Limit, Page, link_next
from agentgauge.api.versions import IfMatch, version_named, version_tag
from agentgauge.events.plain import document
from agentgauge.service.budgets import BudgetState, DecidedBudget, agreed, states, unrecorded
from agentgauge.service.runtime import Runtime
from agentgauge.state.budget_terms import (
    CRITICAL_PERCENT,
    WARNING_PERCENT,
    Budget,
    BudgetPeriod,
    Scope,
    Terms,
    period_start,
)
from agentgauge.state.budgets import BudgetBook

router = APIRouter(prefix="/budgets")

_TOPICS = ("budgets",)
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_EXAMPLE: dict[str, str] = {"scope": "agent", "name": "coder", "total_usd": "30", "period": "month"}


def _written(given: object) -> object:
    """Not a number, which might count seconds or anything."""
    if not isinstance(given, str):
        raise ValueError("write a time such as 2026-11-01T00:00:00Z")  # noqa: TRY004 - Pydantic takes no TypeError
    return given


def _known(moment: datetime) -> datetime:
    """Without an offset it is UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if not _FIRST <= aware < _LAST:
        raise ValueError(f"write a time of the years {_FIRST.year} to {_LAST.year - 1}")
    return aware.astimezone(UTC)


Total = Annotated[Decimal, Field(ge=0, lt=10**12, decimal_places=12, allow_inf_nan=False, description="USD.")]
Start = Annotated[datetime, BeforeValidator(_written), AfterValidator(_known)]
Percent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False, strict=True)]


class NewBudget(BaseModel):
    """What somebody decides about a budget."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": {**_EXAMPLE}})

    scope: Scope
    name: Name = Field(description="Of the agent, role, ...; a ticket's is that of the issue too.")
    project: Name | None = Field(None, description="Where only one project's events count; null: all together.")
    total_usd: Total
    period: BudgetPeriod = Field("total", description="What the total is for: from the start on, or each period.")
    start: Start | None = Field(
        None,
        description="Nothing before it counts; null: from the start of this day, week or month on, in total from "
        "now on.",
    )
    warning_percent: Percent = WARNING_PERCENT
    critical_percent: Percent = CRITICAL_PERCENT

    def terms(self, now: datetime, before: datetime | None = None) -> Terms:
        """`before` is the start of the budget that it replaces. Raises `QueryError`."""
        start = self.start or before or period_start(self.period, now) or now
        return agreed(Terms(**{**dict(self), "start": start}))


class BudgetChange(BaseModel):
    """What is to be another; what is left out, or null, stays. Only a project of null means all of them together."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": {"total_usd": "45"}})

    scope: Scope | None = None
    name: Name | None = None
    project: Name | None = None
    total_usd: Total | None = None
    period: BudgetPeriod | None = None
    start: Start | None = None
    warning_percent: Percent | None = None
    critical_percent: Percent | None = None

    def terms(self, before: Budget) -> Terms:
        """Raises `QueryError`."""
        named = {name: getattr(before, name) for name in Terms.__struct_fields__}
        if before.scope == "project":
            named["project"] = None  # it was the name of what the budget is of, which may be another now
        named |= {name: value for name, value in self if value is not None}
        if "project" in self.model_fields_set:
            named["project"] = self.project
        return agreed(Terms(**named))


class BudgetParameters(Parameters):
    scope: Scope | None = None
    name: Name | None = None
    project: Name | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None


class BudgetList(msgspec.Struct, frozen=True):
    data: tuple[BudgetState, ...]
    meta: ListMeta


@router.get("", summary="Budgets", responses=answer_of(BudgetList, "Budgets, the oldest first"))
async def budgets(
    request: Request, runtime: RuntimeOf, principal: Reader, asked: Annotated[BudgetParameters, Query()]
) -> Response:
    """Budgets with what is used of each, by the order in which they were made."""

    def compute(of: Asked) -> BudgetList:
        page = Page.asked(asked.cursor, asked.limit, of.now, "budgets", asked.scope, asked.name, asked.project)
        last = None if page.after is None else page.after[0]
        found = BudgetBook(runtime.state).budgets(
            scope=asked.scope,
            name=asked.name,
            project=asked.project,
            projects=principal.projects,
            limit=asked.limit + 1,
            after=last if isinstance(last, int) and 0 < last < 2**53 else None,
        )
        rows, following = page.cut(found, lambda budget: (budget.id,))
        return BudgetList(states(of.engine, runtime.state, rows, of.now), ListMeta(page.as_of, following))

    return link_next(
        request,
        await answered(request, runtime, principal, "budgets", (*asked, _second(runtime)), compute, topics=_TOPICS),
    )


@router.get("/{budget_id}", summary="One budget", responses={**answer_of(BudgetState, "The budget"), **errors(404)})
async def budget(request: Request, runtime: RuntimeOf, principal: Reader, budget_id: RowId) -> Response:
    """A budget with what is used of it."""

    def compute(of: Asked) -> BudgetState:
        found = BudgetBook(runtime.state).get(budget_id, principal.projects)
        return states(of.engine, runtime.state, (found,), of.now)[0]

    parameters = (budget_id, _second(runtime))
    response = await answered(request, runtime, principal, "budget", parameters, compute, topics=_TOPICS)
    return _tagged(response)


@router.post(
    "",
    summary="Make a budget",
    status_code=201,
    responses={**answer_of(DecidedBudget, "The budget", status=201), **errors(409)},
)
def create_budget(runtime: RuntimeOf, principal: Admin, new: NewBudget) -> Response:
    """A budget of a scope, of which there is one for each name, project and period. `start` may lie in the past: then
    what was spent since counts. Without it a budget per day, week or month counts the whole current one, and one in
    total what is spent from now on."""
    now = runtime.now()
    made = BudgetBook(runtime.state).create(new.terms(now), principal.name, now)
    return _changed(runtime, made, now, 201, {"Location": f"/api/v1/budgets/{made.id}"})


_CHANGED = {**answer_of(DecidedBudget, "The budget as it is now"), **errors(404, 409, 412)}


@router.put("/{budget_id}", summary="Replace a budget", responses=_CHANGED)
def replace_budget(
    runtime: RuntimeOf, principal: Admin, budget_id: RowId, new: NewBudget, if_match: IfMatch = None
) -> Response:
    """Give it other terms. Without `start` it keeps the one it has."""
    now, book, projects = runtime.now(), BudgetBook(runtime.state), principal.projects
    terms = new.terms(now, book.get(budget_id, projects).start)
    version = version_named(if_match, "budget")
    changed = book.replace(budget_id, terms, principal.name, now, version=version, projects=projects)
    return _changed(runtime, changed, now)


@router.patch("/{budget_id}", summary="Change a budget", responses=_CHANGED)
def change_budget(
    runtime: RuntimeOf, principal: Admin, budget_id: RowId, change: BudgetChange, if_match: IfMatch = None
) -> Response:
    """Give it some other terms; the rest stays."""
    now, book, projects = runtime.now(), BudgetBook(runtime.state), principal.projects
    before = book.get(budget_id, projects)
    named = version_named(if_match, "budget")
    version = before.version if named is None else named  # what stays is that of this version
    changed = book.replace(budget_id, change.terms(before), principal.name, now, version=version, projects=projects)
    return _changed(runtime, changed, now)


@router.delete("/{budget_id}", summary="Delete a budget", status_code=204, responses=errors(404, 412))
def delete_budget(runtime: RuntimeOf, principal: Admin, budget_id: RowId, if_match: IfMatch = None) -> Response:
    """Its id is not given again."""
    version = version_named(if_match, "budget")
    BudgetBook(runtime.state).delete(
        budget_id, principal.name, runtime.now(), version=version, projects=principal.projects
    )
    return Response(status_code=204)


def _second(runtime: Runtime) -> int:
    """Guards reserve and charge without recording anything: an answer about that is kept for a second."""
    return int(runtime.now().timestamp())


def _changed(
    runtime: Runtime, budget: Budget, now: datetime, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    # Who decides about budgets sees all projects.
    state, note = runtime.live.answer(
        lambda seen: (states(seen.engine, runtime.state, (budget,), now)[0], unrecorded(seen.engine, budget))
    )
    body = msgspec.json.encode({**document(state), "note": note})
    tag = version_tag(budget.version, body)
    return Response(body, status, {"ETag": tag, **(headers or {})}, media_type="application/json")


def _tagged(response: Response) -> Response:
    """Its tag with the budget's version before it."""
    if response.status_code == 200:
        packed = response.headers.get("content-encoding") == "gzip"
        body = gzip.decompress(response.body) if packed else response.body
        version = msgspec.json.decode(body, type=_Versioned).version
        response.headers["ETag"] = f'"{version}.{response.headers["ETag"].strip(chr(34))}"'
    return response


class _Versioned(msgspec.Struct):
    version: int
