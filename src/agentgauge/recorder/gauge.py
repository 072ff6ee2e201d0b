"""The gauge: what an agent's program calls to record what it did.

One method per kind of event, each returning None at once. After construction nothing is raised into the caller: an
event that breaks a rule of its kind is counted with its reason (see `health`) and logged once per reason. Times are
aware, durations milliseconds, money US dollars.

Every method takes scope names as keywords (`run=`, `ticket=`, ...), for this event alone; `with gauge.scope(...)`
sets them for a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from time import time_ns
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from agentgauge.errors import EventRefused, SettingsError
from agentgauge.events import Event
from agentgauge.events.codec import encode_json
from agentgauge.journal.losses import Health
from agentgauge.recorder.binding import Bound
from agentgauge.recorder.entry import Entry, Redact
from agentgauge.recorder.given import Money
from agentgauge.recorder.ordinary import INFINITE, REAL, TOKENS_BELOW, ZERO, LlmCall, are_parts, cost_text
from agentgauge.recorder.scope import Scope
from agentgauge.recorder.sink import Sink
from agentgauge.recorder.sinks import open_sink, shared_sink
from agentgauge.recorder.span import Span
from agentgauge.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


class Gauge:
    """Records into one sink.

    Safe to share between threads, asyncio tasks and forked children; pickles to its own journal elsewhere.
    """

    def __init__(
        self,
        sink: Sink,
        scope: Mapping[str, object] | None = None,
        *,
        settings: Settings | None = None,
        redact: Redact | None = None,
    ) -> None:
        """Most programs use `agentgauge.open` instead.

        `settings` is what a pickled copy opens; without it a gauge cannot be pickled.
        """
        try:
            base = Scope({}).narrowed(scope or {})
        except EventRefused as refused:
            raise SettingsError(f"scope of the gauge: {refused}") from refused
        self._base = base
        self._settings = settings
        self._sink = sink
        self._redact = redact
        self._entry = Entry(sink, redact)
        self._current: ContextVar[Scope] = ContextVar("agentgauge_scope", default=base)

    @classmethod
    def open(cls, settings: Settings, *, redact: Redact | None = None, **scope: str | int | None) -> Gauge:
        """The gauge of some settings: on disk, in memory, or doing nothing.

        Raises `JournalUnavailable` and `SettingsError`.
        """
        if not settings.enabled:
            from agentgauge.recorder.disabled import DisabledGauge  # below this class, as its subclass

            return DisabledGauge()
        base = {"project": settings.project, "session": settings.session, **scope}
        return cls(open_sink(settings), base, settings=settings, redact=redact)

    # What happened, one method per kind

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
        """One call of a language model.

        `input_tokens` is the total, tokens read from and written to a cache included; `reasoning_tokens` are part of
        `output_tokens`. `cost_usd` is what the provider reported; leave it out and the call is priced when it lands
        in the lake.
        """
        current, sink, taken = self._current.get(), self._sink, False
        try:
            ordinary = (
                type(model) is str
                and model != ""
                and (provider is None or type(provider) is str)
                and type(input_tokens) is type(output_tokens) is int
                and 0 <= (input_tokens | output_tokens) < TOKENS_BELOW
                and (
                    cache_read_tokens is cache_write_5m_tokens is cache_write_1h_tokens is reasoning_tokens is ZERO
                    or are_parts(
                        input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
                        reasoning_tokens,
                    )
                )
                and (duration_ms is None or (type(duration_ms) in REAL and 0 <= duration_ms < INFINITE))
                and (success is True or success is False)
                and not (tier or outcome or name or error_type or error_category or severity)
                and not (error_message or recovery or at or source_id or attributes)
            )  # fmt: skip
            if ordinary:
                cost = None if cost_usd is None else cost_text(cost_usd)
                if scope:
                    current = current.narrowed(scope)
                number, taken = sink.take(), True
                body = encode_json(
                    LlmCall(
                        sink.segment_id, number, time_ns() // 1000, "llm_call", None, None, None, None,
                        model, provider, None,
                        input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
                        reasoning_tokens, duration_ms, "success" if success else "failure",
                        cost, None if cost is None else "reported",
                    )
                )  # fmt: skip
                sink.append(body[1:-1], current.prefix, current.crc)
                return
        except (TypeError, ValueError, ArithmeticError):
            if taken:
                sink.give_back()
        # Not ordinary, or wrong: the general way finds out which.
        self._entry.values(
            "llm_call", self._current.get(), scope,
            {
                "model": model, "provider": provider, "tier": tier, "input_tokens": input_tokens,
                "output_tokens": output_tokens, "cache_read_tokens": cache_read_tokens,
                "cache_write_5m_tokens": cache_write_5m_tokens, "cache_write_1h_tokens": cache_write_1h_tokens,
                "reasoning_tokens": reasoning_tokens, "duration_ms": duration_ms, "cost_usd": cost_usd,
                "outcome": outcome, "name": name, "error_type": error_type, "error_category": error_category,
                "severity": severity, "error_message": error_message, "recovery": recovery, "source_id": source_id,
            },
            success=success, at=at, attributes=attributes,
        )  # fmt: skip

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
        """One call of a tool. `cost_usd` is what it cost by itself (a paid search), never a share of a model's cost."""
        self._entry.values(
            "tool_call", self._current.get(), scope,
            {
                "name": name, "duration_ms": duration_ms, "cost_usd": cost_usd, "outcome": outcome,
                "error_type": error_type, "error_category": error_category, "severity": severity,
                "error_message": error_message, "recovery": recovery, "source_id": source_id,
            },
            success=success, at=at, attributes=attributes,
        )  # fmt: skip

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
        """A finished piece of an agent's work. `quality_score` is 0-100."""
        self._entry.values(
            "task", self._current.get(), scope,
            {
                "name": name, "duration_ms": duration_ms, "quality_score": quality_score, "outcome": outcome,
                "error_type": error_type, "error_category": error_category, "severity": severity,
                "error_message": error_message, "recovery": recovery, "source_id": source_id,
            },
            success=success, at=at, attributes=attributes,
        )  # fmt: skip

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
        """Something went wrong.

        `severity` is critical, error, warning or info; `recovery` failed or succeeded, where it was tried.
        """
        self._entry.values(
            "error", self._current.get(), scope,
            {
                "error_type": error_type, "error_message": error_message, "error_category": error_category,
                "severity": severity, "recovery": recovery, "name": name, "source_id": source_id,
            },
            at=at, attributes=attributes,
        )  # fmt: skip

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
        """Any other number that is worth following: lines changed, recall, queue length."""
        self._entry.values(
            "measurement", self._current.get(), scope,
            {"name": name, "value": value, "unit": unit, "source_id": source_id},
            at=at, attributes=attributes,
        )  # fmt: skip

    def satisfaction(
        self,
        value: float,
        *,
        name: str | None = None,
        unit: str | None = None,
        at: datetime | None = None,
        source_id: str | None = None,
        attributes: dict[str, Any] | None = None,
        **scope: str | int | None,
    ) -> None:
        """How content a person was, on 0-1."""
        self._entry.values(
            "satisfaction", self._current.get(), scope,
            {"value": value, "name": name, "unit": unit, "source_id": source_id},
            at=at, attributes=attributes,
        )  # fmt: skip

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
        """A milestone, such as the start of a session."""
        self._entry.values(
            "mark", self._current.get(), scope,
            {"name": name, "duration_ms": duration_ms, "outcome": outcome, "source_id": source_id},
            success=success, at=at, attributes=attributes,
        )  # fmt: skip

    def record(self, event: Event) -> None:
        """A whole event, as importers and receivers build it. Scope fields that it leaves out are those of the
        current scope.

        An event read back from a journal or lake, which has its identity, is already in the stream and is not
        recorded again.
        """
        if getattr(event, "segment", None) is None:
            self._entry.event(event, self._current.get())

    # Scope

    def span(self, name: str, kind: str = "task", **fields: Any) -> Span:
        """A context manager, sync and async, that records an event of `kind` with its duration when the block ends.

        `fields` are those of the kind, scope names and `attributes`; `.set(...)` adds more on the way.
        """
        return Span(self._entry, self._current, name, kind, fields)

    def scope(self, **scope: str | int | None) -> AbstractContextManager[None]:
        """Set scope names for everything recorded in the block, in this thread or task and the asyncio tasks it starts.

        Of a scope that cannot be (an unknown name, a value that is no text) nothing is set; it is counted as refused.
        """
        return self._narrowed(scope)

    @contextmanager
    def _narrowed(self, scope: Mapping[str, object]) -> Iterator[None]:
        try:
            narrowed = self._current.get().narrowed(scope)
        except EventRefused as refused:
            self._entry.refuse(refused)
            narrowed = self._current.get()
        token = self._current.set(narrowed)
        try:
            yield
        finally:
            self._current.reset(token)

    def bind(self, function: Callable[P, R]) -> Callable[P, R]:
        """`function`, to be called in the scope of now: in another thread, a pool, or (if it can be pickled) another
        process.
        """
        return Bound(self, self._current, self._current.get(), function)

    def bind_to(self, items: Mapping[str, str], function: Callable[P, R]) -> Callable[P, R]:
        """As `bind`, to a scope of given values."""
        return Bound(self, self._current, Scope(items), function)

    # State

    def flush(self) -> bool:
        """Block until everything recorded so far survives power loss.

        False where the disk refused, which is counted.
        """
        return self._sink.flush()

    def close(self) -> None:
        """Flush and record no more; what is recorded later is counted as dropped. Closing again does nothing."""
        self._sink.close()

    def health(self) -> Health:
        """What became of the events given to this gauge in this process."""
        return self._sink.health()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        if self._settings is None:
            raise TypeError(
                "this Gauge was made from a sink; only one made by agentgauge.open can go to another process"
            )
        return _reopened, (self._settings, self._base.items, self._redact)


def _reopened(settings: Settings, items: dict[str, str], redact: Redact | None) -> Gauge:
    """A gauge that came from another process. All that come from one home share one journal here."""
    return Gauge(shared_sink(settings), items, settings=settings, redact=redact)
