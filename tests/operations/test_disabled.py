"""Switched off, everything may be called and nothing is done."""

from __future__ import annotations

import asyncio
import inspect
import math
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.operations import (
    DisabledMetricsCollector,
    MetricsCollector,
    get_metrics_collector,
    reset_metrics_collector,
    with_metrics_tracking,
)

PUBLIC = [name for name, member in inspect.getmembers(MetricsCollector, inspect.isroutine) if not name.startswith("_")]
GIVEN: dict[str, Any] = {
    "operation_id": "x", "name": "o", "component": "c", "seconds": 1.0, "tool_name": "t", "error": ValueError(),
    "warning": "w", "operation": "o", "filepath": "x.json",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    agentgauge.set_default(None)
    reset_metrics_collector()
    yield
    agentgauge.set_default(None)
    reset_metrics_collector()


@pytest.mark.parametrize("name", PUBLIC)
def test_it_takes_the_same_calls(name: str) -> None:
    real = inspect.signature(getattr(MetricsCollector, name))
    disabled = inspect.signature(getattr(DisabledMetricsCollector, name))
    assert list(real.parameters.values()) == list(disabled.parameters.values())
    assert real.return_annotation == disabled.return_annotation


@pytest.mark.parametrize("name", PUBLIC)
def test_it_has_a_method_of_its_own_for_each(name: str) -> None:
    assert name in vars(DisabledMetricsCollector)


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("kind", [MetricsCollector, DisabledMetricsCollector], ids=["enabled", "disabled"])
def test_it_answers_with_the_same_types(name: str, kind: type[MetricsCollector], tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        collector = MetricsCollector(gauge=gauge) if kind is MetricsCollector else DisabledMetricsCollector()
        method = getattr(collector, name)
        required = [
            parameter.name
            for parameter in inspect.signature(method).parameters.values()
            if parameter.default is parameter.empty
        ]
        answer = method(**{parameter: GIVEN[parameter] for parameter in required})
        annotation = typing.get_type_hints(method, vars(inspect.getmodule(method)))["return"]
        assert isinstance(answer, annotation or type(None))


@pytest.mark.parametrize(("variable", "value"), [("ENABLE_METRICS", "false"), ("AGENTGAUGE_DISABLED", "1")])
def test_it_is_what_the_environment_asks_for(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(get_metrics_collector()) is MetricsCollector
    monkeypatch.setenv(variable, value)
    reset_metrics_collector()
    assert type(get_metrics_collector()) is DisabledMetricsCollector
    monkeypatch.delenv(variable)
    reset_metrics_collector()
    assert type(get_metrics_collector()) is MetricsCollector


def test_a_setting_that_makes_no_sense_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_METRICS", "perhaps")
    collector = get_metrics_collector()
    collector.end_operation(collector.start_operation("o"))
    assert collector.get_session_summary().total_operations == 1
    assert not collector.persistent


def test_nothing_is_recorded_and_nothing_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_METRICS", "false")
    monkeypatch.setenv("AGENTGAUGE_HOME", str(tmp_path / "home"))
    collector = get_metrics_collector()

    @with_metrics_tracking
    def steps() -> Iterator[int]:
        yield 1

    assert list(steps()) == [1]
    with collector.operation_context("o") as operation:
        collector.record_token_usage(operation, 1, 1, "gpt-4o")
    assert operation == ""
    assert f"{collector.end_operation(operation).total_duration:.3f}" == "nan"
    assert collector.get_session_summary().total_operations == 0
    assert collector.save_metrics() is None
    trend = collector.analyze_performance_trends("o")
    assert (trend.trend_direction, trend.problem) == ("insufficient_data", "recording is switched off")
    assert math.isnan(trend.avg_duration)
    assert list(tmp_path.iterdir()) == []


def test_exceptions_still_go_on() -> None:
    collector = DisabledMetricsCollector()

    async def main() -> None:
        async with collector.operation_context("o"):
            raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(main())
    with pytest.raises(LookupError), collector.operation_context("o"):
        raise LookupError


def test_a_collector_of_a_gauge_that_is_off_records_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENABLE_METRICS", "false")
    collector = MetricsCollector(gauge=agentgauge.open(tmp_path / "home"))
    done = collector.end_operation(collector.start_operation("o"))
    assert (done.operation_name, done.success) == ("o", True)
    collector.record_token_usage("unknown", 1, 1)
    assert collector.get_session_summary().total_operations == 0
    assert collector.analyze_performance_trends("o").data_points == 0
    assert list(tmp_path.iterdir()) == []


def test_a_budget_around_it_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENABLE_METRICS", "false")
    collector = get_metrics_collector()
    with agentgauge.default().budget("ticket:collector switched off", usd=2) as budget:
        collector.record_tool_call("", "search", cost_usd="0.25")
        collector.record_token_usage("", 400_000, 0, "gpt-4o", provider="openai")
        assert str(budget.spent_usd) == "1.25"
    assert list(tmp_path.iterdir()) == []
