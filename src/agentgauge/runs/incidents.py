"""What happens while agents work: tool calls, pipelines, debugging cycles and errors.

Verbs of `MetricsCollector`; those that start and finalize runs, issues and agents are its own. What each belongs to is
found by `agentgauge.runs.open_work`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agentgauge.events import marks
from agentgauge.recorder.given import Money
from agentgauge.runs import doors, entries
from agentgauge.runs.model_calls import Extra
from agentgauge.runs.open_work import Open
from agentgauge.runs.stream import RunStream
from agentgauge.runs.text import text_of
from agentgauge.runs.tracker import Tracker
from agentgauge.runs.words import PIPELINE_OUTCOMES


class Incidents:
    _stream: RunStream
    _tracker: Tracker

    # Tools

    def start_tool_call(
        self,
        tool_name: str,
        *,
        agent_id: str | None = None,
        issue_id: str | int | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> str:
        """A tool is being called, by the current agent unless one is named. Returns the id that ends the call."""
        agent, issue = self._tracker.belonging(agent_id, issue_id, needs_agent=True)
        tool = text_of(tool_name)
        opened = Open(
            "tool", tool, issue=issue, agent=None if agent is None else agent.name,
            parent=None if agent is None else agent.id,
        )  # fmt: skip
        self._tracker.start(marks.TOOL_START, opened, entries.attributes(extra, tool=tool), at)
        return opened.id

    def end_tool_call(
        self,
        call_id: str,
        success: bool = True,
        error: BaseException | str | None = None,
        *,
        outcome: str | None = None,
        error_type: str | None = None,
        error_message: str | None = None,
        cost_usd: Money | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> None:
        """The call has ended. `error` is the exception that ended it, or its message; `cost_usd` what the call cost by
        itself, in USD.

        Ending it again does nothing, and is counted.
        """
        opened = self._tracker.ending("tool", call_id)
        if opened is None:
            return
        values, digest = doors.error_values(error, error_type, error_message)
        stated = outcome or values.pop("outcome", None)
        values |= {"name": opened.name, "cost_usd": cost_usd}
        attributes = entries.attributes(extra, **digest)
        self._tracker.end("tool_call", opened, values, attributes, success=success, outcome=stated, at=at)

    # Pipelines

    def record_pipeline(
        self,
        pipeline_id: str | int,
        commit_sha: str | None = None,
        status: str | None = None,
        triggered_by: str | None = None,
        execution_time_seconds: float | None = None,
        queue_time_seconds: float | None = None,
        failed_jobs: Iterable[str] | None = None,
        *,
        attempt: int | None = None,
        issue_id: str | int | None = None,
        error_type: str | None = None,
        error_message: str | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> None:
        """One attempt of a CI pipeline, for the current issue unless one is named.

        `status` is the CI system's own word (`PIPELINE_OUTCOMES` in `agentgauge.runs.words` says what it means);
        `attempt` is counted per issue and commit (without one: pipeline) unless it is given.
        """
        agent, issue = self._tracker.belonging(None, issue_id)
        name = text_of(pipeline_id)
        commit, word = doors.optional_text(commit_sha), doors.optional_text(status)
        number = self._tracker.number(issue, "pipeline", commit or name)
        attributes = entries.attributes(
            extra,
            commit_sha=commit,
            status=word,
            triggered_by=doors.optional_text(triggered_by),
            queue_time_ms=doors.milliseconds(queue_time_seconds),
            failed_jobs=doors.texts(failed_jobs),
            attempt=number if attempt is None else attempt,
        )
        values: dict[str, object] = {
            "name": name,
            "duration_ms": doors.milliseconds(execution_time_seconds),
            "outcome": None if word is None else PIPELINE_OUTCOMES.get(word.lower()),
            "error_type": doors.optional_text(error_type),
            "error_message": doors.optional_text(error_message),
        }
        self._stream.keep("pipeline", values, attributes, self._tracker.inside(agent, issue), at=doors.utc(at))

    # Debugging

    def start_debugging_cycle(
        self,
        errors: Iterable[str] | None = None,
        *,
        issue_id: str | int | None = None,
        agent_id: str | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> str:
        """A round of finding and mending `errors` begins. Returns the id that ends it."""
        agent, issue = self._tracker.belonging(agent_id, issue_id)
        opened = Open(
            "cycle", "debugging", issue=issue, agent=None if agent is None else agent.name,
            parent=None if agent is None else agent.id, attempt=self._tracker.number(issue, "cycle", ""),
        )  # fmt: skip
        attributes = entries.attributes(extra, number=opened.attempt, errors=doors.texts(errors))
        self._tracker.start(marks.DEBUGGING_START, opened, attributes, at)
        return opened.id

    def end_debugging_cycle(
        self,
        cycle_id: str | None = None,
        resolved: bool | None = None,
        resolution: str | None = None,
        attempts: int | None = None,
        *,
        errors: Iterable[str] | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> None:
        """The round has ended: the one named, else the only one open. `errors` are those found since it began.

        `resolved` says whether the errors are gone, `resolution` how; `attempts` how often it was tried.
        """
        opened = self._tracker.ending("cycle", cycle_id)
        if opened is None:
            return
        attributes = entries.attributes(
            extra,
            number=opened.attempt,
            errors=doors.texts(errors),
            attempts=attempts,
            resolution=doors.optional_text(resolution),
        )
        self._tracker.end("debugging_cycle", opened, {"name": opened.name}, attributes, success=resolved, at=at)

    # Errors

    def record_error(
        self,
        error_type: str,
        error_message: str | None = None,
        severity: str = "error",
        *,
        error_category: str | None = None,
        recovery: str | None = None,
        agent_id: str | None = None,
        issue_id: str | int | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> None:
        """Something went wrong: in the current agent and issue, where there are any.

        `severity` is critical, error, warning or info; `recovery` failed or succeeded, or a bool. Other words are kept
        as attributes. Of the message the first 200 characters are kept.
        """
        agent, issue = self._tracker.belonging(agent_id, issue_id)
        level, stated_level = doors.severity(severity)
        attempt, stated_attempt = doors.recovery(recovery)
        values: dict[str, object] = {
            "error_type": text_of(error_type),
            "error_message": doors.optional_text(error_message),
            "severity": level,
            "error_category": doors.optional_text(error_category),
            "recovery": attempt,
        }
        attributes = entries.attributes(extra, stated_severity=stated_level, stated_recovery=stated_attempt)
        self._stream.keep("error", values, attributes, self._tracker.inside(agent, issue), at=doors.utc(at))

    def record_exception(
        self,
        error: BaseException,
        severity: str = "error",
        *,
        recovery: str | None = None,
        agent_id: str | None = None,
        issue_id: str | int | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> None:
        """As `record_error`, of an exception: its type, category and message, and the digest of its traceback."""
        agent, issue = self._tracker.belonging(agent_id, issue_id)
        values, digest = doors.error_values(error, None, None)
        values.pop("outcome")
        values["severity"], stated_level = doors.severity(severity)
        values["recovery"], stated_attempt = doors.recovery(recovery)
        attributes = entries.attributes(extra, stated_severity=stated_level, stated_recovery=stated_attempt, **digest)
        self._stream.keep("error", values, attributes, self._tracker.inside(agent, issue), at=doors.utc(at))
