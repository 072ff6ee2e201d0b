"""A gauge that does nothing, for AGENTGAUGE_DISABLED=1: each method costs what calling it costs.

The signatures are those of `Gauge`, a test compares them, so switching recording off never changes which calls are
accepted.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from agentgauge.events import Event
from agentgauge.journal.losses import Health, warn
from agentgauge.recorder.entry import Kept
from agentgauge.recorder.gauge import Gauge
from agentgauge.recorder.given import Money
from agentgauge.recorder.guards import Guard, Period
from agentgauge.recorder.scope import Place
from agentgauge.recorder.span import Span
from agentgauge.settings.recording import BudgetPolicy

P = ParamSpec("P")
R = TypeVar("R")

_NO_SCOPE: AbstractContextManager[None] = nullcontext()


class _NoSpan(Span):
    """Enters, leaves and keeps nothing; one object serves all."""

    def __init__(self) -> None:
        self.span_id = self.trace_id = ""

    def set(self, **given: Any) -> None:
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


class _NoGuard:
    """The budget of a gauge that records nothing, and its calls."""

    limit_usd = remaining_usd = Decimal("Infinity")
    spent_usd = Decimal(0)

    def call(self, max_usd: Money) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        return None


_NO_SPAN = _NoSpan()
_NO_GUARD = _NoGuard()


@functools.cache
def _say_that_no_budget_holds() -> None:
    warn("recording is switched off: no budget of this process holds")


class DisabledGauge(Gauge):
    """See `Gauge` for what the methods mean."""

    settings = None
    sink = None

    def __init__(self) -> None:
        return None

    def llm_call(
        self,
        model: str,
        provider: str | None = None,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cache_read_tokens: int = 0,
        cache_write_5m_tokens: int = 0,
        cache_write_1h_tokens: int = 0,
        reasoning_tokens: int = 0,
        duration_ms: float | None = None,
        success: bool | None = True,
        cost_usd: Money | None = None,
        *,
        tier: str | None = None,
        outcome: str | None = None,
        name: str | None = None,
        error_type: str | None = None,
        error_category: str | None = None,
        severity: str | None = None,
        error_message: str | None = None,
        recovery: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        return None

    def tool_call(
        self,
        name: str,
        duration_ms: float | None = None,
        success: bool | None = True,
        *,
        cost_usd: Money | None = None,
        outcome: str | None = None,
        error_type: str | None = None,
        error_category: str | None = None,
        severity: str | None = None,
        error_message: str | None = None,
        recovery: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        return None

    def task(
        self,
        name: str,
        duration_ms: float | None = None,
        success: bool | None = True,
        quality_score: float | None = None,
        *,
        outcome: str | None = None,
        error_type: str | None = None,
        error_category: str | None = None,
        severity: str | None = None,
        error_message: str | None = None,
        recovery: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        return None

    def error(
        self,
        error_type: str,
        error_message: str | None = None,
        *,
        error_category: str | None = None,
        severity: str | None = "error",
        recovery: str | None = None,
        name: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        return None

    def measurement(
        self,
        name: str,
        value: float,
        unit: str | None = None,
        *,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        return None

    def satisfaction(
        self,
        value: float,
        *,
        scale: float | None = None,
        name: str | None = None,
        unit: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        return None

    def mark(
        self,
        name: str,
        duration_ms: float | None = None,
        *,
        success: bool | None = None,
        outcome: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        return None

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
    ) -> Kept | None:
        return None

    def event(
        self,
        kind: str,
        values: Mapping[str, object],
        *,
        success: bool | None = None,
        at: datetime | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> Event | None:
        return None

    def record(self, event: Event) -> None:
        return None

    def span(self, name: str, kind: str = "task", **fields: Any) -> Span:
        return _NO_SPAN

    def scope(self, **scope: str | int | float | None) -> AbstractContextManager[None]:
        return _NO_SCOPE

    def budget(
        self,
        of: str,
        usd: Money | None = None,
        *,
        per: Period = "total",
        project: str | None = None,
        since: datetime | None = None,
        policy: BudgetPolicy | None = None,
    ) -> Guard:
        """One that holds nothing, which is logged once: what is not recorded is not charged."""
        _say_that_no_budget_holds()
        return _NO_GUARD

    def bind(self, function: Callable[P, R]) -> Callable[P, R]:
        return function

    def bind_to(self, items: Mapping[str, object], function: Callable[P, R]) -> Callable[P, R]:
        return function

    def flush(self) -> bool:
        return True

    def close(self) -> None:
        return None

    def health(self) -> Health:
        return Health(0, {}, {}, {})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return DisabledGauge, ()
