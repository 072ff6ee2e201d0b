"""The line to one budget's account: questions in picodollars, each answered, or `Unavailable`.

A store that does not answer is left alone for some seconds, in which every question is `Unavailable` at once: a program
waits for it now and then, and not before every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from agentgauge.errors import NotFound
from agentgauge.interruption import is_interruption
from agentgauge.policies.budgets.amounts import exactly, pico_of, usd_of
from agentgauge.policies.budgets.standing import Standing
from agentgauge.policies.budgets.unavailable import Unavailable
from agentgauge.state.budget_account import Charge, Refusal, Wanted

if TYPE_CHECKING:
    from agentgauge.policies.budgets.keeper import Keeper

T = TypeVar("T")

TTL_S = 30.0
"""Seconds after which a reservation whose holder was not heard of expires."""
AWAY_S = 5.0
"""For so many seconds a store that cannot be used is left alone."""


class Answer(msgspec.Struct, frozen=True):
    """To who wants to reserve something."""

    standing: Standing
    granted: int | None
    """None: refused, for the reasons that follow."""
    leased: int = 0
    """Of what is reserved, idle headroom of others."""
    orphaned: int = 0
    """Of what is reserved, what died with its holders: a count frees it."""


class AccountLine:
    def __init__(self, keeper: Keeper) -> None:
        self.standing: Standing | None = None
        """As last known; None: it was never reached, or is gone."""
        self.is_down = False
        """The last question was not answered."""
        self._keeper = keeper
        self._away_since = 0.0
        self._reason = ""

    @property
    def is_left_alone(self) -> bool:
        return self._keeper.is_within(AWAY_S, self._away_since)

    def open(self, wanted: Wanted) -> Standing:
        """Find the budget, or make it. Raises `Unavailable`, as all that follows."""
        return self._noted(Standing.of(self._ask(lambda: self._keeper.accounts.open(wanted, self._keeper.actor))))

    def reserve(self, budget_id: int, lease: str, pico: int, at_least: int) -> Answer:
        keeper = self._keeper
        answer = self._ask(
            lambda: keeper.accounts.reserve(
                budget_id, lease, usd_of(pico), at_least=usd_of(at_least), holder=keeper.holder, ttl_s=TTL_S
            )
        )
        standing = self._noted(Standing.of(answer.account))
        if isinstance(answer, Refusal):
            return Answer(standing, None, pico_of(answer.leased_usd), pico_of(answer.orphaned_usd))
        return Answer(standing, pico_of(answer.usd))

    def settle(self, budget_id: int, lease: str, charges: Sequence[Charge], keep: int) -> int:
        """How much of the lease the account holds from now on."""
        settled = self._ask(lambda: self._keeper.accounts.settle(budget_id, lease, charges, usd_of(keep)))
        self._noted(Standing.of(settled.account))
        return pico_of(settled.usd)

    def charge(self, budget_id: int, charges: Sequence[Charge]) -> Standing:
        return self._noted(Standing.of(self._ask(lambda: self._keeper.accounts.charge(budget_id, charges))))

    def _noted(self, standing: Standing) -> Standing:
        self.standing = standing
        return standing

    def _ask(self, question: Callable[[], T]) -> T:
        if self.is_left_alone:
            raise Unavailable(self._reason)
        try:
            answer = exactly(question)
        except Exception as error:  # whatever a store may raise: the policy of who asks decides what holds then
            if is_interruption(error):
                raise
            if isinstance(error, NotFound):
                self.standing = None
            self._reason = str(error) or type(error).__name__
            self._away_since = self._keeper.clock()
            self.is_down = True
            raise Unavailable(self._reason) from error
        self.is_down = False
        return answer
