"""Context managers around a collector: what is tracked ends, whatever happens in the block.

An exception makes what is tracked fail (a timeout, or an interruption, where it is that), is recorded as an error once,
where it comes out first, and goes on to the caller unchanged. Kept of it are its type, the first 200 characters of its
message that the gauge's redaction hook leaves, and the digest of its traceback (see `agentgauge.runs.tracebacks`), as
the attribute `traceback_digest`.

Inside a block the gauge's scope is set too: what other code records through the same gauge, an integration for one,
belongs to the run and the issue, and to the agent or tool.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from agentgauge.errors import BudgetExceeded
from agentgauge.recorder.failure import failure_of
from agentgauge.recorder.given import Money
from agentgauge.runs.collector import MetricsCollector
from agentgauge.runs.model_calls import Extra
from agentgauge.runs.models import CodeMetrics, TokenUsage
from agentgauge.runs.words import STATUS_OF_OUTCOME, AgentType, Status

_SEEN = "__agentgauge_recorded_in__"
"""Where an exception keeps what it was open in when it was recorded: what encloses it does not record it again."""


class MetricsContext:
    """Makes the context managers of one collector. Each is entered once, with `with` or `async with`."""

    def __init__(self, collector: MetricsCollector) -> None:
        self.collector = collector

    def track_issue(self, issue_id: str | int, *, extra: Extra | None = None) -> TrackedIssue:
        """Work on an issue, completed when the block ends."""
        return TrackedIssue(self.collector, issue_id, extra)

    def track_agent(
        self, agent_type: AgentType | str, issue_id: str | int | None = None, *, extra: Extra | None = None
    ) -> TrackedAgent:
        """One execution of an agent, on the current issue unless one is named."""
        return TrackedAgent(self.collector, agent_type, issue_id, extra)

    def track_tool_call(self, tool_name: str, *, extra: Extra | None = None) -> TrackedToolCall:
        """One call of a tool, by the current agent."""
        return TrackedToolCall(self.collector, tool_name, extra)


class _Tracked(ABC):
    """What the three have in common: when the block begins and ends."""

    def __init__(self, collector: MetricsCollector, extra: Extra | None) -> None:
        self._collector = collector
        self._scope: AbstractContextManager[None] | None = None
        self._id = ""
        self.extra: Extra | None = extra
        """Your own fields of the event of its end; may be set in the block."""

    @abstractmethod
    def _start(self) -> str: ...

    @abstractmethod
    def _end(self, error: BaseException | None) -> None: ...

    def __enter__(self) -> Self:
        self._id = self._start()
        self._scope = self._collector.gauge.scope(**self._collector.scope_of(self._id))
        self._scope.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._scope is None:
            return
        scope, self._scope = self._scope, None
        scope.__exit__(None, None, None)
        if error is not None and failure_of(error)["outcome"] != "interrupted" and self._is_new(error):
            self._collector.record_exception(error)
        if self._collector.is_open(self._id):  # unless the block has finalized it
            try:
                self._end(error)
            except BudgetExceeded:
                if error is None:  # else it would hide what ended the block
                    raise

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def _is_new(self, error: BaseException) -> bool:
        """Whether the exception was not recorded on its way here. An exception object may be raised many times."""
        run = self._collector.run_id
        noted = vars(error)
        if (run, self._id) in noted.get(_SEEN, ()):
            return False
        noted[_SEEN] = frozenset((run, name) for name in self._collector.open_here())
        return True


class TrackedIssue(_Tracked):
    def __init__(self, collector: MetricsCollector, issue_id: str | int, extra: Extra | None) -> None:
        super().__init__(collector, extra)
        self.issue_id = issue_id
        self.status: Status | str = Status.COMPLETED
        """With which it ends where nothing is raised; may be set in the block, as the following."""
        self.code_metrics: CodeMetrics | None = None

    def _start(self) -> str:
        return self._collector.start_issue(self.issue_id)

    def _end(self, error: BaseException | None) -> None:
        status = self.status if error is None else STATUS_OF_OUTCOME[str(failure_of(error)["outcome"])]
        self._collector.finalize_issue(self.issue_id, status, self.code_metrics, extra=self.extra)


class TrackedAgent(_Tracked):
    def __init__(
        self, collector: MetricsCollector, agent_type: AgentType | str, issue_id: str | int | None, extra: Extra | None
    ) -> None:
        super().__init__(collector, extra)
        self.agent_type = agent_type
        self.issue_id = issue_id
        self.success = True
        """Whether it ends well where nothing is raised; may be set in the block, as the following."""
        self.token_usage: TokenUsage | None = None
        self.retries: int | None = None
        self.quality_score: float | None = None
        """0-100."""

    @property
    def agent_id(self) -> str:
        """Its span id, once entered."""
        return self._id

    def _start(self) -> str:
        return self._collector.start_agent(self.agent_type, self.issue_id)

    def _end(self, error: BaseException | None) -> None:
        self._collector.finalize_agent(
            self.success, self.token_usage, self.retries,
            agent_id=self._id, quality_score=self.quality_score, error=error, extra=self.extra,
        )  # fmt: skip


class TrackedToolCall(_Tracked):
    def __init__(self, collector: MetricsCollector, tool_name: str, extra: Extra | None) -> None:
        super().__init__(collector, extra)
        self.tool_name = tool_name
        self.success = True
        """Whether it ends well where nothing is raised; may be set in the block, as the following."""
        self.cost_usd: Money | None = None
        """What the call cost by itself."""

    @property
    def call_id(self) -> str:
        """Its span id, once entered."""
        return self._id

    def _start(self) -> str:
        return self._collector.start_tool_call(self.tool_name)

    def _end(self, error: BaseException | None) -> None:
        self._collector.end_tool_call(self._id, self.success, error, cost_usd=self.cost_usd, extra=self.extra)
