"""Functions whose every call is an operation, whatever kind of function they are.

A generator runs while it is stepped through: its operation begins with the first step and ends when it is exhausted,
closed or raises. What it records between two steps belongs to it, what its consumer records then does not.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from typing import Any, NamedTuple, TypeVar, cast

from agentgauge.operations.collector import MetricsCollector
from agentgauge.operations.operation_context import operation_scope

F = TypeVar("F", bound=Callable[..., Any])


class Tracking(NamedTuple):
    """How the calls of one function are recorded."""

    name: str
    metadata: Mapping[str, Any] | None
    collector: Callable[[], MetricsCollector]
    """Asked at each call: the process's collector may be another one by then."""


def tracked(
    function: F, name: object, metadata: Mapping[str, Any] | None, collector: Callable[[], MetricsCollector]
) -> F:
    """`function` with each call recorded as the operation `name` (its own, where that is no text)."""
    if isinstance(function, staticmethod | classmethod):
        inner = tracked(function.__func__, name, metadata, collector)
        return cast(F, type(function)(inner))
    how = Tracking(name if isinstance(name, str) and name else _name_of(function), metadata, collector)
    code: Any = function
    if not inspect.isroutine(function) and not isinstance(function, functools.partial):
        code = type(function).__call__  # an object that can be called is what its method is
    if inspect.isasyncgenfunction(code):
        wrapper: Callable[..., Any] = _async_generator(function, how)
    elif inspect.iscoroutinefunction(code):
        wrapper = _coroutine(function, how)
    elif inspect.isgeneratorfunction(code):
        wrapper = _generator(function, how)
    else:
        wrapper = _plain(function, how)
    return cast(F, functools.wraps(function)(wrapper))


def _name_of(function: Callable[..., Any]) -> str:
    """`Class.method` of a method; the places that a function is nested in say nothing."""
    if isinstance(function, functools.partial):
        return _name_of(function.func)
    name: str = getattr(function, "__qualname__", type(function).__qualname__)
    return name.rpartition("<locals>.")[2]


def _plain(function: Callable[..., Any], how: Tracking) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        with how.collector().operation_context(how.name, how.metadata):
            return function(*args, **kwargs)

    return call


def _coroutine(function: Callable[..., Awaitable[Any]], how: Tracking) -> Callable[..., Awaitable[Any]]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        async with how.collector().operation_context(how.name, how.metadata):
            return await function(*args, **kwargs)

    return call


def _generator(function: Callable[..., Any], how: Tracking) -> Callable[..., Generator[Any, Any, Any]]:
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        collector, operation_id, stepped = _begun(function, how)
        try:
            result = yield from stepped(*args, **kwargs)
        except BaseException as error:
            collector.end_operation(operation_id, error=error)
            raise
        collector.end_operation(operation_id)
        return result

    return call


def _async_generator(function: Callable[..., Any], how: Tracking) -> Callable[..., AsyncGenerator[Any, Any]]:
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        collector, operation_id, stepped = _begun(function, how)
        try:
            generator: AsyncGenerator[Any, Any] = stepped(*args, **kwargs)
            step: Callable[[Any], Awaitable[Any]] = generator.asend
            given: Any = None
            while True:
                try:
                    item = await step(given)
                except StopAsyncIteration:
                    break
                try:
                    step, given = generator.asend, (yield item)
                except BaseException as error:  # noqa: BLE001 - the generator's own to deal with, closing included
                    step, given = generator.athrow, error
        except BaseException as error:
            collector.end_operation(operation_id, error=error)
            raise
        collector.end_operation(operation_id)

    return call


def _begun(function: Callable[..., Any], how: Tracking) -> tuple[MetricsCollector, str, Callable[..., Any]]:
    """A new operation, and `function` made to run in its scope step by step."""
    collector = how.collector()
    operation_id = collector.start_operation(how.name, how.metadata)
    with operation_scope(collector, how.name, operation_id):
        return collector, operation_id, collector.gauge.bind(function)
