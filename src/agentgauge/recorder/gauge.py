"""The gauge: what an agent's program calls to record what it did.

The methods that record, one per kind of event, are in `recorder.py`; here is what goes around them: opening and
closing, the scope that events belong to, spans, and binding. After construction nothing is raised into the caller but
`BudgetExceeded`, which was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from agentgauge.errors import EventRefused, SettingsError
from agentgauge.journal.losses import Health
from agentgauge.recorder.binding import Bound
from agentgauge.recorder.entry import Entry, Redact
from agentgauge.recorder.given import Money
from agentgauge.recorder.guards import Asked, Guard, Period, open_guard
from agentgauge.recorder.recorder import Recorder
from agentgauge.recorder.scope import Scope, leave
from agentgauge.recorder.sink import Sink
from agentgauge.recorder.sinks import open_sink, shared_sink
from agentgauge.recorder.span import Span
from agentgauge.settings import Settings
from agentgauge.settings.recording import BudgetPolicy

P = ParamSpec("P")
R = TypeVar("R")


class Gauge(Recorder):
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

            return DisabledGauge(settings)
        base = {"project": settings.project, "session": settings.session, **scope}
        return cls(open_sink(settings), base, settings=settings, redact=redact)

    # Scope

    def span(self, name: str, kind: str = "task", **fields: Any) -> Span:
        """A context manager, sync and async, that records an event of `kind` with its duration when the block ends.

        `fields` are those of the kind, scope names and `attributes`; `.set(...)` adds more on the way.
        """
        return Span(self._entry, self._current, name, kind, fields)

    def scope(self, **scope: str | int | float | None) -> AbstractContextManager[None]:
        """Set scope names for everything recorded in the block, in this thread or task and the asyncio tasks it starts.

        A name of your own (`experiment="a"`) is an attribute of all that is recorded there. What cannot be set (a
        mistyped scope, a value that is no text) is left out, and counted as altered.
        """
        return self._narrowed(scope)

    @contextmanager
    def _narrowed(self, scope: Mapping[str, object]) -> Iterator[None]:
        current = self._current.get()
        token = self._current.set(self._entry.narrowed(current, scope))
        try:
            yield
        finally:
            leave(self._current, token)

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
        """A budget that holds in a block: `with gauge.budget("ticket:PROJ-456", usd=5) as budget`.

        `of` is what it is of: a scope (agent, role, project, team, user, ticket, run or session), a colon and its name;
        what is recorded inside belongs to it. All programs that share the home, or the server that it ships to, share
        the budget. `usd` makes one, or changes one that a program made; without it the budget is one that somebody has
        set. A new one counts what is spent from now on, or from `since`. `policy`, by default AGENTGAUGE_BUDGET_POLICY,
        is what holds while the budget cannot be checked.

        Inside, an event whose cost goes past the limit is kept, and `agentgauge.BudgetExceeded` raised; `budget.call`
        raises it before the call. Raises `SettingsError` for arguments that cannot be used.
        """
        return open_guard(Asked(of, usd, per, project, since, policy, self._settings, self._entry, self._current))

    def bind(self, function: Callable[P, R]) -> Callable[P, R]:
        """`function`, to be called in the scope of now: in another thread, a pool, or (if it can be pickled) another
        process. Coroutines and generators that it returns run in that scope too.
        """
        return Bound(self, self._current, self._current.get(), function)

    def bind_to(self, items: Mapping[str, object], function: Callable[P, R]) -> Callable[P, R]:
        """As `bind`, to a scope of given values. What cannot be set is left out and counted."""
        return Bound(self, self._current, self._entry.narrowed(Scope({}), items), function)

    # State

    @property
    def settings(self) -> Settings | None:
        """What it was opened with; None where it was made from a sink, and where recording is switched off."""
        return self._settings

    @property
    def sink(self) -> Sink | None:
        """Where its events go; None where recording is switched off."""
        return self._sink

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
