"""Spans: events for what has a duration, recorded when it ends, with what happens inside related to it.

    trace_id   one per outermost span; shared by everything inside
    span_id    the span's own, on the span's event
    parent_id  the enclosing span, on the events of spans and calls inside

Ids are random, of the lengths that W3C trace context and OpenTelemetry use (16 and 8 bytes in hex).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self

from agentgauge.errors import BudgetExceeded
from agentgauge.events import fields, kinds
from agentgauge.interruption import is_interruption
from agentgauge.recorder.entry import Entry
from agentgauge.recorder.failure import MESSAGE_CHARACTERS, failure_of
from agentgauge.recorder.scope import Scope, leave

_SCOPE_NAMES = frozenset(fields.SCOPE_NAMES)


class Span:
    """A context manager, sync and async, made by `Gauge.span`. Enter it once.

    An exception ends it with outcome `error` (`timeout` for TimeoutError, `interrupted` for KeyboardInterrupt and
    cancellation), and goes on to the caller. Its type is kept, and of its message, which may repeat a prompt, the first
    200 characters that the gauge's redaction hook leaves.
    """

    def __init__(
        self, entry: Entry, current: ContextVar[Scope], name: str, kind: str, given: Mapping[str, object]
    ) -> None:
        self.span_id = os.urandom(8).hex()
        self.trace_id = ""
        """Known once entered."""
        self._entry = entry
        self._current = current
        self._kind = kind
        self._values: dict[str, object] = {"name": name}
        self._scope: dict[str, object] = {}
        self._attributes: object = None
        self._success: object = True
        self._outer: Scope | None = None
        self._token: Token[Scope] | None = None
        self._started = 0.0
        self.set(**given)

    def set(self, **given: Any) -> None:
        """Fields of the span's event, as the method of its kind takes them; scope names also hold for what follows
        inside.
        """
        for name, value in given.items():
            if name == "attributes":
                self._attributes = value
            elif name == "success":
                self._success = value
            elif name in _SCOPE_NAMES or name not in fields.BY_NAME:
                self._scope[name] = value
            else:
                self._values[name] = value
        if self._token is not None:
            self._current.set(self._inside())

    def __enter__(self) -> Self:
        self._outer = self._current.get()
        self._token = self._current.set(self._inside())
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        elapsed_ms = (time.perf_counter() - self._started) * 1000
        outer, token, self._token = self._outer, self._token, None
        if outer is None or token is None:
            return
        leave(self._current, token)
        values = {"duration_ms": elapsed_ms, **self._values} if _has(self._kind, "duration_ms") else dict(self._values)
        success = self._success if _has(self._kind, "outcome") else None
        if error is not None:
            values |= {name: value for name, value in failure_of(error).items() if _has(self._kind, name)}
            success = None
        own = dict(self._scope)
        for name, value in (("trace_id", self.trace_id), ("span_id", self.span_id)):
            stated = own.get(name)
            if stated is None or (isinstance(stated, str) and stated == ""):
                own[name] = value
        try:
            self._entry.values(
                self._kind,
                outer,
                own,
                values,
                success=success,
                attributes=self._attributes,
                message_characters=None if error is None else MESSAGE_CHARACTERS,
            )
        except BudgetExceeded:
            if error is None:  # else it would hide what ended the block
                raise

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def _inside(self) -> Scope:
        """Scope of what is recorded inside.

        A scope that cannot be is counted when the span ends; inside it is the outer one's.
        """
        assert self._outer is not None
        try:
            narrowed = self._outer
            if self._scope:
                own = {name: value for name, value in self._scope.items() if name not in ("span_id", "parent_id")}
                narrowed = narrowed.narrowed(own)
        except Exception as refusal:
            if is_interruption(refusal):
                raise
            narrowed = self._outer
        self.trace_id = narrowed.items.get("trace_id") or self.trace_id or os.urandom(16).hex()
        return narrowed.at({"trace_id": self.trace_id, "parent_id": self.span_id})


_FIELDS = {kind.name: frozenset(field.name for field in kind.fields) for kind in kinds.KINDS}


def _has(kind: object, field: str) -> bool:
    return isinstance(kind, str) and field in _FIELDS.get(kind, ())
