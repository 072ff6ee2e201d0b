"""A gauge that records nothing, for AGENTGAUGE_DISABLED=1: each method costs what calling it costs.

Budgets hold all the same: while a guard is entered, what may carry a cost is told to it (`unrecorded.py`).

The signatures are those of `Gauge`, a test compares them, so switching recording off never changes which calls are
accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from agentgauge.events import Event
from agentgauge.journal.losses import Health
from agentgauge.recorder.entry import Kept
from agentgauge.recorder.gauge import Gauge
from agentgauge.recorder.given import Money
from agentgauge.recorder.guards import Guard, Period
from agentgauge.recorder.scope import Place
from agentgauge.recorder.span import Span
from agentgauge.recorder.unrecorded import Unrecorded, UnrecordedGuard
from agentgauge.settings import Settings
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


_NO_SPAN = _NoSpan()


class DisabledGauge(Gauge):
    """See `Gauge` for what the methods mean."""

    settings = None
    sink = None

    def __init__(self, budgets_by: Settings | None = None) -> None:
        """`budgets_by`: the settings whose prices and policy hold in budgets."""
        self._budgets_by = budgets_by
        self._unrecorded = Unrecorded(self, budgets_by)

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
        """As of any gauge, and of this process alone: what is not recorded is charged in memory."""
        guard = self._unrecorded.budget(of, usd, per=per, project=project, since=since, policy=policy)
        return UnrecordedGuard(guard, self._unrecorded)

    def bind(self, function: Callable[P, R]) -> Callable[P, R]:
        return function

    def bind_to(self, items: Mapping[str, object], function: Callable[P, R]) -> Callable[P, R]:
        return function

    def flush(self) -> bool:
        return True

    def close(self) -> None:
        return None

    def health(self) -> Health:
        """What went wrong with budgets; nothing is recorded."""
        return self._unrecorded.health()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return DisabledGauge, (self._budgets_by,)
