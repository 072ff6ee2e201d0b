"""Whatever is given, and whatever fails, the application does not notice."""

from __future__ import annotations

import inspect
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agentgauge
from agentgauge.journal.memory import MemoryJournal
from agentgauge.operations import MetricsCollector, MetricsData, OperationMetrics, PerformanceTrend
from agentgauge.operations.provider import with_metrics_tracking
from agentgauge.recorder import Gauge
from tests.recorder.test_anything import ALL, ODD

VALUES: st.SearchStrategy[Any] = st.integers(0, len(ALL) - 1).map(lambda i: ALL[i])
"""By index: hypothesis would look at them."""
ANSWERS = {
    "end_operation": OperationMetrics,
    "get_session_summary": MetricsData,
    "load_metrics": MetricsData,
    "analyze_performance_trends": PerformanceTrend,
}
METHODS = [
    name
    for name, member in inspect.getmembers(MetricsCollector, inspect.isroutine)
    if not name.startswith("_") and name != "save_metrics"
]


def arguments(function: Callable[..., object]) -> st.SearchStrategy[dict[str, object]]:
    """Anything for any of the parameters, few of the optional ones at a time."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    required = {parameter.name: VALUES for parameter in parameters if parameter.default is parameter.empty}
    optional = {parameter.name: VALUES for parameter in parameters if parameter.name not in required}
    few = st.lists(st.sampled_from(list(optional)), max_size=3, unique=True) if optional else st.just([])
    return st.builds(
        lambda given, chosen, others: given | {name: others[name] for name in chosen},
        st.fixed_dictionaries(required),
        few,
        st.fixed_dictionaries(optional),
    )


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_method_raises(method: str, data: st.DataObject) -> None:
    collector = MetricsCollector(gauge=Gauge(MemoryJournal()))
    call = data.draw(arguments(getattr(MetricsCollector, method)))
    if "operation_id" in call and data.draw(st.booleans()):
        call["operation_id"] = collector.start_operation(data.draw(VALUES), data.draw(VALUES))
    answer = getattr(collector, method)(**call)
    if method == "operation_context":
        with answer as operation:
            assert isinstance(operation, str)
    if method in ANSWERS:
        assert isinstance(answer, ANSWERS[method])
    collector.get_session_summary().model_dump_json()


@pytest.mark.parametrize("method", ["record_tool_call", "record_token_usage", "record_error", "end_operation"])
def test_one_odd_value_among_plain_ones(method: str) -> None:
    plain: dict[str, Any] = {"tool_name": "t", "error": "x"} if method != "end_operation" else {}
    parameters = list(inspect.signature(getattr(MetricsCollector, method)).parameters.values())[2:]
    plain = {parameter.name: plain[parameter.name] for parameter in parameters if parameter.name in plain}
    plain.pop("error" if method == "record_tool_call" else "", None)
    gauge = Gauge(MemoryJournal())
    collector = MetricsCollector(gauge=gauge)
    for parameter in parameters:
        for odd in ODD:
            operation = collector.start_operation("o")
            getattr(collector, method)(operation, **{**plain, parameter.name: odd})
            done = collector.end_operation(operation) if method != "end_operation" else None
            assert done is None or done.operation_name == "o"
    health = gauge.health()
    assert health.refused
    assert set(health.altered) <= {"metadata left out", "future time"}


@pytest.mark.parametrize("name", ["success", "error", "metadata"])
def test_an_operation_is_kept_whatever_its_end_is_said_to_be(name: str) -> None:
    gauge = Gauge(MemoryJournal())
    collector = MetricsCollector(gauge=gauge)
    for odd in ODD:
        collector.end_operation(collector.start_operation("o"), **{name: odd})  # type: ignore[arg-type]
    lost = gauge.health().refused  # a lone surrogate, which no line can hold
    assert set(lost) <= {"not JSON"}
    assert collector.get_session_summary().total_operations == len(ODD) - sum(lost.values()) >= len(ODD) - 2


def test_a_file_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with agentgauge.open(tmp_path / "home") as gauge:
        collector = MetricsCollector(gauge=gauge)
        for odd in ODD:
            collector.save_metrics(odd)  # type: ignore[arg-type]
            collector.load_metrics(odd)  # type: ignore[arg-type]


class Broken(MemoryJournal):
    """A sink with a defect."""

    def append(self, payload: bytes, opening: bytes = b"", opening_crc: int = 0) -> bool:
        raise RuntimeError("a defect")


@pytest.fixture(params=["no space", "closed", "broken"])
def failing(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MetricsCollector]:
    """A collector none of whose events is kept."""
    monkeypatch.setenv("AGENTGAUGE_JOURNAL_MAX_MB", "0")
    with Gauge(Broken()) if request.param == "broken" else agentgauge.open(home) as gauge:
        if request.param == "closed":
            gauge.close()
        yield MetricsCollector(gauge=gauge)


def application(collector: MetricsCollector | None) -> list[object]:
    """What a program computes and what it raises, with metrics and without."""

    def tracked(function: Callable[..., Any]) -> Callable[..., Any]:
        return function if collector is None else with_metrics_tracking(collector=collector)(function)

    @tracked
    def divide(a: int, b: int) -> float:
        return a / b

    @tracked
    def count(n: int) -> Iterator[int]:
        yield from range(n)

    log: list[object] = [divide(6, 3), list(count(3))]
    try:
        divide(1, 0)
    except ZeroDivisionError as error:
        log.append((type(error), error.args, error.__cause__, error.__context__))
    try:
        if collector is None:
            raise LookupError("none")
        with collector.operation_context("o") as operation:
            collector.add_component_timing(operation, "c", 0.5)
            collector.record_token_usage(operation, 1, 1, "gpt-4o")
            collector.record_tool_call(operation, "t", error=ValueError("x"))
            collector.record_error(operation, "x")
            raise LookupError("none")
    except LookupError as error:
        log.append((type(error), error.args, error.__cause__, error.__context__))
    return log


def test_an_application_does_not_notice_metrics(collector: MetricsCollector) -> None:
    assert application(collector) == application(None)
    assert collector.get_session_summary().total_operations == 4


def test_an_application_does_not_notice_that_nothing_is_kept(failing: MetricsCollector) -> None:
    assert application(failing) == application(None)
    done = failing.end_operation(failing.start_operation("told"))
    assert (done.operation_name, done.success) == ("told", True)
    assert done.total_duration is not None
    summary = failing.get_session_summary()
    assert (summary.total_operations, summary.total_tokens, summary.open_operations) == (0, 0, 0)
    health = failing.gauge.health()
    assert sum(health.dropped.values()) + sum(health.refused.values()) == 9


class _Interrupting:
    """A value in the middle of whose reading a signal arrives."""

    def __float__(self) -> NoReturn:
        signal.raise_signal(signal.SIGALRM)
        raise AssertionError

    def __mul__(self, other: object) -> float:
        signal.raise_signal(signal.SIGALRM)
        return 1.0


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="the platform has no alarm")
def test_what_a_signals_handler_raises_is_the_programs(collector: MetricsCollector) -> None:
    def time_is_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, time_is_up)
    try:
        operation = collector.start_operation("o")
        with pytest.raises(TimeoutError):
            collector.record_tool_call(operation, "t", duration=_Interrupting())  # type: ignore[arg-type]
    finally:
        signal.signal(signal.SIGALRM, before)


def test_operations_that_are_never_ended_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentgauge.operations import operation_recorder

    monkeypatch.setattr(operation_recorder, "OPEN_KEPT", 10)
    gauge = Gauge(MemoryJournal())
    collector = MetricsCollector(gauge=gauge)
    ids = [collector.start_operation("o") for _ in range(15)]
    assert [collector.is_running(operation) for operation in ids] == [False] * 5 + [True] * 10
    assert gauge.health().refused == {"operation never ended": 5}
