"""The collector's verbs: what they record in the stream, what the views show, and that none of them raises."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.errors import PriceBookError
from agentgauge.events import Event
from agentgauge.runs import PRICING, MetricsCollector, MetricsStorage
from agentgauge.runs.models import (
    AgentType,
    CodeMetrics,
    IssueMetrics,
    LLMConfig,
    RunMetrics,
    Status,
    SystemConfig,
    TokenUsage,
)
from tests.recorder.reading import events

_CONFIG = SystemConfig(llm=LLMConfig(provider="deepseek", model="deepseek-chat", temperature=0.7), max_retries=3)
_OCTOBER = datetime(2025, 10, 3, 15, tzinfo=UTC)


@pytest.fixture
def gauge(tmp_path: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def collector(gauge: agentgauge.Gauge) -> MetricsCollector:
    return MetricsCollector("r-1", "171", _CONFIG, gauge=gauge)


def _recorded(tmp_path: Path) -> list[Event]:
    return events(tmp_path / "home")


def _one(tmp_path: Path, kind: str, name: str | None = None) -> Event:
    (found,) = [event for event in _recorded(tmp_path) if event.kind == kind and name in (None, event.name)]
    return found


# What is recorded


def test_names_at_the_door_are_columns_of_the_stream(tmp_path: Path, collector: MetricsCollector) -> None:
    collector.start_issue(3)
    agent_id = collector.start_agent(AgentType.CODING, issue_id=3)
    collector.record_token_usage(1500, 800)
    collector.finalize_agent(success=True, quality_score=90)
    call, task = _one(tmp_path, "llm_call"), _one(tmp_path, "task")
    for event in (call, task):
        assert (event.run, event.project, event.issue, event.agent, event.role) == (
            "r-1", "171", "3", "coding", "coding"
        )  # fmt: skip
    assert (task.name, task.span_id, task.outcome, task.quality_score) == ("coding", agent_id, "success", 90)
    assert call.parent_id == agent_id
    assert (call.model, call.provider) == ("deepseek-chat", "deepseek")


def test_the_start_of_a_run_states_its_configuration(tmp_path: Path, collector: MetricsCollector) -> None:
    started = _one(tmp_path, "mark", "run_start")
    assert started.attributes is not None
    assert started.attributes["config"]["llm"]["temperature"] == 0.7
    assert collector.run_metrics.config == _CONFIG


def test_code_metrics_and_users_own_fields_are_attributes_and_come_back(
    tmp_path: Path, collector: MetricsCollector
) -> None:
    collector.start_issue(3, extra={"title": "cart", "status": "urgent"})
    code = CodeMetrics(files_created=3, test_coverage_percent=85.0, extra={"mutation_score": 0.7})
    collector.finalize_issue(3, Status.COMPLETED, code_metrics=code, extra={"branch": "b"})
    ended = _one(tmp_path, "mark", "issue_end")
    assert ended.attributes is not None
    assert ended.attributes["files_created"] == 3
    assert ended.attributes["mutation_score"] == 0.7
    issue = collector.get_issue_metrics(3)
    assert issue.code_metrics == code
    assert issue.extra == {"title": "cart", "status": "urgent", "branch": "b"}


def test_a_pipeline_keeps_every_attempt_with_what_the_ci_system_said(collector: MetricsCollector) -> None:
    collector.start_issue(3)
    collector.record_pipeline(11, "abc", "failed", "coding", 60.0, queue_time_seconds=5.5, failed_jobs=["lint", "test"])
    collector.record_pipeline(12, "abc", "success", "coding", 125.5)
    collector.record_pipeline(13, "def", "running")
    first, second, third = collector.get_issue_metrics(3).pipelines
    assert (first.pipeline_id, first.attempt, first.outcome, first.failed_jobs) == (
        "11",
        1,
        "failure",
        ["lint", "test"],
    )
    assert (first.execution_time_seconds, first.queue_time_seconds) == (60.0, 5.5)
    assert (second.attempt, second.status, second.outcome) == (2, "success", "success")
    assert (third.attempt, third.outcome) == (1, None)
    assert math.isnan(third.queue_time_seconds)
    assert collector.run_metrics.failed_pipelines == 1


def test_a_debugging_cycle_has_its_errors_attempts_and_resolution(collector: MetricsCollector) -> None:
    collector.start_issue(3)
    cycle = collector.start_debugging_cycle(["TypeError"], issue_id=3)
    collector.end_debugging_cycle(cycle, resolved=True, resolution="a cast", attempts=2, errors=["KeyError"])
    collector.start_debugging_cycle("ImportError")
    done, still = collector.get_issue_metrics(3).debugging_cycles
    assert (done.number, done.errors, done.attempts) == (1, ["TypeError", "KeyError"], 2)
    assert (done.resolved, done.resolution, done.status) == (True, "a cast", Status.COMPLETED)
    assert (still.number, still.status, still.resolved) == (2, Status.RUNNING, None)


def test_tools_are_summed_by_name_with_their_failures(collector: MetricsCollector) -> None:
    collector.start_issue(3)
    collector.start_agent(AgentType.CODING)
    start = datetime(2026, 1, 2, 3, 4, 5)  # naive: UTC  # noqa: DTZ001 - that is what is tested
    for seconds, success in ((2, True), (4, False)):
        call = collector.start_tool_call("bash", at=start)
        collector.end_tool_call(
            call,
            success,
            error_type=None if success else "ExitStatus",
            cost_usd="0.25",
            at=start + timedelta(seconds=seconds),
        )
    (agent,) = collector.get_issue_metrics(3).agents
    bash = agent.tool_usage["bash"]
    assert (bash.calls, bash.failures, bash.errors) == (2, 1, {"ExitStatus": 1})
    assert (bash.total_duration_seconds, bash.mean_duration_seconds) == (6.0, 3.0)
    assert collector.run_metrics.total_cost_usd == 0.5


# Money


@pytest.mark.parametrize("model", sorted(PRICING))
def test_document_000s_models_are_priced_by_default_on_its_day(collector: MetricsCollector, model: str) -> None:
    collector.start_agent(AgentType.CODING)
    usage = collector.record_token_usage(1_000_000, 1_000_000, model=model, at=_OCTOBER)
    assert usage.cost_usd > 0
    assert usage.unpriced_calls == 0


def test_a_price_table_of_ones_own_is_written_into_the_events(tmp_path: Path, gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector("r-1", config=_CONFIG, gauge=gauge, pricing=PRICING)
    collector.start_agent(AgentType.CODING)
    usage = collector.record_token_usage(input_tokens=1500, output_tokens=800, model="deepseek-chat")
    call = _one(tmp_path, "llm_call")
    assert call.cost_usd == Decimal("0.000434")
    assert call.cost_source == "computed"
    assert call.price_version
    assert usage.cost_usd == collector.run_metrics.total_cost_usd == 0.000434


def test_by_default_the_lake_prices_and_events_name_no_cost(tmp_path: Path, collector: MetricsCollector) -> None:
    collector.start_agent(AgentType.CODING)
    usage = collector.record_token_usage(1500, 800, at=_OCTOBER)
    assert _one(tmp_path, "llm_call").cost_usd is None
    assert collector.run_metrics.total_cost_usd == usage.cost_usd > 0


def test_what_a_provider_billed_is_taken(tmp_path: Path, collector: MetricsCollector) -> None:
    collector.start_agent(AgentType.CODING)
    assert collector.record_token_usage(10, 5, cost_usd=0.1).cost_usd == 0.1
    assert _one(tmp_path, "llm_call").cost_source == "reported"


def test_the_prices_of_the_gauges_own_home_hold(tmp_path: Path, gauge: agentgauge.Gauge) -> None:
    prices = '[[price]]\nmodel = "our-own-model"\ninput = 2\noutput = 4\n'
    (tmp_path / "home" / "prices.toml").write_text(prices)
    collector = MetricsCollector("r-1", gauge=gauge)
    collector.start_agent(AgentType.CODING)
    assert collector.record_token_usage(500_000, 250_000, "our-own-model").cost_usd == 2.0
    assert MetricsCollector.recover("r-1", gauge=gauge).run_metrics.total_cost_usd == 2.0


def test_a_price_file_that_cannot_be_read_costs_only_its_prices(tmp_path: Path, gauge: agentgauge.Gauge) -> None:
    (tmp_path / "home" / "prices.toml").write_text("no toml")
    collector = MetricsCollector("r-1", gauge=gauge)
    collector.start_agent(AgentType.CODING)
    assert collector.record_token_usage(1000, 100, "gpt-4", at=_OCTOBER).cost_usd > 0


def test_an_unknown_model_is_unpriced_and_counted_beside_the_sum(collector: MetricsCollector) -> None:
    collector.start_agent(AgentType.CODING)
    usage = collector.record_token_usage(10, 5, model="our-own-model")
    assert math.isnan(usage.cost_usd)
    run = collector.run_metrics
    assert (run.total_cost_usd, run.unpriced_calls, run.total_tokens) == (0.0, 1, 15)


def test_overrides_that_cannot_be_used_are_said_at_construction(gauge: agentgauge.Gauge) -> None:
    with pytest.raises(PriceBookError):
        MetricsCollector("r-1", gauge=gauge, pricing={"m": {"input": -1, "output": 1}})


# A usage counts once


def test_a_usage_recorded_and_handed_in_is_counted_once(tmp_path: Path, collector: MetricsCollector) -> None:
    collector.start_issue(3)
    collector.start_agent(AgentType.CODING)
    usage = collector.record_token_usage(1500, 800)
    collector.finalize_agent(success=True, token_usage=usage)
    assert collector.run_metrics.token_usage.calls == 1
    assert len([event for event in _recorded(tmp_path) if event.kind == "llm_call"]) == 1


def test_what_is_handed_in_and_names_no_tokens_is_no_call(collector: MetricsCollector) -> None:
    collector.start_agent("coding")
    collector.finalize_agent(token_usage="usage")  # type: ignore[arg-type]
    assert collector.run_metrics.token_usage.calls == 0
    assert collector.gauge.health().refused == {"unusable value": 1}


def test_a_usage_never_recorded_is_recorded_when_handed_in_and_then_known(collector: MetricsCollector) -> None:
    usage = TokenUsage(1500, 800, cost_usd=0.02)
    for _ in range(2):
        collector.start_agent(AgentType.CODING, issue_id=3)
        collector.finalize_agent(success=True, token_usage=usage)
    issue = collector.get_issue_metrics(3)
    assert (issue.token_usage.calls, issue.token_usage.input_tokens, issue.total_cost_usd) == (1, 1500, 0.02)
    assert [agent.token_usage.calls for agent in issue.agents] == [1, 0]


# Agents


def test_agents_nest_and_each_has_its_own_calls(collector: MetricsCollector) -> None:
    collector.start_issue(3)
    outer = collector.start_agent(AgentType.PLANNING)
    collector.record_token_usage(100, 10)
    inner = collector.start_agent(AgentType.CODING)
    collector.record_token_usage(200, 20)
    collector.finalize_agent()
    collector.record_token_usage(300, 30)
    collector.finalize_agent()
    planning, coding = collector.get_issue_metrics(3).agents
    assert (planning.agent_id, coding.agent_id, coding.parent_agent_id) == (outer, inner, outer)
    assert (planning.token_usage.input_tokens, coding.token_usage.input_tokens) == (400, 200)
    assert collector.get_issue_metrics(3).token_usage.input_tokens == 600


def test_a_second_start_of_an_agent_type_on_an_issue_is_its_second_attempt(collector: MetricsCollector) -> None:
    for success in (False, True):
        collector.start_agent(AgentType.CODING, issue_id=3)
        collector.finalize_agent(success=success, retries=1)
    collector.start_agent(AgentType.CODING, issue_id=4)
    three = collector.get_issue_metrics(3)
    assert [(agent.attempt, agent.success, agent.retries) for agent in three.agents] == [(1, False, 1), (2, True, 1)]
    assert (three.agent_count, three.failed_agents) == (2, 1)
    assert collector.get_issue_metrics(4).agents[0].attempt == 1


def test_any_text_is_an_agent_type(collector: MetricsCollector) -> None:
    collector.start_agent("security audit", issue_id=3)
    collector.finalize_agent()
    assert collector.get_issue_metrics(3).agents[0].agent_type == "security audit"


def test_between_two_agents_it_is_never_guessed(gauge: agentgauge.Gauge, collector: MetricsCollector) -> None:
    import contextvars

    for issue in (3, 4):
        contextvars.copy_context().run(collector.start_agent, AgentType.CODING, issue)
    collector.record_token_usage(100, 10)
    assert [agent.token_usage.calls for issue in (3, 4) for agent in collector.get_issue_metrics(issue).agents] == [
        0,
        0,
    ]
    assert collector.run_metrics.token_usage.calls == 1
    assert gauge.health().altered == {"no agent open": 1}


def test_an_agent_named_by_its_id_has_what_is_recorded_after_its_end_too(collector: MetricsCollector) -> None:
    agent_id = collector.start_agent(AgentType.CODING, issue_id=3)
    collector.finalize_agent(agent_id=agent_id)
    collector.start_issue(4)
    collector.record_token_usage(100, 10, agent_id=agent_id)
    assert collector.get_issue_metrics(3).agents[0].token_usage.input_tokens == 100


def test_where_several_issues_are_open_and_none_is_meant_the_error_is_the_runs(
    gauge: agentgauge.Gauge, collector: MetricsCollector
) -> None:
    import contextvars

    for issue in (3, 4):
        contextvars.copy_context().run(collector.start_issue, issue)
    collector.record_error("E", "whose?")
    assert [error.error_message for error in collector.run_metrics.errors] == ["whose?"]
    assert gauge.health().altered == {"no issue named": 1}


def test_starting_an_open_issue_again_only_makes_it_the_current_one(
    tmp_path: Path, collector: MetricsCollector
) -> None:
    for issue in (3, 4, 3):
        collector.start_issue(issue)
    collector.record_error("E")
    assert collector.open_here() == ("3", "4")
    assert collector.get_issue_metrics(3).error_count == 1
    assert len([event for event in _recorded(tmp_path) if event.name == "issue_start"]) == 2


# Ends


def test_what_is_open_of_an_issue_that_failed_fails_with_it(collector: MetricsCollector) -> None:
    collector.start_issue(3)
    collector.start_agent(AgentType.CODING)
    collector.start_tool_call("bash")
    collector.finalize_issue(3, Status.FAILED)
    issue = collector.get_issue_metrics(3)
    assert (issue.status, issue.agents[0].status) == (Status.FAILED, Status.FAILED)
    assert issue.tool_usage["bash"].failures == 1


def test_what_is_open_of_an_issue_that_succeeded_is_interrupted(collector: MetricsCollector) -> None:
    collector.start_issue(3)
    collector.start_agent(AgentType.CODING)
    collector.finalize_issue(3, Status.COMPLETED)
    assert collector.get_issue_metrics(3).agents[0].status is Status.INTERRUPTED


def test_finalizing_a_run_interrupts_what_is_open(collector: MetricsCollector) -> None:
    collector.start_issue(3)
    collector.start_issue(4)
    collector.finalize_issue(3, Status.COMPLETED)
    collector.start_agent(AgentType.REVIEW)
    run = collector.finalize_run(Status.FAILED)
    assert run.status is Status.FAILED
    assert run.issues_by_status == {"completed": 1, "interrupted": 1}
    assert run.success_rate == 50.0
    assert run.issues["4"].agents[0].status is Status.INTERRUPTED
    assert run.duration_seconds > 0


def test_finalizing_twice_does_nothing_and_is_counted(
    tmp_path: Path, gauge: agentgauge.Gauge, collector: MetricsCollector
) -> None:
    collector.start_issue(3)
    agent_id = collector.start_agent(AgentType.CODING)
    tool = collector.start_tool_call("bash")
    for _ in range(2):
        collector.end_tool_call(tool)
        collector.finalize_agent(agent_id=agent_id)
        collector.finalize_issue(3)
        collector.finalize_run()
    assert gauge.health().refused == {"not open": 4}
    names = Counter((event.kind, event.name) for event in _recorded(tmp_path))
    assert all(
        names[of] == 1 for of in (("task", "coding"), ("tool_call", "bash"), ("mark", "issue_end"), ("mark", "run_end"))
    )


def test_an_issue_finalized_without_a_start_starts_now(gauge: agentgauge.Gauge, collector: MetricsCollector) -> None:
    collector.finalize_issue(9, Status.SKIPPED)
    issue = collector.get_issue_metrics(9)
    assert (issue.status, issue.success) == (Status.SKIPPED, None)
    assert issue.start_time is not None
    assert gauge.health().altered == {"no start": 1}


def test_an_issue_may_be_taken_up_again(collector: MetricsCollector) -> None:
    start = datetime(2026, 1, 2, tzinfo=UTC)
    for hours, status in ((1, Status.FAILED), (5, Status.COMPLETED)):
        collector.start_issue(3, at=start + timedelta(hours=hours))
        collector.finalize_issue(3, status, at=start + timedelta(hours=hours + 1))
    issue = collector.get_issue_metrics(3)
    assert (issue.status, issue.duration_seconds) == (Status.COMPLETED, 7200.0)
    assert collector.run_metrics.issues_by_status == {"completed": 1}


def test_an_issue_that_nothing_is_known_of_is_pending(collector: MetricsCollector) -> None:
    issue = collector.get_issue_metrics(77)
    assert (issue.status, issue.issue_id, issue.run_id, issue.start_time) == (Status.PENDING, "77", "r-1", None)


# Nothing raises


class _Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __eq__ = __bool__ = __hash__ = __len__ = __str__  # type: ignore[assignment]


@pytest.mark.parametrize(
    "odd", [None, "", -1, 3.5, math.nan, math.inf, b"x", [], {}, object(), _Unspeakable(), "\ud800"]
)
def test_no_verb_raises_whatever_it_is_given(gauge: agentgauge.Gauge, odd: object) -> None:
    collector = MetricsCollector(odd, odd, gauge=gauge)  # type: ignore[arg-type]
    given: dict[str, object] = {"extra": {"odd": odd}}
    collector.start_issue(odd, **given)  # type: ignore[arg-type]
    collector.start_agent(odd, odd, **given)  # type: ignore[arg-type]
    collector.end_tool_call(collector.start_tool_call(odd), odd, odd)  # type: ignore[arg-type]
    collector.end_tool_call(odd)  # type: ignore[arg-type]
    collector.record_token_usage(odd, odd, odd, provider=odd, cost_usd=odd, duration_seconds=odd, at=odd)  # type: ignore[arg-type]
    collector.record_token_usage(5, 5, reasoning_tokens=odd, tier=odd, agent_id=odd)  # type: ignore[arg-type]
    collector.record_pipeline(odd, odd, odd, odd, odd, odd, odd)  # type: ignore[arg-type]
    collector.end_debugging_cycle(collector.start_debugging_cycle(odd), odd, odd, odd)  # type: ignore[arg-type]
    collector.record_error(odd, odd, odd, recovery=odd)  # type: ignore[arg-type]
    collector.finalize_agent(odd, odd, odd, quality_score=odd, error=odd)  # type: ignore[arg-type]
    collector.finalize_issue(odd, odd, at=odd)  # type: ignore[arg-type]
    collector.get_issue_metrics(odd)  # type: ignore[arg-type]
    assert isinstance(collector.finalize_run(odd), RunMetrics)  # type: ignore[arg-type]


class _NoZone(tzinfo):
    def utcoffset(self, moment: datetime | None) -> timedelta:
        raise RuntimeError("no zone")

    dst = tzname = utcoffset  # type: ignore[assignment]


def test_a_time_zone_that_raises_costs_the_event_and_nothing_else(
    gauge: agentgauge.Gauge, collector: MetricsCollector
) -> None:
    odd = datetime(2026, 1, 2, tzinfo=_NoZone())
    collector.start_issue(3, at=odd)
    collector.record_token_usage(1, 1, at=odd)
    collector.finalize_issue(3, at=odd)
    collector.finalize_run(at=odd)
    assert gauge.health().refused == {"unusable value": 4}


def test_switched_off_every_verb_works_and_does_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGENTGAUGE_DISABLED", "1")
    monkeypatch.chdir(tmp_path)
    collector = MetricsCollector(
        "r-1", "171", _CONFIG, gauge=agentgauge.open(tmp_path / "home"), storage=MetricsStorage()
    )
    collector.start_issue(3)
    collector.start_agent(AgentType.CODING)
    usage = collector.record_token_usage(10, 5)
    assert (usage.total_tokens, usage.unpriced_calls) == (15, 1)
    collector.finalize_agent(token_usage=usage)
    collector.finalize_issue(3)
    assert collector.finalize_run().token_usage.calls == 0
    assert list(tmp_path.iterdir()) == []


def test_kept_from_the_disk_the_views_work_and_no_file_is_touched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "false")
    monkeypatch.chdir(tmp_path)
    collector = MetricsCollector("r-1", gauge=agentgauge.open(tmp_path / "home"), storage=MetricsStorage())
    collector.start_issue(3)
    collector.finalize_issue(3)
    assert collector.finalize_run().issues_by_status == {"completed": 1}
    assert list(tmp_path.iterdir()) == []


# Files


def test_with_a_storage_issues_and_run_are_saved_as_they_are_finalized(tmp_path: Path, gauge: agentgauge.Gauge) -> None:
    storage = MetricsStorage(tmp_path / "logs")
    collector = MetricsCollector("r-1", gauge=gauge, storage=storage)
    collector.start_issue(3)
    collector.start_issue(4)
    collector.finalize_issue(3)
    assert (tmp_path / "logs/runs/r-1/issues/issue_3_report.json").exists()
    assert "r-1,3," in (tmp_path / "logs/csv/issues.csv").read_text()
    collector.finalize_run(Status.COMPLETED)
    assert (tmp_path / "logs/runs/r-1/issues/issue_4_report.json").exists()
    assert storage.load_run("r-1").issues_by_status == {"completed": 1, "interrupted": 1}


class _FullDisk:
    def has_run(self, run_id: str) -> bool:
        return False

    def save_metadata(self, run: RunMetrics) -> None:
        pass

    def save_issue_metrics(self, run_id: str, issue: IssueMetrics) -> None:
        raise OSError(28, "No space left on device")

    def export_issue_to_csv(self, run_id: str, issue: IssueMetrics) -> None:
        raise OSError(28, "No space left on device")

    def save_run_final(self, run: RunMetrics) -> None:
        raise ValueError("something else")

    def export_run_to_csv(self, run: RunMetrics) -> None:
        pass


def test_a_storage_that_fails_is_counted_and_never_raises(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector("r-1", gauge=gauge, storage=_FullDisk())
    collector.start_issue(3)
    collector.finalize_issue(3)
    collector.finalize_run()
    assert gauge.health().dropped == {"file not written": 3}


# Bounds


def test_the_views_of_a_long_run_stay_small_and_count_everything(collector: MetricsCollector) -> None:
    collector.start_issue(3)
    for n in range(450):
        collector.start_agent(AgentType.CODING)
        collector.record_error("E", f"number {n}")
        collector.record_pipeline(n, status="failed")
        collector.finalize_agent(success=n % 2 == 0)
    issue = collector.get_issue_metrics(3)
    assert [len(of) for of in (issue.agents, issue.errors, issue.pipelines)] == [200, 200, 200]
    assert issue.agents[-1].attempt == 450
    assert issue.errors[-1].error_message == "number 449"
    assert (issue.agent_count, issue.failed_agents, issue.error_count, issue.failed_pipelines) == (450, 225, 450, 450)


def test_ended_issues_beyond_the_newest_stay_in_the_totals(collector: MetricsCollector) -> None:
    for n in range(520):
        collector.start_issue(n)
        collector.start_agent(AgentType.CODING)
        collector.record_token_usage(10, 1)
        collector.finalize_agent()
        collector.finalize_issue(n, Status.COMPLETED if n % 4 else Status.FAILED)
    run = collector.run_metrics
    assert len(run.issues) == 500
    assert (run.issue_count, run.agent_count, run.total_tokens) == (520, 520, 5720)
    assert run.success_rate == 75.0


# What it cannot be made with, and what an issue cannot end with


def test_code_metrics_may_be_a_mapping_and_nonsense_leaves_the_issue_ended(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector("r-1", gauge=gauge)
    for issue, code in ((1, {"lines_added": 5, "reviewers": 2}), (2, "five lines"), (3, {"lines_added": "five"})):
        collector.start_issue(issue)
        collector.finalize_issue(issue, code_metrics=code)  # type: ignore[arg-type]
    found = [collector.get_issue_metrics(issue) for issue in (1, 2)]
    assert [issue.status for issue in found] == [Status.COMPLETED, Status.COMPLETED]
    assert found[0].code_metrics is not None
    assert (found[0].code_metrics.lines_added, found[0].code_metrics.extra) == (5, {"reviewers": 2})
    assert found[1].code_metrics is None
    assert gauge.health().altered["metadata left out"] >= 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"config": {}}, "config is of SystemConfig, got dict"),
        ({"config": SystemConfig(llm="claude")}, "llm of the config is of LLMConfig, got str"),  # type: ignore[arg-type]
        ({"storage": "logs"}, "storage is of MetricsStorage, got str"),
        ({"pricing": 5}, "prices are a TOML file or a mapping by model, got int"),
    ],
)
def test_what_a_collector_cannot_be_made_with_is_said(
    gauge: agentgauge.Gauge, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        MetricsCollector("r-1", gauge=gauge, **given)


def test_an_issue_that_only_an_agent_named_is_pending_and_not_left_running(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector("r-1", gauge=gauge)
    collector.start_agent("coding", issue_id=5)
    collector.finalize_agent()
    run = collector.finalize_run()
    assert run.issues_by_status == {"pending": 1}
    assert run.issues["5"].agent_count == 1
