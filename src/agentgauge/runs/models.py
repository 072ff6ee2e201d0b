"""What a run consists of, as data: configuration, and what was seen of issues, agents, tools, pipelines and errors.

Durations are seconds, rates percent, money US dollars (float), times aware and in UTC. A number that is not known is
NaN (null in JSON), so it can be formatted and compared; a time or text that is not known is None; counts of nothing
are 0. A call that nobody knows a price of costs NaN by itself, adds nothing to a sum, and is counted in
`unpriced_calls` beside it.

Your own fields travel along into events and files in two ways. Every model that you fill has `extra`, a dict. Or
subclass it and add fields with defaults::

    @dataclass
    class OurCodeMetrics(CodeMetrics):
        mutation_score: float = math.nan

In an event both are attributes beside ours (and so dimensions of `report --by`); a model that is built from events or
from a file has them in `extra`. Statuses and agent types are members of their enums where they are one of them, else
text. JSON documents are made and read by `agentgauge.runs.documents`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from agentgauge.runs.words import AgentType, Status, success_of

__all__ = [
    "AgentMetrics",
    "AgentType",
    "CodeMetrics",
    "DebuggingCycle",
    "ErrorRecord",
    "IssueMetrics",
    "LLMConfig",
    "PipelineAttempt",
    "RunMetrics",
    "Status",
    "SystemConfig",
    "TokenUsage",
    "ToolUsage",
    "no_usage",
]


@dataclass
class LLMConfig:
    """The model that a run is made with."""

    provider: str | None = None
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class SystemConfig:
    """What a run is made with: what is compared between runs."""

    llm: LLMConfig = field(default_factory=LLMConfig)
    max_retries: int | None = None
    min_coverage_percent: float | None = None
    execution_mode: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class CodeMetrics:
    """What work on an issue changed in the code."""

    files_created: int = 0
    files_modified: int = 0
    files_deleted: int = 0
    lines_added: int = 0
    lines_deleted: int = 0
    test_coverage_percent: float = math.nan
    """0-100."""
    tests_run: int = 0
    tests_passed: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class TokenUsage:
    """Tokens and cost of one model call, or their sums over several."""

    DERIVED: ClassVar[tuple[str, ...]] = ("total_tokens",)

    input_tokens: int = 0
    """All that went in, what was read from or written to a cache included."""
    output_tokens: int = 0
    """All that came out, reasoning included."""
    model: str | None = None
    """Of a sum over several models: their names, joined by ', '."""
    provider: str | None = None
    cache_read_tokens: int = 0
    """Of the input."""
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    """Of the output."""
    cost_usd: float = math.nan
    """Of one call: NaN where no price is known. Of a sum: that of the calls with a price, 0.0 where there are none."""
    calls: int = 1
    unpriced_calls: int = 0
    """Calls whose cost is not known and not part of `cost_usd`."""
    recorded_as: str | None = None
    """Identity of its event, once recorded; by it a usage that is handed in again is known."""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens


def no_usage() -> TokenUsage:
    """The sum over no calls."""
    return TokenUsage(calls=0, cost_usd=0.0)


@dataclass
class ToolUsage:
    """All calls of one tool."""

    DERIVED: ClassVar[tuple[str, ...]] = ("mean_duration_seconds",)

    tool_name: str
    calls: int = 0
    """Calls that have ended."""
    failures: int = 0
    timed_calls: int = 0
    """Of the calls, those whose duration is known."""
    total_duration_seconds: float = 0.0
    cost_usd: float = 0.0
    """What the calls cost by themselves, as a paid search does."""
    errors: dict[str, int] = field(default_factory=dict)
    """How often each error type ended a call."""

    @property
    def mean_duration_seconds(self) -> float:
        """Over the timed calls; NaN where there are none."""
        return self.total_duration_seconds / self.timed_calls if self.timed_calls else math.nan


@dataclass
class PipelineAttempt:
    """One attempt of a CI pipeline."""

    pipeline_id: str
    commit_sha: str | None = None
    status: str | None = None
    """The CI system's own word."""
    outcome: str | None = None
    """success, failure, timeout, error, interrupted; None where `status` says none of them."""
    triggered_by: str | None = None
    attempt: int = 1
    """Counted per issue and pipeline or commit, from 1."""
    execution_time_seconds: float = math.nan
    queue_time_seconds: float = math.nan
    failed_jobs: list[str] = field(default_factory=list)
    time: datetime | None = None
    issue_id: str | None = None
    agent_type: AgentType | str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class DebuggingCycle:
    """One round of finding and mending errors."""

    cycle_id: str
    number: int = 1
    """Counted per issue, from 1."""
    status: Status | str = Status.RUNNING
    errors: list[str] = field(default_factory=list)
    attempts: int = 0
    resolution: str | None = None
    resolved: bool | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_seconds: float = math.nan
    issue_id: str | None = None
    agent_type: AgentType | str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class ErrorRecord:
    """One error."""

    error_type: str
    error_message: str | None = None
    """Its first 200 characters."""
    severity: str | None = "error"
    """critical, error, warning, info."""
    error_category: str | None = None
    recovery: str | None = None
    """failed or succeeded, where it was tried."""
    time: datetime | None = None
    issue_id: str | None = None
    agent_type: AgentType | str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class AgentMetrics:
    """One execution of an agent."""

    DERIVED: ClassVar[tuple[str, ...]] = ("success", "total_cost_usd")

    agent_type: AgentType | str
    agent_id: str
    """Its span id; `start_agent` returns it."""
    issue_id: str | None = None
    parent_agent_id: str | None = None
    """The span that it ran inside."""
    attempt: int = 1
    """Counted per issue and agent type, from 1."""
    retries: int = 0
    """As stated at its end."""
    status: Status | str = Status.RUNNING
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_seconds: float = math.nan
    quality_score: float = math.nan
    """0-100."""
    token_usage: TokenUsage = field(default_factory=no_usage)
    """Its own calls, those of agents inside it excluded."""
    tool_usage: dict[str, ToolUsage] = field(default_factory=dict)
    """By tool name."""
    error_count: int = 0
    """Errors recorded inside it."""
    error_type: str | None = None
    """What ended it."""
    error_message: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> bool | None:
        return success_of(self.status)

    @property
    def total_cost_usd(self) -> float:
        """Of model calls and tools, as far as it is known; see `token_usage.unpriced_calls`."""
        return _total_cost(self.token_usage, self.tool_usage)


@dataclass
class IssueMetrics:
    """Work on one issue. Lists hold the newest; the counts beside them count all."""

    DERIVED: ClassVar[tuple[str, ...]] = ("success", "total_cost_usd")

    issue_id: str
    run_id: str
    project_id: str | None = None
    config: SystemConfig | None = None
    """That of the run."""
    run_start_time: datetime | None = None
    status: Status | str = Status.RUNNING
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_seconds: float = math.nan
    code_metrics: CodeMetrics | None = None
    token_usage: TokenUsage = field(default_factory=no_usage)
    tool_usage: dict[str, ToolUsage] = field(default_factory=dict)
    agents: list[AgentMetrics] = field(default_factory=list)
    """In order of their start, open ones included."""
    agent_count: int = 0
    failed_agents: int = 0
    pipelines: list[PipelineAttempt] = field(default_factory=list)
    pipeline_count: int = 0
    failed_pipelines: int = 0
    debugging_cycles: list[DebuggingCycle] = field(default_factory=list)
    debugging_cycle_count: int = 0
    errors: list[ErrorRecord] = field(default_factory=list)
    error_count: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> bool | None:
        return success_of(self.status)

    @property
    def total_cost_usd(self) -> float:
        """Of model calls and tools, as far as it is known; see `token_usage.unpriced_calls`."""
        return _total_cost(self.token_usage, self.tool_usage)


@dataclass
class RunMetrics:
    """A whole run: totals over everything recorded in it, and its issues. Lists hold the newest."""

    DERIVED: ClassVar[tuple[str, ...]] = (
        "success",
        "issue_count",
        "success_rate",
        "total_tokens",
        "total_cost_usd",
        "unpriced_calls",
    )

    run_id: str
    project_id: str | None = None
    config: SystemConfig | None = None
    status: Status | str = Status.RUNNING
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_seconds: float = math.nan
    issues: dict[str, IssueMetrics] = field(default_factory=dict)
    """By issue id, in order of their start."""
    issues_by_status: dict[str, int] = field(default_factory=dict)
    """How many issues stand where, those no longer in `issues` included."""
    agents: list[AgentMetrics] = field(default_factory=list)
    """Executions outside any issue; those of issues are in `issues`."""
    agent_count: int = 0
    """All, in issues or not; so are the following."""
    failed_agents: int = 0
    token_usage: TokenUsage = field(default_factory=no_usage)
    tool_usage: dict[str, ToolUsage] = field(default_factory=dict)
    pipelines: list[PipelineAttempt] = field(default_factory=list)
    """Attempts outside any issue."""
    pipeline_count: int = 0
    failed_pipelines: int = 0
    debugging_cycles: list[DebuggingCycle] = field(default_factory=list)
    """Cycles outside any issue."""
    debugging_cycle_count: int = 0
    errors: list[ErrorRecord] = field(default_factory=list)
    """Errors outside any issue."""
    error_count: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> bool | None:
        return success_of(self.status)

    @property
    def issue_count(self) -> int:
        return sum(self.issues_by_status.values())

    @property
    def success_rate(self) -> float:
        """Percent of the issues with an outcome that succeeded; NaN where there are none."""
        known = {status: n for status, n in self.issues_by_status.items() if success_of(status) is not None}
        total = sum(known.values())
        return 100.0 * known.get(Status.COMPLETED, 0) / total if total else math.nan

    @property
    def total_tokens(self) -> int:
        return self.token_usage.total_tokens

    @property
    def total_cost_usd(self) -> float:
        """Of model calls and tools, as far as it is known; see `unpriced_calls`."""
        return _total_cost(self.token_usage, self.tool_usage)

    @property
    def unpriced_calls(self) -> int:
        return self.token_usage.unpriced_calls


def _total_cost(usage: TokenUsage, tools: dict[str, ToolUsage]) -> float:
    return math.fsum([usage.cost_usd, *(tool.cost_usd for tool in tools.values())])
