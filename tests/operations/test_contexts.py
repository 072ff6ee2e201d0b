"""Blocks and functions whose every run is an operation, and which do what they would do without."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.operations import MetricsCollector, OperationMetrics
from agentgauge.operations.provider import with_metrics_tracking
from tests.recorder.reading import events, only


def last(collector: MetricsCollector) -> OperationMetrics:
    return collector.get_session_summary().operations[-1]


def test_a_block_is_an_operation(collector: MetricsCollector, home: Path) -> None:
    with collector.operation_context("load", {"source": "s3"}) as operation:
        assert collector.is_running(operation)
        collector.add_component_timing(operation, "read", 0.5)
    assert not collector.is_running(operation)
    done = last(collector)
    assert (done.operation_id, done.operation_name, done.success) == (operation, "load", True)
    assert (done.component_timing, done.metadata) == ({"read": 0.5}, {"source": "s3"})
    assert events(home)[-1].span_id == operation


def test_a_block_may_be_async(collector: MetricsCollector) -> None:
    async def main() -> None:
        async with collector.operation_context("load") as operation:
            await asyncio.sleep(0)
            collector.add_component_timing(operation, "read", 0.5)

    asyncio.run(main())
    assert last(collector).component_timing == {"read": 0.5}


@pytest.mark.parametrize(
    ("error", "outcome", "errors"),
    [
        (ValueError("no"), "error", 1),
        (TimeoutError(), "timeout", 1),
        (KeyboardInterrupt(), "interrupted", 0),
        (asyncio.CancelledError(), "interrupted", 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_an_exception_is_recorded_and_goes_on(
    collector: MetricsCollector, error: BaseException, outcome: str, errors: int
) -> None:
    with pytest.raises(type(error)) as raised, collector.operation_context("load"):
        raise error
    assert raised.value is error
    assert (last(collector).outcome, last(collector).success, last(collector).error_count) == (outcome, False, errors)


def test_what_others_record_in_a_block_belongs_to_it(
    collector: MetricsCollector, gauge: agentgauge.Gauge, home: Path
) -> None:
    with gauge.scope(run="r-1"), collector.operation_context("outer") as outer:
        with collector.operation_context("inner") as inner:
            gauge.llm_call("gpt-4o")
        gauge.tool_call("t")
    gauge.task("outside")
    call, inner_task, tool, outer_task, outside = events(home)
    assert (call.parent_id, call.operation, call.run) == (inner, "inner", "r-1")
    assert (inner_task.span_id, inner_task.parent_id) == (inner, outer)
    assert (tool.parent_id, tool.operation) == (outer, "outer")
    assert (outer_task.span_id, outer_task.parent_id) == (outer, None)
    assert (outside.parent_id, outside.operation) == (None, None)


def test_a_block_may_end_its_operation_itself(collector: MetricsCollector, gauge: agentgauge.Gauge, home: Path) -> None:
    with collector.operation_context("load") as operation:
        done = collector.end_operation(operation, success=False)
    assert done.success is False
    assert only(home).parent_id is None
    assert gauge.health().refused == {}


def test_blocks_in_tasks_and_threads_do_not_mix(collector: MetricsCollector) -> None:
    async def one(name: str) -> None:
        async with collector.operation_context(name) as operation:
            for _ in range(20):
                await asyncio.sleep(0)
                collector.add_component_timing(operation, name, 1.0)

    async def main() -> None:
        await asyncio.gather(*(one(f"task-{n}") for n in range(20)))

    def thread(name: str) -> None:
        with collector.operation_context(name) as operation:
            for _ in range(50):
                collector.record_token_usage(operation, 1, 1, "gpt-4o")
                collector.add_component_timing(operation, name, 1.0)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(thread, [f"thread-{n}" for n in range(40)]))
    asyncio.run(main())
    summary = collector.get_session_summary()
    assert summary.total_operations == summary.successful_operations == 60
    assert summary.total_tokens == 40 * 50 * 2
    for done in summary.operations:
        count = 20.0 if done.operation_name.startswith("task") else 50.0
        assert done.component_timing == {done.operation_name: count}


def test_many_threads_report_on_one_operation(collector: MetricsCollector) -> None:
    operation = collector.start_operation("shared")
    together = threading.Barrier(8)

    def report() -> None:
        together.wait()
        for _ in range(500):
            collector.record_token_usage(operation, 2, 1, "gpt-4o")
            collector.record_error(operation, "x")

    threads = [threading.Thread(target=report) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = collector.end_operation(operation)
    assert done.token_usage is not None
    assert (done.token_usage.total_tokens, done.error_count) == (12_000, 4_000)


# Functions


def test_a_function_is_an_operation(collector: MetricsCollector) -> None:
    @with_metrics_tracking("api_call", metadata={"kind": "test"}, collector=collector)
    def add(a: int, b: int = 2, *, c: int = 3) -> int:
        """Add."""
        return a + b + c

    assert add(1, c=4) == 7
    assert (last(collector).operation_name, last(collector).metadata) == ("api_call", {"kind": "test"})
    assert list(inspect.signature(add).parameters) == ["a", "b", "c"]
    assert (add.__name__, add.__doc__) == ("add", "Add.")


def test_the_decorator_stands_without_arguments_too(collector: MetricsCollector, gauge: agentgauge.Gauge) -> None:
    from agentgauge.operations import provider

    agentgauge.set_default(gauge)
    provider.reset_metrics_collector()
    try:

        @with_metrics_tracking
        def bare() -> str:
            return "bare"

        @with_metrics_tracking()
        def called() -> str:
            return "called"

        class Agent:
            @with_metrics_tracking
            @classmethod
            def of_class(cls) -> str:
                return cls.__name__

        assert (bare(), called(), Agent.of_class()) == ("bare", "called", "Agent")
        summary = provider.get_metrics_collector().get_session_summary()
        assert [done.operation_name for done in summary.operations] == ["bare", "called", "Agent.of_class"]
    finally:
        agentgauge.set_default(None)
        provider.reset_metrics_collector()


def test_methods_of_all_kinds_are_operations(collector: MetricsCollector) -> None:
    track = with_metrics_tracking(collector=collector)

    class Agent:
        @track
        def own(self, value: int) -> tuple[object, int]:
            return self, value

        @classmethod
        @track
        def of_class(cls) -> type:
            return cls

        @track
        @classmethod
        def of_class_too(cls) -> type:
            return cls

        @track
        @staticmethod
        def of_none(value: int) -> int:
            return value

    agent = Agent()
    assert agent.own(3) == (agent, 3)
    assert agent.of_class() is agent.of_class_too() is Agent
    assert agent.of_none(4) == Agent.of_none(4) == 4
    names = [done.operation_name for done in collector.get_session_summary().operations]
    assert names == ["Agent.own", "Agent.of_class", "Agent.of_class_too", "Agent.of_none", "Agent.of_none"]


def test_whatever_can_be_called_can_be_tracked(collector: MetricsCollector) -> None:
    class Doubles:
        def __call__(self, value: int) -> int:
            return 2 * value

    class DoublesLater:
        async def __call__(self, value: int) -> int:
            return 2 * value

    track = with_metrics_tracking(collector=collector)
    assert track(Doubles())(2) == 4
    assert asyncio.run(track(DoublesLater())(2)) == 4  # type: ignore[arg-type]
    assert track(functools.partial(pow, 2))(3) == 8
    names = [done.operation_name.rpartition(".")[2] for done in collector.get_session_summary().operations]
    assert names == ["Doubles", "DoublesLater", "pow"]


def test_an_exception_of_a_function_is_its_own(collector: MetricsCollector) -> None:
    error = LookupError("none")

    @with_metrics_tracking(collector=collector)
    def find() -> None:
        raise error

    with pytest.raises(LookupError) as raised:
        find()
    assert raised.value is error
    assert last(collector).outcome == "error"


def test_a_coroutine_function_stays_one(collector: MetricsCollector) -> None:
    @with_metrics_tracking("ask", collector=collector)
    async def ask(question: str) -> str:
        await asyncio.sleep(0)
        return question.upper()

    assert inspect.iscoroutinefunction(ask)
    assert asyncio.run(ask("why")) == "WHY"
    assert last(collector).operation_name == "ask"


def _countdown(collector: MetricsCollector) -> Callable[[int], Generator[int, str | None, str]]:
    @with_metrics_tracking("countdown", collector=collector)
    def countdown(start: int) -> Generator[int, str | None, str]:
        said = []
        for number in range(start, 0, -1):
            try:
                answer = yield number
            except KeyError:
                answer = "thrown"
            if answer:
                said.append(answer)
        return " ".join(said)

    return countdown


def test_a_generator_lasts_from_its_first_step_to_its_end(collector: MetricsCollector, home: Path) -> None:
    countdown = _countdown(collector)
    assert inspect.isgeneratorfunction(countdown)
    steps = countdown(3)
    assert collector.get_session_summary().open_operations == 0
    assert next(steps) == 3
    assert collector.get_session_summary().open_operations == 1
    assert steps.send("a") == 2
    assert steps.throw(KeyError()) == 1
    with pytest.raises(StopIteration) as end:
        steps.send("b")
    assert end.value.value == "a thrown b"
    assert only(home).outcome == "success"


@pytest.mark.parametrize(
    ("leave", "outcome"),
    [(lambda steps: steps.close(), "interrupted"), (lambda steps: steps.throw(OSError()), "error")],
    ids=["close", "throw"],
)
def test_a_generator_that_is_left_ends(
    collector: MetricsCollector, home: Path, leave: Callable[[Any], object], outcome: str
) -> None:
    steps = _countdown(collector)(3)
    next(steps)
    try:
        leave(steps)
    except OSError:
        pass
    assert only(home).outcome == outcome
    assert collector.get_session_summary().open_operations == 0


def test_only_what_a_generator_records_itself_belongs_to_it(
    collector: MetricsCollector, gauge: agentgauge.Gauge, home: Path
) -> None:
    @with_metrics_tracking(collector=collector)
    def chunks() -> Iterator[int]:
        gauge.tool_call("inside")
        yield 1
        gauge.tool_call("inside")

    for _ in chunks():
        gauge.tool_call("outside")
    first, outside, second, task = events(home)
    assert first.parent_id == second.parent_id == task.span_id
    assert outside.parent_id is None


def test_an_async_generator_does_all_that_one_does(collector: MetricsCollector, home: Path) -> None:
    @with_metrics_tracking("stream", collector=collector)
    async def stream() -> AsyncIterator[Any]:
        said = []
        for number in range(3):
            try:
                said.append((yield number))
            except KeyError:
                said.append("thrown")
        yield said

    async def main() -> None:
        assert inspect.isasyncgenfunction(stream)
        steps: Any = stream()
        assert await anext(steps) == 0
        assert await steps.asend("a") == 1
        assert await steps.athrow(KeyError()) == 2
        assert await steps.asend("b") == ["a", "thrown", "b"]
        with pytest.raises(StopAsyncIteration):
            await anext(steps)
        early: Any = stream()
        await anext(early)
        await early.aclose()
        failing: Any = stream()
        await anext(failing)
        with pytest.raises(OSError):
            await failing.athrow(OSError())

    asyncio.run(main())
    assert [event.outcome for event in events(home)] == ["success", "interrupted", "error"]
    assert collector.get_session_summary().open_operations == 0


def test_calls_of_one_function_at_once_do_not_mix(collector: MetricsCollector) -> None:
    @with_metrics_tracking(collector=collector)
    async def step(n: int) -> int:
        await asyncio.sleep(0)
        return n

    async def main() -> list[int]:
        return await asyncio.gather(*(step(n) for n in range(50)))

    assert asyncio.run(main()) == list(range(50))
    assert collector.get_session_summary().total_operations == 50
