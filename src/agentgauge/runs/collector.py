"""The collector of document 000: one run, its issues and agents, and what they did.

Every verb records one event (two for what starts and ends) and returns; nothing is raised after construction. What
could not be kept as it was given is counted in `gauge.health()`. Durations are seconds, money US dollars, times
without a zone UTC.

    refused   `not open`: ended twice, or something that was never started was to end
    altered   `no agent open`: a call was recorded in no agent
              `no issue named`: several issues are open, and nothing says which of them something belongs to
              `no start`: an issue was finalized that had not been started; its start is recorded then
    dropped   `file not written`: the storage refused

Constructing one takes a fraction of a millisecond, and where the configuration names a model a quarter of a second
once per process, to load the list of prices.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

from agentgauge.events import marks
from agentgauge.events.event import to_micros
from agentgauge.interruption import is_interruption
from agentgauge.journal.losses import warn
from agentgauge.pricing import Overrides, PriceBook
from agentgauge.recorder import Gauge
from agentgauge.runs import doors, entries, open_runs, recovery
from agentgauge.runs.documents import to_document
from agentgauge.runs.incidents import Incidents
from agentgauge.runs.model_calls import Extra, ModelCalls
from agentgauge.runs.models import CodeMetrics, IssueMetrics, RunMetrics, SystemConfig, TokenUsage
from agentgauge.runs.open_work import Open
from agentgauge.runs.run_files import RunFiles, Storage
from agentgauge.runs.stream import RunStream
from agentgauge.runs.text import text_of
from agentgauge.runs.tracker import Tracker
from agentgauge.runs.words import OUTCOMES, AgentType, Status


class MetricsCollector(ModelCalls, Incidents):
    """Records one run, and shows what it adds up to. Safe to share between threads and asyncio tasks.

    Agents nest, and may be tried again: a second start of an agent type on an issue is its attempt 2. A verb that
    names no agent or issue means the innermost that is open in its thread or task, else the only one open.
    """

    recovering: Thread | None = None
    """What finalizes runs left behind, where there were any; `join()` waits for it."""
    _note: Path | None = None
    _started = 0

    def __init__(
        self,
        run_id: str,
        project_id: str | int | None = None,
        config: SystemConfig | None = None,
        *,
        storage: Storage | None = None,
        gauge: Gauge | None = None,
        pricing: PriceBook | Overrides | None = None,
        extra: Extra | None = None,
    ) -> None:
        """Starts the run.

        With `storage`, issues are saved and exported when they are finalized, and so is the run. `gauge` is the
        process-wide one by default. `pricing` is a price table of yours (such as `agentgauge.runs.PRICING`), by which
        costs are then recorded; by default calls cost what their price was at the time. Raises `PriceBookError` where
        it cannot be used, and `SettingsError` for a configuration or storage that is none.

        Runs that processes which are gone left open in the gauge's home are finalized as interrupted, in the
        background (see `recover_left_behind`).
        """
        doors.check_arguments(config, storage)
        self._set_up(run_id, project_id, config, storage, gauge, pricing)
        document = None if config is None else to_document(config)
        started = self._stream.keep("mark", {"name": marks.RUN_START}, entries.attributes(extra, config=document))
        self._started = time.time_ns() // 1000 if started is None else started.micros
        self._stream.is_open = True
        self._stream.load_prices()
        self._stream.started = started
        if started is not None:
            self._note = open_runs.note_start(self._stream.gauge, started, self._stream.run_id)
            self._files.save_start()
            self.recovering = recovery.start_in_background(self._stream.gauge, storage)

    def _set_up(
        self,
        run_id: str,
        project_id: str | int | None,
        config: SystemConfig | None,
        storage: Storage | None,
        gauge: Gauge | None,
        pricing: PriceBook | Overrides | None,
    ) -> None:
        project = doors.optional_text(project_id)
        self._stream = RunStream(text_of(run_id), project, config, gauge, pricing)
        self._tracker = Tracker(self._stream)
        self._files = RunFiles(self._stream, storage)
        self._clock = time.perf_counter_ns()

    @staticmethod
    def recover(run_id: str, *, gauge: Gauge | None = None, storage: Storage | None = None) -> RecoveredCollector:
        """The collector of a run as the stream has it, events that other code recorded into the run included.

        What was left open by processes that are gone is finalized as interrupted, at the time of the last thing that
        is known of it; recovering again, or in two processes at once, ends it once. What a living process has open
        stays open. To go on with the run, construct a collector with its id. With `storage` the files of the run are
        written. Raises `LakeError` where the home cannot be read, and `QueryError` where it has no such run.
        """
        return RecoveredCollector(run_id, gauge, storage)

    # What is open

    @property
    def run_id(self) -> str:
        return self._stream.run_id

    @property
    def gauge(self) -> Gauge:
        """What it records through."""
        return self._stream.gauge

    def is_open(self, open_id: str) -> bool:
        """Whether what a start has returned this id for has not ended yet."""
        return self._tracker.work.named(open_id) is not None

    def open_here(self) -> tuple[str, ...]:
        """Ids of what is open in this thread or task, the innermost first."""
        return tuple(known.id for known in self._tracker.work.enclosing())

    def scope_of(self, open_id: str) -> dict[str, str]:
        """The scope of what is done inside something open, for `gauge.scope(**...)`: so it belongs there."""
        opened = self._tracker.work.named(open_id)
        return {} if opened is None else self._tracker.scope_inside(opened)

    # Views

    @property
    def run_metrics(self) -> RunMetrics:
        """The run as it stands: what was recorded through this collector."""
        return self._stream.run()

    def get_issue_metrics(self, issue_id: str | int) -> IssueMetrics:
        """An issue as it stands; of one that nothing is known of, an empty one that is pending."""
        return self._stream.issue(text_of(issue_id))

    # Issues

    def start_issue(self, issue_id: str | int, *, extra: Extra | None = None, at: datetime | None = None) -> str:
        """Work on an issue begins, or begins again. Returns its id as text."""
        return self._start_issue(issue_id, extra, at).id

    def _start_issue(self, issue_id: object, extra: Extra | None, at: datetime | None) -> Open:
        name = text_of(issue_id)
        opened = self._tracker.work.find("issue", name)
        if opened is not None:
            self._tracker.work.enter(opened)  # it is open already: what follows here belongs to it
            return opened
        opened = Open("issue", name)
        self._tracker.start(marks.ISSUE_START, opened, entries.attributes(extra), at)
        return opened

    def finalize_issue(
        self,
        issue_id: str | int,
        status: Status | str = Status.COMPLETED,
        code_metrics: CodeMetrics | Mapping[str, Any] | None = None,
        *,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> None:
        """Work on an issue has ended. What is still open of it ends too: with its status where it did not succeed,
        else as interrupted, since nobody said that it went well.
        """
        name = text_of(issue_id)
        opened = self._tracker.work.find("issue", name)
        if opened is None and self.get_issue_metrics(name).end_time is None:
            self._stream.count("altered", "no start", "an issue was finalized that had not been started")
            opened = self._start_issue(name, None, at)
        opened = self._tracker.ending("issue", name)
        if opened is None:
            return
        word = text_of(status)
        self._end_all(self._tracker.work.inside(name), _status_of_rest(word), at)
        code = self._code_attributes(code_metrics)
        values = {"name": marks.ISSUE_END}
        attributes = entries.attributes(extra, status=word, **code)
        self._tracker.end("mark", opened, values, attributes, outcome=OUTCOMES.get(word), at=at)
        self._files.save_issue(name)

    def _code_attributes(self, code: CodeMetrics | Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            return entries.code_attributes(code)
        except Exception as unusable:  # whatever it is, the issue ends
            if is_interruption(unusable):
                raise
            self._stream.count("altered", "metadata left out", f"code metrics of an issue: {unusable}")
            return {}

    # Agents

    def start_agent(
        self,
        agent_type: AgentType | str,
        issue_id: str | int | None = None,
        *,
        parent_agent_id: str | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> str:
        """An agent starts, on the current issue unless one is named, inside the current agent of that issue.

        Returns the id that finalizes it.
        """
        return self._start_agent(agent_type, issue_id, parent_agent_id, extra, at).id

    def _start_agent(
        self,
        agent_type: object,
        issue_id: object,
        parent_agent_id: str | None,
        extra: Extra | None,
        at: datetime | None,
    ) -> Open:
        issue = self._tracker.issue_of(doors.optional_text(issue_id), None)
        parent = parent_agent_id
        if parent is None:
            around = self._tracker.work.agent_around(issue)
            parent = None if around is None else around.id
        name = text_of(agent_type) or "agent"
        opened = Open("agent", name, issue=issue, parent=parent, attempt=self._tracker.number(issue, "agent", name))
        self._tracker.start(marks.AGENT_START, opened, entries.attributes(extra, attempt=opened.attempt), at)
        return opened

    def finalize_agent(
        self,
        success: bool = True,
        token_usage: TokenUsage | None = None,
        retries: int | None = None,
        *,
        agent_id: str | None = None,
        issue_id: str | int | None = None,
        status: Status | str | None = None,
        quality_score: float | None = None,
        error: BaseException | str | None = None,
        error_type: str | None = None,
        error_message: str | None = None,
        extra: Extra | None = None,
        at: datetime | None = None,
    ) -> None:
        """An agent has ended: the one named, else the current one.

        `token_usage` is counted once: one that `record_token_usage` returned is in already, another is recorded now.
        `status` wins over `success`. `quality_score` is 0-100; `error` the exception that ended it, or its message.
        """
        opened = self._tracker.ending("agent", agent_id, doors.optional_text(issue_id))
        if opened is None:
            return
        if token_usage is not None:
            self._record_handed_in(token_usage, opened)
        values, digest = doors.error_values(error, error_type, error_message)
        word = doors.optional_text(status)
        outcome = values.pop("outcome", None) if word is None else OUTCOMES.get(word)
        values |= {"name": opened.name, "quality_score": doors.known(quality_score)}
        attributes = entries.attributes(extra, attempt=opened.attempt, retries=retries, status=word, **digest)
        truth = success if word is None else None
        self._tracker.end("task", opened, values, attributes, success=truth, outcome=outcome, at=at)

    # The run

    def finalize_run(
        self, status: Status | str = Status.COMPLETED, *, extra: Extra | None = None, at: datetime | None = None
    ) -> RunMetrics:
        """The run has ended, and with it, as interrupted, what is still open. Returns it as it stands.

        Where other code has recorded through the same gauge meanwhile, or the storage had files of the run when it
        started, the run is read back from the stream, a tenth of a second or more: so what integrations recorded into
        it, and what was done before it was taken up again, is in its report and its files.
        """
        if not self._stream.close():
            self._stream.count("refused", "not open", "the run was finalized before")
            return self.run_metrics
        word = text_of(status)
        self._end_all(self._tracker.work.all(), Status.INTERRUPTED, at)
        end = doors.utc(at)
        duration_ms = (time.perf_counter_ns() - self._clock) / 1e6
        if doors.is_aware(end):
            duration_ms = max(to_micros(end) - self._started, 0) / 1000
        values: dict[str, object] = {"name": marks.RUN_END, "duration_ms": duration_ms, "outcome": OUTCOMES.get(word)}
        ended = self._stream.keep("mark", values, entries.attributes(extra, status=word), at=end)
        before = run = self.run_metrics
        if self._files.were_there or self._stream.others_recorded():
            self._catch_up()
            run = self.run_metrics
        self._files.save_run(run, before)
        if ended is not None:  # else the next start ends it; the files come first, so that it writes them if need be
            open_runs.remove(self._note)
        return run

    def _catch_up(self) -> None:
        try:
            self._stream.catch_up()
        except Exception as error:  # what reading may meet is the home's trouble; what was recorded here is shown
            if is_interruption(error):
                raise
            warn("the run's report has what its collector recorded only: %s", error)

    def _end_all(self, still_open: list[Open], status: str, at: datetime | None) -> None:
        """End what nobody ended."""
        for opened in still_open:
            if not self._tracker.work.remove(opened):
                continue
            values = {"name": marks.ISSUE_END if opened.kind == "issue" else opened.name}
            number = "number" if opened.kind == "cycle" else "attempt" if opened.kind == "agent" else None
            own = {"status": status} if number is None else {"status": status, number: opened.attempt}
            attributes = entries.attributes(None, **own)
            self._tracker.end(_KINDS[opened.kind], opened, values, attributes, outcome=OUTCOMES[status], at=at)
            if opened.kind == "issue":
                self._files.save_issue(opened.id)


class RecoveredCollector(MetricsCollector):
    """The collector of a run that is read back; it starts none. Made by `MetricsCollector.recover`."""

    def __init__(self, run_id: str, gauge: Gauge | None, storage: Storage | None) -> None:
        self._set_up(run_id, None, None, storage, gauge, None)
        recovered = recovery.recover(self._stream)
        self.is_complete = recovered.is_complete
        """Whether every end that was missing could be recorded."""
        for issue, agent_type, attempt in recovered.executions:
            self._tracker.continue_from(issue, "agent", agent_type, attempt)
        run = self.run_metrics
        self._stream.project_id, self._stream.config = run.project_id, run.config
        if run.end_time is not None:
            self._files.save_run(run)
            return
        for done in run.issues.values():
            if done.end_time is not None:
                self._files.save_issue(done.issue_id)


_KINDS = {"issue": "mark", "agent": "task", "tool": "tool_call", "cycle": "debugging_cycle"}


def _status_of_rest(status: str) -> Status:
    """With what status the rest of an issue ends that ends so."""
    outcome = OUTCOMES.get(status)
    if outcome in (None, "success") or status not in _STATUSES:
        return Status.INTERRUPTED
    return Status(status)


_STATUSES = frozenset(status.value for status in Status)
