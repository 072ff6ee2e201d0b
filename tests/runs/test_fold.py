"""The view of a run is a fold over its events: live, read back, and in any order it is the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import agentgauge
from agentgauge.engines import Filter, Query
from agentgauge.engines.events import read_events
from agentgauge.events import Event
from agentgauge.journal.memory import MemoryJournal
from agentgauge.meter import engine_of
from agentgauge.runs import MetricsCollector
from agentgauge.runs.fold import RunFold
from agentgauge.runs.models import CodeMetrics, LLMConfig, RunMetrics, Status, SystemConfig, TokenUsage
from agentgauge.runs.views import run_view

Step = tuple[int, int, int]
_steps = st.lists(st.tuples(st.integers(0, 13), st.integers(0, 2), st.integers(0, 5)), max_size=40)
_CONFIG = SystemConfig(llm=LLMConfig("anthropic", "claude-sonnet-4-5"), extra={"team": "a"})
_START = datetime(2026, 3, 1, tzinfo=UTC)


class _History:
    """A run in which steps, three numbers each, choose what happens next."""

    def __init__(self, gauge: agentgauge.Gauge) -> None:
        self.gauge = gauge
        self.run = MetricsCollector("r-1", "p", _CONFIG, gauge=gauge, extra={"by": "ci"})
        self.tools: list[str] = []
        self.agents: list[str] = []
        self._moment = _START
        self._verbs: list[Callable[[int, int], object]] = [
            lambda issue, n: self.run.start_issue(issue, extra={"n": n}),
            lambda issue, n: self.run.finalize_issue(issue, list(Status)[n + 2], CodeMetrics(lines_added=n)),
            lambda issue, n: self.agents.append(self.run.start_agent(f"type {n % 2}", issue)),
            lambda issue, n: self.run.finalize_agent(n > 2, agent_id=self._some(self.agents, n), quality_score=n),
            lambda issue, n: self.run.finalize_agent(n > 2, TokenUsage(10 * n, n), retries=n),
            lambda issue, n: self.tools.append(self.run.start_tool_call(f"tool {n % 3}")),
            lambda issue, n: self.run.end_tool_call(self._some(self.tools, n), n > 2, error_type="E", cost_usd=n / 7),
            lambda issue, n: self.run.record_token_usage(100 * n, n, agent_id=self._some(self.agents, n) or None),
            lambda issue, n: self.run.record_token_usage(1 + n, n, "no price", reasoning_tokens=n),
            lambda issue, n: self.run.record_pipeline(n, f"sha {n % 2}", ["success", "failed", "running"][n % 3]),
            lambda issue, n: self.run.start_debugging_cycle([f"E{n}"], issue_id=issue),
            lambda issue, n: self.run.end_debugging_cycle(None, n > 2, "so", n),
            lambda issue, n: self.run.record_error("E", f"{n}", issue_id=issue if n else None),
            lambda issue, n: self.run.record_error("Early", at=self._moment - timedelta(days=n)),
        ]

    def go(self, steps: list[Step]) -> None:
        for verb, issue, number in steps:
            self._verbs[verb](issue, number)

    def _some(self, ids: list[str], n: int) -> str:
        return ids[n % len(ids)] if ids else ""

    def read_back(self) -> list[Event]:
        with engine_of(self.gauge) as engine:
            return list(read_events(engine, Query(filters=(Filter("run", "=", "r-1"),))))


def _rebuilt(events: list[Event]) -> RunMetrics:
    fold = RunFold("r-1")
    for event in events:
        fold.apply(event)
    return run_view(fold)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(_steps, st.booleans())
def test_live_and_rebuilt_views_of_the_same_events_are_equal(steps: list[Step], ends: bool) -> None:
    history = _History(agentgauge.Gauge(MemoryJournal()))
    history.go(steps)
    live = history.run.finalize_run() if ends else history.run.run_metrics
    assert repr(_rebuilt(history.read_back())) == repr(live)  # NaN is not equal to itself


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(_steps, st.randoms(use_true_random=False))
def test_events_in_any_order_give_the_same_view(steps: list[Step], chance: random.Random) -> None:
    history = _History(agentgauge.Gauge(MemoryJournal()))
    history.go(steps)
    events = history.read_back()
    inside = [event for event in events if event.span_id]
    for n, event in enumerate(inside):  # what other code records: spans of its own inside agents, and calls in those
        span = f"{n:016x}"
        common = {"run": "r-1", "issue": event.issue, "segment": "s", "time": event.time}
        events.append(Event(kind="task", name="step", span_id=span, parent_id=event.span_id, n=2 * n, **common))
        events.append(Event(kind="llm_call", model="m", input_tokens=n, parent_id=span, n=2 * n + 1, **common))
    shuffled = list(events)
    chance.shuffle(shuffled)
    assert repr(_rebuilt(shuffled)) == repr(_rebuilt(events))


@pytest.mark.parametrize("seed", range(20))
def test_an_issue_taken_up_again_and_again_is_the_same_in_any_order(seed: int) -> None:
    history = _History(agentgauge.Gauge(MemoryJournal()))
    for n in range(3):
        history.go([(0, 3, n), (2, 3, n), (5, 3, n), (5, 3, n + 1), (6, 3, 2 * n), (4, 3, n), (1, 3, n)])
    history.go([(0, 3, 5), (5, 3, 2)])
    events = history.read_back()
    shuffled = list(events)
    random.Random(seed).shuffle(shuffled)
    assert repr(_rebuilt(shuffled)) == repr(_rebuilt(events)) == repr(history.run.run_metrics)
    assert _open_tools(shuffled) == _open_tools(events) == [history.tools[-1]]


def _open_tools(events: list[Event]) -> list[str]:
    fold = RunFold("r-1")
    for event in events:
        fold.apply(event)
    return list(fold.tools)


def test_calls_that_other_code_records_in_spans_inside_an_agent_are_the_agents(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        run = MetricsCollector("r-1", gauge=gauge)
        agent_id = run.start_agent("coding", 3)
        with gauge.scope(**run.scope_of(agent_id)), gauge.span("plan"), gauge.span("think"):
            gauge.llm_call("gpt-4o", "openai", input_tokens=100, output_tokens=10)
        run.finalize_agent()
        again = MetricsCollector.recover("r-1", gauge=gauge)
    (agent,) = again.get_issue_metrics(3).agents
    assert agent.token_usage.input_tokens == 100
    assert again.run_metrics.total_cost_usd > 0


def test_events_of_other_runs_are_nothing_to_a_run() -> None:
    fold = RunFold("r-1")
    fold.apply(Event(kind="llm_call", model="m", input_tokens=5, time=_START, run="r-2"))
    assert run_view(fold).token_usage.calls == 0


@pytest.mark.parametrize(
    "kept", [None, {"config": 5}, {"config": {"llm": "?"}}, {"attempt": "x", "files_created": "?"}]
)
def test_what_a_redaction_hook_leaves_of_attributes_is_shown_as_far_as_it_makes_sense(kept: dict[str, object]) -> None:
    gauge = agentgauge.Gauge(MemoryJournal(), redact=lambda attributes: kept)
    run = MetricsCollector("r-1", config=_CONFIG, gauge=gauge)
    run.start_issue(3)
    run.start_agent("coding")
    run.finalize_agent()
    run.finalize_issue(3, Status.COMPLETED, CodeMetrics())
    (agent,) = run.finalize_run().issues["3"].agents
    assert (agent.attempt, agent.status) == (1, Status.COMPLETED)
