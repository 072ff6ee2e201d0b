"""Accounts that a server keeps, for programs on any machine: each call is one request, and waits seconds at most.

A request that gets no answer is sent once more, within the time that is left: all of them are idempotent by the
caller's ids. A server that does not answer is not asked again for five times as long as that was waited for, nor one
that said when to come again before then: a program waits at most a sixth of its time for a server that is away.

A reservation whose request was never answered may have been made. It is not renewed, so it expires, and the next count
of the budget frees it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from agentgauge.errors import NotFound, ServerUnreachable, StateError
from agentgauge.policies.budgets.wire import (
    MOST_CHARGES,
    MOST_RENEWED,
    PATH,
    Answered,
    Asked,
    Charges,
    Renewal,
    Settlement,
)
from agentgauge.server_client import Answer, ServerClient
from agentgauge.state.budget_account import Account, Charge, Refusal, Reservation, Wanted

CONNECT_S, ANSWER_S = 2.0, 5.0
"""Within which a connection is made, and an answer is there."""
_LEAST_S = 0.5
"""With less time than this left nothing is sent again."""
_AWAY_FACTOR = 5.0
_RETRY_S = 1
"""Where a server that is busy does not say when to come again, and the longest that it is believed."""
_LONGEST_RETRY_S = 60

_ACCEPTED = 202

T = TypeVar("T")


class RemoteAccounts:
    """Implements `agentgauge.policies.budgets.accounts.Accounts`."""

    def __init__(self, client: ServerClient, clock: Callable[[], float] = time.monotonic) -> None:
        """Asks nothing yet. `clock` counts seconds."""
        self._client = client
        self._clock = clock
        self._held: set[str] = set()
        """Reservations that are known to have been made, and not to have ended: what `renew` is about."""
        self._not_before = -float("inf")
        self._reason = ""

    def open(self, wanted: Wanted, actor: str) -> Account:
        """As of `Accounts`. Who made or changed a budget is the key: `actor` is what this program says of itself, and
        is not sent.
        """
        return self._asked("POST", "", Account, wanted)

    def account(self, budget_id: int) -> Account:
        """How a budget stands. Raises as `Accounts`."""
        return self._asked("GET", f"/{budget_id}", Account)

    def reserve(
        self, budget_id: int, reservation_id: str, usd: Decimal, *, at_least: Decimal, holder: str, ttl_s: float
    ) -> Reservation | Refusal:
        """As of `Accounts`."""
        asked = Asked(usd=usd, at_least_usd=at_least, holder=holder, ttl_s=ttl_s)
        answer = self._asked("PUT", f"/{budget_id}/reservations/{reservation_id}", Answered, asked)
        if answer.reservation is not None:
            self._held.add(reservation_id)
            return answer.reservation
        if answer.refusal is not None:
            return answer.refusal
        raise self._unlike("neither reservation nor refusal")

    def settle(self, budget_id: int, reservation_id: str, charges: Sequence[Charge], keep_usd: Decimal) -> Reservation:
        """As of `Accounts`."""
        for batch in _batches(charges[:-MOST_CHARGES], MOST_CHARGES):
            self.charge(budget_id, batch)
        settlement = Settlement(charges=tuple(charges[-MOST_CHARGES:]), keep_usd=keep_usd)
        try:
            settled = self._asked("POST", f"/{budget_id}/reservations/{reservation_id}/settle", Reservation, settlement)
        except NotFound:
            self._held.discard(reservation_id)  # it went with its budget
            raise
        if not settled.usd:
            self._held.discard(reservation_id)
        return settled

    def charge(self, budget_id: int, charges: Sequence[Charge]) -> Account:
        """As of `Accounts`."""
        for batch in _batches(charges[:-MOST_CHARGES], MOST_CHARGES):
            self.charge(budget_id, batch)
        return self._asked("POST", f"/{budget_id}/charges", Account, Charges(charges=tuple(charges[-MOST_CHARGES:])))

    def renew(self, holder: str, ttl_s: float) -> None:
        """As of `Accounts`; of reservations that were made by this object."""
        for batch in _batches(tuple(self._held), MOST_RENEWED):
            self._done("POST", "/renew", Renewal(holder=holder, reservations=tuple(batch), ttl_s=ttl_s))

    def recount(self, budget_id: int) -> None:
        """As of `Accounts`; `StateError` where it takes longer than a guard can wait. The server goes on with it."""
        if self._done("POST", f"/{budget_id}/recount").status == _ACCEPTED:
            raise StateError(f"{self._client.endpoint} still counts what budget {budget_id} has spent")

    def _asked(self, method: str, path: str, kind: type[T], body: msgspec.Struct | None = None) -> T:
        answer = self._done(method, path, body)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.MsgspecError as error:
            raise self._unlike(str(error)) from error

    def _done(self, method: str, path: str, body: msgspec.Struct | None = None) -> Answer:
        answer = self._answer(method, PATH + path, None if body is None else msgspec.json.encode(body))
        if not answer.ok:
            raise self._refused(answer)
        return answer

    def _answer(self, method: str, path: str, body: bytes | None) -> Answer:
        began = self._clock()
        if began < self._not_before:
            raise ServerUnreachable(self._reason)
        headers = {} if body is None else {"Content-Type": "application/json"}
        for is_last in (False, True):
            left = ANSWER_S - (self._clock() - began)
            try:
                return self._client.request(method, path, body, headers, connect_s=min(CONNECT_S, left), answer_s=left)
            except ServerUnreachable as error:
                waited = self._clock() - began
                if is_last or ANSWER_S - waited < _LEAST_S:
                    self._leave_alone(_AWAY_FACTOR * waited, str(error))
                    raise
        raise AssertionError("the last try returns or raises")

    def _refused(self, answer: Answer) -> NotFound | StateError:
        code, message, field = said(answer)
        where = self._client.endpoint
        match answer.status:
            case 404 if code == "not_found" and field is not None:
                return NotFound(message, field=field)
            case 401 | 403:
                return StateError(f"{where} does not let the key of AGENTGAUGE_API_KEY use budgets: {message}")
            case 404:
                return StateError(f"{where} keeps no budgets for other machines: is it an agentgauge of this version?")
            case 429 | 503:
                reason = f"{where} cannot be asked about budgets now: {message}"
                self._leave_alone(_retry_after(answer), reason)
                return StateError(reason)
            case status if 300 <= status < 400:
                elsewhere = answer.headers.get("location", "somewhere else")
                return StateError(f"{where} leads to {elsewhere}: let AGENTGAUGE_ENDPOINT name that server itself")
            case status:
                return StateError(f"{where} refuses what was asked about a budget ({status}): {message}")

    def _leave_alone(self, seconds: float, reason: str) -> None:
        self._reason, self._not_before = reason, self._clock() + seconds

    def _unlike(self, detail: str) -> StateError:
        return StateError(
            f"{self._client.endpoint} answers what is nothing about a budget ({detail}): is it agentgauge?"
        )


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""
    field: str | None = None


class _ErrorAnswer(msgspec.Struct):
    error: _Error


def said(answer: Answer) -> tuple[str, str, str | None]:
    """Code, message and field of an error; of what is none of ours, as of a proxy, its status."""
    try:
        error = msgspec.json.decode(answer.body, type=_ErrorAnswer).error
    except msgspec.MsgspecError:
        return "", f"status {answer.status}", None
    return error.code, error.message, error.field


def _retry_after(answer: Answer) -> int:
    given = answer.headers.get("retry-after", "")
    return min(int(given), _LONGEST_RETRY_S) if given.isdecimal() and len(given) < 9 else _RETRY_S


def _batches(items: Sequence[T], most: int) -> list[Sequence[T]]:
    return [items[at : at + most] for at in range(0, len(items), most)]
