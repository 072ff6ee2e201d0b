"""Carrying a scope into threads, pools and other processes, none of which inherit it by themselves.

What a bound function returns decides what else runs in the scope: a coroutine or another object to await, a
generator or an async generator runs in it too, however it came about (a partial, an object with an async `__call__`).
A generator takes turns with its consumer, so each of its steps enters the scope that the last one left.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextvars import ContextVar
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from agentgauge.recorder.scope import Scope, leave

if TYPE_CHECKING:
    from agentgauge.recorder.gauge import Gauge

P = ParamSpec("P")
R = TypeVar("R")

_ITERABLE_COROUTINE = 0x100
"""`inspect.CO_ITERABLE_COROUTINE`: a generator that `types.coroutine` made, to be awaited. (inspect imports slowly.)"""


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

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        token = self._current.set(self._scope)
        try:
            result: Any = self._function(*args, **kwargs)
        finally:
            leave(self._current, token)
        if isinstance(result, GeneratorType) and not result.gi_code.co_flags & _ITERABLE_COROUTINE:
            result = _stepwise(result, self._current, self._scope)
        elif isinstance(result, AsyncGeneratorType):
            result = _stepwise_async(result, self._current, self._scope)
        elif isinstance(result, CoroutineType | GeneratorType) or _is_only_awaitable(result):
            result = _awaited(result, self._current, self._scope)
        return result  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return _rebound, (self._gauge, self._scope.given, self._function)


def _rebound(gauge: Gauge, given: dict[str, Any], function: Callable[P, R]) -> Callable[P, R]:
    return gauge.bind_to(given, function)


def _is_only_awaitable(result: object) -> bool:
    """Not so a future, which runs by itself, and what can be entered too, such as the requests of some HTTP clients."""
    kind = type(result)
    return hasattr(kind, "__await__") and not hasattr(kind, "_asyncio_future_blocking") and not _can_be_entered(kind)


def _can_be_entered(kind: type) -> bool:
    return hasattr(kind, "__aenter__") or hasattr(kind, "__enter__")


async def _awaited(result: Awaitable[Any], current: ContextVar[Scope], scope: Scope) -> Any:
    token = current.set(scope)
    try:
        return await result
    finally:
        leave(current, token)


def _stepwise(
    generator: Generator[Any, Any, Any], current: ContextVar[Scope], scope: Scope
) -> Generator[Any, Any, Any]:
    step: Callable[[Any], Any] = generator.send
    given: Any = None
    while True:
        token = current.set(scope)
        try:
            item = step(given)
        except StopIteration as end:
            return end.value
        finally:
            scope = current.get()
            leave(current, token)
        try:
            step, given = generator.send, (yield item)
        except BaseException as error:  # noqa: BLE001 - the generator's own to deal with, closing included
            step, given = generator.throw, error


async def _stepwise_async(
    generator: AsyncGenerator[Any, Any], current: ContextVar[Scope], scope: Scope
) -> AsyncGenerator[Any, Any]:
    step: Callable[[Any], Awaitable[Any]] = generator.asend
    given: Any = None
    while True:
        token = current.set(scope)
        try:
            item = await step(given)
        except StopAsyncIteration:
            return
        finally:
            scope = current.get()
            leave(current, token)
        try:
            step, given = generator.asend, (yield item)
        except BaseException as error:  # noqa: BLE001 - as above
            step, given = generator.athrow, error
