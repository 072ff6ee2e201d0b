"""Context managers: what is tracked ends whatever happens, an exception is recorded once and goes on unchanged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.runs import MetricsCollector, MetricsContext
from agentgauge.runs.documents import to_document
from agentgauge.runs.models import AgentType, CodeMetrics, Status
from agentgauge.runs.tracebacks import traceback_digest
from tests.recorder.reading import events


@pytest.fixture
def gauge(tmp_path: Path) -> Iterator[agentgauge.Gauge]:
    with agentgauge.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def context(gauge: agentgauge.Gauge) -> MetricsContext:
    return MetricsContext(MetricsCollector("r-1", "171", gauge=gauge))


def _fail() -> None:
    raise ValueError("prompt: " + "x" * 300)


def test_what_is_tracked_is_completed(context: MetricsContext) -> None:
    with context.track_issue(issue_id=3) as issue:
        with context.track_agent(AgentType.CODING, issue_id=3) as agent:
            with context.track_tool_call("create_file"):
                pass
            agent.quality_score = 80
            agent.retries = 2
        issue.code_metrics = CodeMetrics(files_created=1)
        issue.extra = {"branch": "b"}
    shown = context.collector.get_issue_metrics(3)
    assert (shown.status, shown.extra) == (Status.COMPLETED, {"branch": "b"})
    assert shown.code_metrics is not None
    assert to_document(shown.code_metrics) == to_document(CodeMetrics(files_created=1))  # NaN is not equal to itself
    (coding,) = shown.agents
    assert (coding.status, coding.quality_score, coding.retries, coding.tool_usage["create_file"].calls) == (
        Status.COMPLETED, 80, 2, 1
    )  # fmt: skip


def test_an_exception_fails_all_that_it_leaves_and_is_recorded_once_where_it_came_out_first(
    context: MetricsContext,
) -> None:
    with pytest.raises(ValueError, match="prompt") as raised:
        with context.track_issue(3), context.track_agent(AgentType.CODING), context.track_tool_call("bash"):
            _fail()
    issue = context.collector.get_issue_metrics(3)
    (agent,) = issue.agents
    assert (issue.status, agent.status) == (Status.FAILED, Status.FAILED)
    assert (agent.error_type, agent.error_count) == ("ValueError", 1)
    assert agent.error_message is not None
    assert len(agent.error_message) == 200
    assert agent.tool_usage["bash"].errors == {"ValueError": 1}
    (error,) = issue.errors
    assert (error.error_type, error.agent_type, error.severity) == ("ValueError", AgentType.CODING, "error")
    assert error.extra["traceback_digest"] == traceback_digest(raised.value)


def test_the_same_exception_object_raised_again_elsewhere_is_another_error(context: MetricsContext) -> None:
    error = KeyError("one object, raised twice")
    for issue in (3, 4):
        with pytest.raises(KeyError), context.track_issue(issue), context.track_agent("coding"):
            raise error
    assert [len(context.collector.get_issue_metrics(issue).errors) for issue in (3, 4)] == [1, 1]


def test_a_digest_is_that_of_the_way_and_not_of_the_line() -> None:
    def digest_of(function: Any) -> str | None:
        try:
            function()
        except ZeroDivisionError as error:
            return traceback_digest(error)
        return None

    def first() -> None:
        1 / 0  # noqa: B018 - it is to raise

    def second() -> None:
        1 / 0  # noqa: B018 - as above

    assert digest_of(first) == digest_of(first)
    assert digest_of(first) != digest_of(second)
    assert traceback_digest(ValueError("never raised")) is None


@pytest.mark.parametrize(
    ("error", "status", "recorded"),
    [
        (TimeoutError(), Status.TIMEOUT, 1),
        (KeyboardInterrupt(), Status.INTERRUPTED, 0),
        (asyncio.CancelledError(), Status.INTERRUPTED, 0),
        (SystemExit(2), Status.FAILED, 1),
    ],
)
def test_timeouts_and_interruptions_are_told_from_failures(
    context: MetricsContext, error: BaseException, status: Status, recorded: int
) -> None:
    with pytest.raises(type(error)) as raised, context.track_issue(3), context.track_agent("coding"):
        raise error
    assert raised.value is error
    issue = context.collector.get_issue_metrics(3)
    assert (issue.status, issue.agents[0].status, issue.error_count) == (status, status, recorded)


def test_the_redaction_hook_sees_the_message_before_it_is_cut(tmp_path: Path) -> None:
    def hook(attributes: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in attributes.items() if name != "error_message"}

    with agentgauge.open(tmp_path / "home", redact=hook) as gauge:
        context = MetricsContext(MetricsCollector("r-1", gauge=gauge))
        with pytest.raises(ValueError, match="prompt"), context.track_agent("coding"):
            _fail()
    assert not any("xxx" in repr(event) for event in events(tmp_path / "home"))


def test_async_with_does_the_same(context: MetricsContext) -> None:
    async def work() -> None:
        async with context.track_issue(3):
            async with context.track_agent(AgentType.CODING, 3):
                async with context.track_tool_call("fetch"):
                    await asyncio.sleep(0)
                    raise TimeoutError("no answer")

    with pytest.raises(TimeoutError):
        asyncio.run(work())
    issue = context.collector.get_issue_metrics(3)
    assert (issue.status, issue.agents[0].status, issue.error_count) == (Status.TIMEOUT, Status.TIMEOUT, 1)


def test_what_other_code_records_inside_belongs_to_the_tool_agent_and_issue(
    tmp_path: Path, gauge: agentgauge.Gauge, context: MetricsContext
) -> None:
    with context.track_issue(3):
        with context.track_agent(AgentType.CODING) as agent:
            gauge.llm_call("gpt-4o", "openai", input_tokens=1)
            with context.track_tool_call("search") as tool:
                gauge.llm_call("gpt-4o", "openai", input_tokens=2)
        gauge.llm_call("gpt-4o", "openai", input_tokens=3)
    gauge.llm_call("gpt-4o", "openai", input_tokens=4)
    calls = {event.input_tokens: event for event in events(tmp_path / "home") if event.kind == "llm_call"}
    assert [(call.run, call.issue, call.agent, call.parent_id) for _, call in sorted(calls.items())] == [
        ("r-1", "3", "coding", agent.agent_id),
        ("r-1", "3", "coding", tool.call_id),
        ("r-1", "3", None, None),
        (None, None, None, None),
    ]
    recovered = MetricsCollector.recover("r-1", gauge=gauge)
    assert recovered.get_issue_metrics(3).agents[0].token_usage.input_tokens == 3


def test_what_the_block_finalized_itself_is_not_finalized_again(
    gauge: agentgauge.Gauge, context: MetricsContext
) -> None:
    with context.track_issue(3):
        with context.track_agent("coding"):
            context.collector.finalize_agent(success=False)
        context.collector.finalize_issue(3, Status.SKIPPED)
    issue = context.collector.get_issue_metrics(3)
    assert (issue.status, issue.agents[0].status) == (Status.SKIPPED, Status.FAILED)
    assert gauge.health().refused == {}


def test_switched_off_exceptions_still_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTGAUGE_DISABLED", "1")
    context = MetricsContext(MetricsCollector("r-1", gauge=agentgauge.open()))
    with pytest.raises(ValueError, match="prompt"), context.track_issue(3), context.track_agent("coding"):
        _fail()
