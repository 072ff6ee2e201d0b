"""Budgets as recording sees them: what the block of a budget is told, and how one is made.

What a budget is, and whether it has something left, is decided above (`agentgauge.policies.budgets`), which the package
hands in when it is imported: recording knows only that a scope may have guards, and tells them of each event that is
recorded in it. In a scope without guards that costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol, Self

import msgspec

from agentgauge.errors import BudgetExceeded
from agentgauge.events import Event

if TYPE_CHECKING:
    from agentgauge.recorder.entry import Entry
    from agentgauge.recorder.given import Money
    from agentgauge.recorder.scope import Scope
    from agentgauge.settings import Settings
    from agentgauge.settings.recording import BudgetPolicy

Period = Literal["total", "day", "week", "month"]


class Charged(Protocol):
    """Who is told of what is recorded in a scope."""

    def charge(self, event: Event) -> None:
        """An event was kept, with its identity. Raises `BudgetExceeded`, and nothing else."""
        ...


def charge(guards: tuple[Charged, ...], event: Event) -> None:
    """Tell all of them. Raises the first `BudgetExceeded` of the innermost once all know."""
    exceeded: BudgetExceeded | None = None
    for guard in reversed(guards):
        try:
            guard.charge(event)
        except BudgetExceeded as error:
            exceeded = exceeded or error
    if exceeded is not None:
        waiting = _waiting.get()
        if waiting is None:
            raise exceeded
        waiting.append(exceeded)


_waiting: ContextVar[list[BudgetExceeded] | None] = ContextVar("agentgauge_exceeded", default=None)


class AsOne:
    """A block in which several events are recorded of one thing that has happened, or one is recorded and shown:
    `BudgetExceeded` is raised when it ends, so that nothing that was paid for is left out.

    An exception of the block's own is raised instead.
    """

    __slots__ = ("_token",)

    _token: Token[list[BudgetExceeded] | None]

    def __enter__(self) -> None:
        self._token = _waiting.set([])

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        exceeded = _waiting.get()
        _waiting.reset(self._token)
        if not exceeded or kind is not None:
            return
        around = _waiting.get()
        if around is None:
            raise exceeded[0]
        around.extend(exceeded)


class Call(Protocol):
    """What a call may cost, reserved while it runs."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: object) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *raised: object) -> None: ...

    @property
    def spent_usd(self) -> Decimal:
        """Of what was recorded inside, so far."""
        ...


class Guard(Protocol):
    """A budget that holds in a block: `with gauge.budget(...) as budget`. Entered once at a time."""

    def __enter__(self) -> Self:
        """Raises `BudgetExceeded` where nothing is left."""
        ...

    def __exit__(self, *raised: object) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *raised: object) -> None: ...

    def call(self, max_usd: Money) -> Call:
        """Reserve what a call costs at most, from entering the block to leaving it. `BudgetExceeded` is raised on
        entering where that is more than is left, `SettingsError` at once for what is no amount of money, and outside of
        the budget's block. What another thread records in a call is charged to it, whatever that thread inherited.
        """
        ...

    @property
    def limit_usd(self) -> Decimal:
        """Infinite where it is not known: of a budget that cannot be reached."""
        ...

    @property
    def spent_usd(self) -> Decimal:
        """In the budget's scope, by all programs, as far as it is known here."""
        ...

    @property
    def remaining_usd(self) -> Decimal:
        """Neither spent nor reserved for calls; below 0 where more was spent than there was."""
        ...


class Asked(msgspec.Struct, frozen=True):
    """What a program said of a budget, and where it records."""

    of: str
    usd: Money | None
    per: Period
    project: str | None
    since: datetime | None
    policy: BudgetPolicy | None
    settings: Settings | None
    entry: Entry
    current: ContextVar[Scope]


Opener = Callable[[Asked], Guard]
_handed_in: list[Opener] = []


def hand_in(opener: Opener) -> None:
    """Say what makes guards. The last one counts."""
    _handed_in[:] = [opener]


def open_guard(asked: Asked) -> Guard:
    """The guard of a budget. Raises `SettingsError` for arguments that cannot be used."""
    return _handed_in[0](asked)
