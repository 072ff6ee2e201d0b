"""Budgets of a gauge that records nothing: they hold all the same, and nothing is written or kept.

While a guard of it is entered, what may carry a cost goes to a recorder whose sink lets everything go; it charges what
it is told as any other does. With the last guard that recorder is out of the way again, so a gauge that is switched off
costs nothing without one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

import msgspec

from agentgauge.journal import lifetime
from agentgauge.journal.losses import Health
from agentgauge.journal.memory import MemoryJournal
from agentgauge.recorder.gauge import Gauge
from agentgauge.recorder.given import Money
from agentgauge.recorder.guards import Call, Guard
from agentgauge.recorder.scope import Place
from agentgauge.settings import Settings

_SHADOWED = ("llm_call", "tool_call", "keep", "event", "record", "span", "scope", "bind", "bind_to")
"""What may carry a cost, and what says whose it is."""
_changing = threading.RLock()


class Unrecorded(Gauge):
    """Takes the place of a gauge that is switched off while guards are entered."""

    def __init__(self, switched_off: Gauge, settings: Settings | None) -> None:
        super().__init__(MemoryJournal(capacity=0), settings=settings)
        self._switched_off = switched_off
        self._entered = 0

    def listen(self) -> None:
        with _changing:
            self._entered += 1
            # Again with each guard: a fork may have come between the two.
            vars(self._switched_off).update({name: getattr(self, name) for name in _SHADOWED})

    def stop_listening(self) -> None:
        with _changing:
            self._entered -= 1
            if self._entered == 0:
                for name in _SHADOWED:
                    vars(self._switched_off).pop(name, None)

    def keep(
        self,
        kind: str,
        values: Mapping[str, object],
        place: Place | None = None,
        *,
        success: bool | None = None,
        at: datetime | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        super().keep(kind, values, place, success=success, at=at, attributes=attributes, **scope)

    def event(
        self,
        kind: str,
        values: Mapping[str, object],
        *,
        success: bool | None = None,
        at: datetime | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        self.keep(kind, values, None, success=success, at=at, attributes=attributes, **scope)

    def health(self) -> Health:
        """What was wrong; nothing was recorded."""
        return msgspec.structs.replace(super().health(), recorded=0)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._switched_off.__reduce__()


class UnrecordedGuard:
    """A guard that what is not recorded is told of. See `agentgauge.recorder.guards.Guard`."""

    def __init__(self, guard: Guard, unrecorded: Unrecorded) -> None:
        self._guard = guard
        self._unrecorded = unrecorded

    def __enter__(self) -> Self:
        self._unrecorded.listen()
        try:
            self._guard.__enter__()
        except BaseException:
            self._unrecorded.stop_listening()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        try:
            self._guard.__exit__(*raised)
        finally:
            self._unrecorded.stop_listening()

    async def __aenter__(self) -> Self:
        self._unrecorded.listen()
        try:
            await self._guard.__aenter__()
        except BaseException:
            self._unrecorded.stop_listening()
            raise
        return self

    async def __aexit__(self, *raised: object) -> None:
        try:
            await self._guard.__aexit__(*raised)
        finally:
            self._unrecorded.stop_listening()

    def call(self, max_usd: Money) -> Call:
        return self._guard.call(max_usd)

    @property
    def limit_usd(self) -> Decimal:
        return self._guard.limit_usd

    @property
    def spent_usd(self) -> Decimal:
        return self._guard.spent_usd

    @property
    def remaining_usd(self) -> Decimal:
        return self._guard.remaining_usd


def _renew_lock() -> None:
    global _changing
    _changing = threading.RLock()


lifetime.after_fork(_renew_lock)
