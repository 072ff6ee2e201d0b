"""What was recorded through one collector: a fold over its events.

Applied to the events as they are recorded, and to those of a session that are read back, it comes to the same. It keeps
the newest operations, and the sums of older ones. Who records only puts the event down; it is taken into account when
somebody asks, or when many wait. Threads share it: the lock is held for the arithmetic.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import UTC, datetime
from decimal import Decimal

from agentgauge.events import Event
from agentgauge.journal import lifetime
from agentgauge.operations.models import MetricsData, OperationMetrics
from agentgauge.operations.operation_view import OperationView
from agentgauge.recorder import Kept

OPERATIONS_KEPT = 500
WAITING_KEPT = 256
OPEN_KEPT = 10_000
"""Operations that have not ended. A program that never ends any must not fill the memory."""


class _Sums:
    """Over operations."""

    def __init__(self) -> None:
        self.operations = self.successful = self.tokens = self.unpriced = 0
        self.errors = self.warnings = self.tool_calls = 0
        self.duration_ms = 0.0
        self.cost = Decimal(0)

    def add(self, view: OperationView) -> None:
        view.settle()
        if view.priced or view.unpriced:
            self.cost += view.cost
            self.unpriced += view.unpriced
        if view.end is not None:
            self.operations += 1
            self.successful += view.end.outcome == "success"
            self.duration_ms += view.end.duration_ms or 0.0
        self.tokens += view.tokens[0] + view.tokens[1]
        self.errors += view.errors
        self.warnings += view.warnings
        self.tool_calls += view.older_tool_calls + len(view.tool_calls)


class SessionView:
    def __init__(self, began: datetime | None = None) -> None:
        """`began` is when the session did; without it, when its first event happened."""
        self._begin(began)
        lifetime.watch(self)

    def _begin(self, began: datetime | None) -> None:
        self._lock = threading.RLock()
        self._waiting: deque[Kept] = deque()
        self._running: OrderedDict[str, OperationView] = OrderedDict()
        self._ended: OrderedDict[str, OperationView] = OrderedDict()
        self._strays = OperationView("")
        """What belongs to no operation that is known."""
        self._older = _Sums()
        self._began = began
        self._last: datetime | None = None

    def take(self, kept: Kept) -> None:
        """Put an event down to be applied."""
        self._waiting.append(kept)
        if len(self._waiting) > WAITING_KEPT:
            with self._lock:
                self._catch_up()

    def apply(self, event: Event) -> None:
        with self._lock:
            self._apply(event)

    def end(self, task: Event) -> OperationMetrics:
        """Apply `task`; the operation that it ends."""
        with self._lock:
            self._catch_up()
            return self._end(task).metrics()

    def forget(self, task: Event) -> OperationMetrics:
        """The operation that `task` would have ended, had it been kept. What was kept of it stays in the sums."""
        with self._lock:
            self._catch_up()
            view = self._running.pop(task.span_id or "", None) or OperationView(task.span_id or "")
            self._older.add(view)
            view.apply(task)
            return view.metrics()

    def ended(self, operation_id: str) -> OperationMetrics | None:
        """An operation that has ended, while it is kept."""
        with self._lock:
            self._catch_up()
            view = self._ended.get(operation_id)
            return None if view is None else view.metrics()

    def ended_name(self, operation_id: str) -> str | None:
        """The name of an operation that has ended, while it is kept."""
        with self._lock:
            self._catch_up()
            view = self._ended.get(operation_id)
            return None if view is None or view.end is None else view.end.name

    def data(self, session_id: str, running: int | None = None) -> MetricsData:
        """The summary. `running` is how many operations run, where those count too that recorded nothing yet."""
        with self._lock:
            self._catch_up()
            sums, ended = _Sums(), list(self._ended.values())  # the garbage collector may end a generator meanwhile
            for view in (*ended, *self._running.values(), self._strays):
                sums.add(view)
            older = self._older
            return MetricsData(
                session_id=session_id,
                start_time=self._began or datetime.now(UTC),
                end_time=self._last,
                operations=[view.metrics() for view in ended],
                total_operations=sums.operations + older.operations,
                successful_operations=sums.successful + older.successful,
                total_duration=(sums.duration_ms + older.duration_ms) / 1000,
                total_tokens=sums.tokens + older.tokens,
                total_cost=float(sums.cost + older.cost),
                unpriced_calls=sums.unpriced + older.unpriced,
                error_count=sums.errors + older.errors,
                warning_count=sums.warnings + older.warnings,
                tool_calls=sums.tool_calls + older.tool_calls,
                open_operations=len(self._running) if running is None else running,
                older_operations=older.operations,
            )

    def after_fork(self) -> None:
        """What the parent recorded is the parent's."""
        self._begin(datetime.now(UTC))

    def settle(self) -> None:
        return None

    def _catch_up(self) -> None:
        waiting = self._waiting
        left = len(waiting)  # others go on recording meanwhile
        while waiting and left:
            self._apply(waiting.popleft().event())
            left -= 1

    def _apply(self, event: Event) -> None:
        if event.kind == "task":
            self._end(event)
        else:
            if event.span_id is not None and event.span_id in self._running:  # it is a span that is no operation
                self._older.add(self._running.pop(event.span_id))
            self._view_of(event.parent_id).apply(event)
            self._note(event)

    def _end(self, task: Event) -> OperationView:
        operation_id = task.span_id or ""
        view = self._running.pop(operation_id, None) or OperationView(operation_id)
        view.apply(task)
        key = operation_id or f"{task.segment}/{task.n}"
        if key in self._ended:
            self._older.add(self._ended.pop(key))
        self._ended[key] = view
        if len(self._ended) > OPERATIONS_KEPT:
            self._older.add(self._ended.popitem(last=False)[1])
        self._note(task)
        return view

    def _view_of(self, operation_id: str | None) -> OperationView:
        if operation_id is None:
            return self._strays
        view = self._running.get(operation_id) or self._ended.get(operation_id)
        if view is None:
            view = self._running[operation_id] = OperationView(operation_id)
            if len(self._running) > OPEN_KEPT:
                self._older.add(self._running.popitem(last=False)[1])
        return view

    def _note(self, event: Event) -> None:
        self._began, self._last = self._began or event.time, event.time
