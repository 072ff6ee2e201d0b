"""The words of runs: what an agent does, where work stands, and what that means as the outcome of an event."""

from __future__ import annotations

from enum import StrEnum


class AgentType(StrEnum):
    """What an agent does in a run. Any other text is accepted wherever one of these is."""

    CODING = "coding"
    TESTING = "testing"
    PLANNING = "planning"
    REVIEW = "review"
    DEBUGGING = "debugging"
    PIPELINE = "pipeline"
    DOCUMENTATION = "documentation"
    RESEARCH = "research"
    SUPERVISOR = "supervisor"


class Status(StrEnum):
    """Where a run, an issue or an agent stands. `OUTCOMES` says what each means as the outcome of an event."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


OUTCOMES: dict[str, str | None] = {
    Status.PENDING: None,
    Status.RUNNING: None,
    Status.COMPLETED: "success",
    Status.FAILED: "failure",
    Status.TIMEOUT: "timeout",
    Status.SKIPPED: None,
    Status.CANCELLED: "interrupted",
    Status.INTERRUPTED: "interrupted",
}
"""The outcome that an event of each status has; None: it says nothing about success."""

STATUS_OF_OUTCOME: dict[str | None, Status] = {
    "success": Status.COMPLETED,
    "failure": Status.FAILED,
    "error": Status.FAILED,
    "timeout": Status.TIMEOUT,
    "interrupted": Status.INTERRUPTED,
    None: Status.COMPLETED,
}
"""The status of what ended with an outcome, where its event names no status."""

PIPELINE_OUTCOMES: dict[str, str] = {
    "success": "success",
    "successful": "success",
    "succeeded": "success",
    "passed": "success",
    "completed": "success",
    "failed": "failure",
    "failure": "failure",
    "error": "error",
    "errored": "error",
    "startup_failure": "error",
    "timeout": "timeout",
    "timed_out": "timeout",
    "canceled": "interrupted",
    "cancelled": "interrupted",
    "aborted": "interrupted",
}
"""What the statuses of GitLab, GitHub Actions and Jenkins mean; others (running, skipped, manual) have no outcome."""


def success_of(status: str) -> bool | None:
    """Whether a status is that of a success; None where it says neither."""
    outcome = OUTCOMES.get(status)
    return None if outcome is None else outcome == "success"


def status_named(text: str) -> Status | str:
    """The status of that name, or the text itself."""
    return _STATUSES.get(text, text)


def agent_type_named(text: str) -> AgentType | str:
    """The agent type of that name, or the text itself."""
    return _AGENT_TYPES.get(text, text)


_STATUSES = {status.value: status for status in Status}
_AGENT_TYPES = {agent.value: agent for agent in AgentType}
