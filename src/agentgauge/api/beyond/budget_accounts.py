"""`/api/v1/budget-accounts`: reserving what a call may cost before it, and charging what it did cost, for agents on any
machine. `agentgauge.policies.budgets.remote` asks them; `docs/budgets.md` says what holds.

A reservation that would cross the limit is refused with 200 and a `refusal`: that is an answer, and not an error.
Everything is idempotent by the caller's ids, so a request without an answer is sent again. A key of the scope `ingest`
is enough, and requests count apart from those that record.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Response

from agentgauge.api.access import Guarding, RuntimeOf
from agentgauge.api.metrics.parameters import RowId
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.struct_bodies import body_of, described
from agentgauge.events.plain import document
from agentgauge.policies.budgets.wire import RESERVATION_ID, Answered, Asked, Charges, Renewal, Settlement
from agentgauge.state.budget_account import Account, Refusal, Reservation, Wanted

router = APIRouter(prefix="/budget-accounts")

ReservationId = Annotated[
    str, Path(pattern=RESERVATION_ID, description="Random, of the holder's own.", examples=["3f2a9c01d4e5b6a7"])
]
_WANTED = {"scope": "ticket", "name": "PROJ-456", "project": "shop", "usd": "5"}
_CHARGE = {"segment": "5be0ad1c9f27-000003", "n": 17, "time": "2026-11-21T10:15:02.250Z", "usd": "0.0237"}
_ASKED = {"usd": "0.2", "at_least_usd": "0.2", "holder": "build-7:4711:9c01d4e5", "ttl_s": 120}
_RENEWAL = {"holder": _ASKED["holder"], "reservations": ["3f2a9c01d4e5b6a7"], "ttl_s": 120}
_ACCOUNT = {
    "budget_id": 7, "scope": "ticket", "name": "PROJ-456", "project": "shop", "period": "total",
    "period_start": "2026-11-21T10:00:00Z", "period_end": None, "limit_usd": "5", "counted_usd": "3.1",
    "charged_usd": "0.0237", "reserved_usd": "0.2", "counted_at": "2026-11-21T10:14:00Z",
}  # fmt: skip
_RESERVATION = {"id": "3f2a9c01d4e5b6a7", "usd": "0.2", "account": _ACCOUNT}
_OF_ACCOUNT = answer_of(Account, "How the budget stands", _ACCOUNT)
_KEPT = {**answer_of(Reservation, "What is still held", _RESERVATION), **errors(404)}


@router.post(
    "",
    summary="Open a budget's account",
    responses={**_OF_ACCOUNT, **errors(404)},
    openapi_extra=described(Wanted, _WANTED),
)
async def open_account(runtime: RuntimeOf, principal: Guarding, wanted: Annotated[Wanted, body_of(Wanted)]) -> Response:
    """The budget of a scope, name, project and period. With `usd` it is made where there is none, and follows `usd` and
    `since` where a program made it; what a person has set stays as it is. Without `usd` there has to be one.

    A key of one project means that project where none is named."""
    return _json(await runtime.budgets.in_turn(lambda: runtime.budgets.open(principal, wanted)))


@router.post(
    "/renew", summary="Say that a holder is alive", status_code=204, openapi_extra=described(Renewal, _RENEWAL)
)
async def renew(runtime: RuntimeOf, principal: Guarding, given: Annotated[Renewal, body_of(Renewal)]) -> Response:
    """These reservations of the holder expire `ttl_s` seconds from now; those that are gone do not come back."""
    await runtime.budgets.in_turn(
        lambda: runtime.budgets.renew(principal, given.holder, given.reservations, given.ttl_s)
    )
    return Response(status_code=204)


@router.get("/{budget_id}", summary="A budget's account", responses={**_OF_ACCOUNT, **errors(404)})
async def account(runtime: RuntimeOf, principal: Guarding, budget_id: RowId) -> Response:
    """How a budget stands in its current period, by the server's clock. What is left is the limit less what was
    counted, charged and reserved."""
    return _json(await runtime.budgets.in_turn(lambda: runtime.budgets.account(principal, budget_id)))


@router.put(
    "/{budget_id}/reservations/{reservation_id}",
    summary="Reserve of a budget",
    responses={
        **answer_of(Answered, "The reservation, or why there is none", {"reservation": _RESERVATION, "refusal": None}),
        **errors(404),
    },
    openapi_extra=described(Asked, _ASKED),
)
async def reserve(
    runtime: RuntimeOf,
    principal: Guarding,
    budget_id: RowId,
    reservation_id: ReservationId,
    asked: Annotated[Asked, body_of(Asked)],
) -> Response:
    """Up to `usd` of what is left in the current period, and not under `at_least_usd`; of two that ask for the same
    dollar one gets it. Asked again with the same id it is the same reservation.

    One that is not renewed expires. It stays reserved until its budget is counted after that, which knows what was
    spent of it."""

    def answer() -> Answered:
        found = runtime.budgets.reserve(
            principal,
            budget_id,
            reservation_id,
            asked.usd,
            at_least=asked.at_least_usd,
            holder=asked.holder,
            ttl_s=asked.ttl_s,
        )
        return Answered(refusal=found) if isinstance(found, Refusal) else Answered(reservation=found)

    return _json(await runtime.budgets.in_turn(answer))


@router.post(
    "/{budget_id}/reservations/{reservation_id}/settle",
    summary="Settle a reservation",
    responses=_KEPT,
    openapi_extra=described(Settlement, {"charges": [_CHARGE], "keep_usd": "0"}),
)
async def settle(
    runtime: RuntimeOf,
    principal: Guarding,
    budget_id: RowId,
    reservation_id: ReservationId,
    given: Annotated[Settlement, body_of(Settlement)],
) -> Response:
    """Charge events, each once by its segment and number, in the period of its own time; at most `keep_usd` of the
    reservation stays. What was not reserved is charged all the same: it was spent."""
    return _json(
        await runtime.budgets.in_turn(
            lambda: runtime.budgets.settle(principal, budget_id, reservation_id, given.charges, given.keep_usd)
        )
    )


@router.post(
    "/{budget_id}/charges",
    summary="Charge a budget",
    responses={**_OF_ACCOUNT, **errors(404)},
    openapi_extra=described(Charges, {"charges": [_CHARGE]}),
)
async def charge(
    runtime: RuntimeOf, principal: Guarding, budget_id: RowId, given: Annotated[Charges, body_of(Charges)]
) -> Response:
    """Charge events that nothing was reserved for, each once by its segment and number. The events themselves are
    recorded apart from this, and count once all the same."""
    return _json(await runtime.budgets.in_turn(lambda: runtime.budgets.charge(principal, budget_id, given.charges)))


@router.post(
    "/{budget_id}/recount",
    summary="Count a budget",
    responses={
        **_OF_ACCOUNT,
        **answer_of(Account, "As it stands: it is still being counted", _ACCOUNT, status=202),
        **errors(404),
    },
)
async def recount(runtime: RuntimeOf, principal: Guarding, budget_id: RowId) -> Response:
    """Have its spending counted from the events that are here now, which also frees what dead holders had reserved. 202
    where that takes longer than a few seconds: it goes on."""
    counted = await runtime.budgets.recount(principal, budget_id)
    if counted is not None:
        return _json(counted)
    return _json(await runtime.budgets.in_turn(lambda: runtime.budgets.account(principal, budget_id)), 202)


def _json(answer: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document(answer)), status, media_type="application/json")
