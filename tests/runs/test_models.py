"""Models: what they derive, and the JSON documents they become and come back from."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgauge.runs.documents import from_document, to_document
from agentgauge.runs.models import (
    AgentMetrics,
    AgentType,
    CodeMetrics,
    DebuggingCycle,
    ErrorRecord,
    IssueMetrics,
    LLMConfig,
    PipelineAttempt,
    RunMetrics,
    Status,
    SystemConfig,
    TokenUsage,
    ToolUsage,
)

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=3,
)
_extra = st.dictionaries(st.text(), _json, max_size=3)
_text = st.text(max_size=8)
_real = st.just(math.nan) | st.floats(0, 1e9)
_count = st.integers(0, 2**53)
_time = st.none() | st.integers(0, 2**31).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
_usages = st.builds(TokenUsage, _count, _count, st.none() | _text, cost_usd=_real, extra=_extra)
_tools = st.dictionaries(_text, st.builds(ToolUsage, _text, _count, _count, _count, st.floats(0, 1e9)), max_size=2)
_agents = st.builds(
    AgentMetrics, _text, _text, start_time=_time, duration_seconds=_real, quality_score=_real, token_usage=_usages,
    tool_usage=_tools, extra=_extra,
)  # fmt: skip
_configs = st.none() | st.builds(
    SystemConfig, st.builds(LLMConfig, _text, temperature=st.none() | st.floats(0, 2), extra=_extra), _count
)
_issues = st.builds(
    IssueMetrics, _text, _text, config=_configs, run_start_time=_time, token_usage=_usages, tool_usage=_tools,
    code_metrics=st.none() | st.builds(CodeMetrics, _count, test_coverage_percent=_real, extra=_extra),
    agents=st.lists(_agents, max_size=2),
    pipelines=st.lists(st.builds(PipelineAttempt, _text, failed_jobs=st.lists(_text), time=_time), max_size=2),
    debugging_cycles=st.lists(st.builds(DebuggingCycle, _text, resolved=st.none() | st.booleans()), max_size=2),
    errors=st.lists(st.builds(ErrorRecord, _text, severity=st.none() | _text, extra=_extra), max_size=2),
    extra=_extra,
)  # fmt: skip
_runs = st.builds(RunMetrics, _text, config=_configs, issues=st.dictionaries(_text, _issues, max_size=2), extra=_extra)


@settings(max_examples=40)
@given(_runs)
def test_a_run_survives_its_json_document(run: RunMetrics) -> None:
    document = json.loads(json.dumps(to_document(run), allow_nan=False))
    again = from_document(RunMetrics, document)
    assert json.dumps(to_document(again)) == json.dumps(document)
    assert repr(again) == repr(run)  # NaN is not equal to itself


def test_what_a_model_does_not_know_is_kept_in_extra() -> None:
    document = {"files_created": 2, "mutation_score": 0.5, "extra": {"by": "ci"}}
    code = from_document(CodeMetrics, document)
    assert code.files_created == 2
    assert code.extra == {"mutation_score": 0.5, "by": "ci"}


def test_fields_of_a_subclass_come_back_as_itself_and_in_extra_of_the_base() -> None:
    @dataclass
    class OurCode(CodeMetrics):
        mutation_score: float = math.nan

    document = to_document(OurCode(lines_added=4, mutation_score=0.7))
    assert from_document(CodeMetrics, document).extra == {"mutation_score": 0.7}


def test_derived_values_are_written_and_not_read_back_as_extra() -> None:
    document = to_document(TokenUsage(10, 5))
    assert document["total_tokens"] == 15
    assert from_document(TokenUsage, document).extra == {}


def test_values_without_a_json_form_become_text() -> None:
    config = SystemConfig(
        extra={"path": PurePosixPath("a/b"), 3: {Status.FAILED}, "when": datetime(2026, 1, 2, tzinfo=UTC)}
    )
    assert to_document(config)["extra"] == {"path": "a/b", "3": ["failed"], "when": "2026-01-02T00:00:00+00:00"}


def test_a_time_without_zone_in_a_file_is_utc() -> None:
    read = from_document(ErrorRecord, {"error_type": "E", "time": "2026-01-02T03:04:05"})
    assert read.time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "error_type"),
        ({"error_type": "E", "time": "yesterday"}, "ErrorRecord.time"),
    ],
)
def test_a_document_that_is_no_such_model_is_told_by_field(document: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_document(ErrorRecord, document)


def test_success_rate_is_percent_of_the_issues_that_have_an_outcome() -> None:
    run = RunMetrics("r", issues_by_status={"completed": 3, "failed": 1, "running": 5, "skipped": 2})
    assert run.success_rate == 75.0
    assert run.issue_count == 11
    assert math.isnan(RunMetrics("r").success_rate)


def test_a_mean_duration_is_over_the_calls_whose_duration_is_known() -> None:
    assert ToolUsage("bash", calls=3, timed_calls=2, total_duration_seconds=5.0).mean_duration_seconds == 2.5
    assert math.isnan(ToolUsage("bash", calls=1).mean_duration_seconds)


def test_success_follows_the_status() -> None:
    stand = {status: AgentMetrics(AgentType.CODING, "a", status=status).success for status in Status}
    assert [status for status, success in stand.items() if success] == [Status.COMPLETED]
    assert [status for status, success in stand.items() if success is None] == [
        Status.PENDING, Status.RUNNING, Status.SKIPPED
    ]  # fmt: skip
