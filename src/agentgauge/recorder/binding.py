"""Carrying a scope into threads, pools and other processes, none of which inherit it by themselves."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from agentgauge.recorder.scope import Scope

if TYPE_CHECKING:
    from agentgauge.recorder.gauge import Gauge

P = ParamSpec("P")
R = TypeVar("R")

_COROUTINE = 0x80
"""`inspect.CO_COROUTINE`; inspect takes long to import."""


class Bound(Generic[P, R]):
    """A function that runs in the scope in which it was bound, wherever it is called.

    Can be pickled where the function can.
    """

    def __init__(self, gauge: Gauge, current: ContextVar[Scope], scope: Scope, function: Callable[P, R]) -> None:
        self._gauge = gauge
        self._current = current
        self._scope = scope
        self._function = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = function.__doc__
        self._is_async = bool(getattr(getattr(function, "__code__", None), "co_flags", 0) & _COROUTINE)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._is_async:
            return self._awaited(*args, **kwargs)  # type: ignore[return-value]
        token = self._current.set(self._scope)
        try:
            return self._function(*args, **kwargs)
        finally:
            self._current.reset(token)

    async def _awaited(self, *args: Any, **kwargs: Any) -> Any:
        token = self._current.set(self._scope)
        try:
            return await self._function(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._current.reset(token)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return _rebound, (self._gauge, self._scope.items, self._function)


def _rebound(gauge: Gauge, items: dict[str, str], function: Callable[P, R]) -> Callable[P, R]:
    return gauge.bind_to(items, function)
