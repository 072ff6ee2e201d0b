"""The models that show what a `RunFold` holds, made when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable

from agentgauge.events import Event
from agentgauge.runs import entries
from agentgauge.runs.fold import Execution, RunFold, Work
from agentgauge.runs.lifecycle import Lifecycle
from agentgauge.runs.models import (
    AgentMetrics,
    DebuggingCycle,
    ErrorRecord,
    IssueMetrics,
    PipelineAttempt,
    RunMetrics,
    SystemConfig,
)
from agentgauge.runs.words import AgentType, Status, agent_type_named


def run_view(fold: RunFold, project_id: str | None = None, config: SystemConfig | None = None) -> RunMetrics:
    """The whole run. `project_id` and `config` are shown where the events say none."""
    life, outside, counts, share = fold.life, fold.outside, fold.counts, fold.share
    config = entries.config_of(life.started) or config
    project = fold.project or project_id
    issues = {name: issue_view(fold, name, project, config) for name in _in_order(fold.issues.by_id.items())}
    return RunMetrics(
        run_id=fold.run_id,
        project_id=project,
        config=config,
        status=life.status,
        start_time=life.start_time,
        end_time=life.end_time,
        duration_seconds=life.duration_seconds,
        issues=issues,
        issues_by_status=dict(sorted(fold.statuses.items())),
        agents=_agents(outside),
        agent_count=counts["agents"],
        failed_agents=counts["failed_agents"],
        token_usage=share.usage.view(),
        tool_usage=share.tool_usage(),
        pipelines=_pipelines(outside),
        pipeline_count=counts["pipelines"],
        failed_pipelines=counts["failed_pipelines"],
        debugging_cycles=_cycles(outside),
        debugging_cycle_count=counts["cycles"],
        errors=_errors(outside),
        error_count=counts["errors"],
        extra=entries.extra_of(life.first, life.started, life.ended),
    )


def issue_view(
    fold: RunFold, issue_id: str, project_id: str | None = None, config: SystemConfig | None = None
) -> IssueMetrics:
    """One issue; of one that nothing is known of, an empty one that is pending."""
    project, config = fold.project or project_id, entries.config_of(fold.life.started) or config
    started = fold.life.start_time
    issue = fold.issues.by_id.get(issue_id)
    if issue is None:
        return IssueMetrics(issue_id, fold.run_id, project, config, started, status=Status.PENDING)
    work, counts = issue.work, issue.work.counts
    return IssueMetrics(
        issue_id=issue_id,
        run_id=fold.run_id,
        project_id=project,
        config=config,
        run_start_time=started,
        status=issue.status,
        start_time=issue.start_time,
        end_time=issue.end_time,
        duration_seconds=issue.duration_seconds,
        code_metrics=entries.code_of(issue.ended),
        token_usage=work.share.usage.view(),
        tool_usage=work.share.tool_usage(),
        agents=_agents(work),
        agent_count=counts["agents"],
        failed_agents=counts["failed_agents"],
        pipelines=_pipelines(work),
        pipeline_count=counts["pipelines"],
        failed_pipelines=counts["failed_pipelines"],
        debugging_cycles=_cycles(work),
        debugging_cycle_count=counts["cycles"],
        errors=_errors(work),
        error_count=counts["errors"],
        extra=entries.extra_of(issue.first, issue.started, issue.ended),
    )


def _in_order(lives: Iterable[tuple[str, Lifecycle]]) -> list[str]:
    """Names by start; what has only an end by that."""
    return [name for _, name in sorted((_moment(life), name) for name, life in lives)]


def _moment(life: Lifecycle) -> float:
    event = life.first or life.ended
    return -math.inf if event is None else event.time.timestamp()


def _agents(work: Work) -> list[AgentMetrics]:
    by_id = work.agents.by_id
    return [_agent(span, by_id[span]) for span in _in_order(by_id.items())]


def _agent(span: str, agent: Execution) -> AgentMetrics:
    ended, known = agent.ended, agent.ended or agent.started
    return AgentMetrics(
        agent_type=_agent_type(known) or "",
        agent_id=span,
        issue_id=None if known is None else known.issue,
        parent_agent_id=None if known is None else known.parent_id,
        attempt=entries.stated_whole(known, "attempt", 1),
        retries=entries.stated_whole(ended, "retries", 0),
        status=agent.status,
        start_time=agent.start_time,
        end_time=agent.end_time,
        duration_seconds=agent.duration_seconds,
        quality_score=math.nan if ended is None or ended.quality_score is None else ended.quality_score,
        token_usage=agent.share.usage.view(),
        tool_usage=agent.share.tool_usage(),
        error_count=agent.share.errors,
        error_type=None if ended is None else ended.error_type,
        error_message=None if ended is None else ended.error_message,
        extra=entries.extra_of(agent.first, ended),
    )


def _pipelines(work: Work) -> list[PipelineAttempt]:
    return [
        PipelineAttempt(
            pipeline_id=event.name or "",
            commit_sha=_text(event, "commit_sha"),
            status=_text(event, "status"),
            outcome=event.outcome,
            triggered_by=_text(event, "triggered_by"),
            attempt=entries.stated_whole(event, "attempt", 1),
            execution_time_seconds=math.nan if event.duration_ms is None else event.duration_ms / 1000,
            queue_time_seconds=entries.stated_seconds(event, "queue_time_ms"),
            failed_jobs=entries.stated_texts(event, "failed_jobs"),
            time=event.time,
            issue_id=event.issue,
            agent_type=_agent_type(event),
            extra=entries.extra_of(event),
        )
        for event in work.pipelines.events()
    ]


def _cycles(work: Work) -> list[DebuggingCycle]:
    by_id = work.cycles.by_id
    return [_cycle(span, by_id[span]) for span in _in_order(by_id.items())]


def _cycle(span: str, cycle: Lifecycle) -> DebuggingCycle:
    ended, known = cycle.ended, cycle.ended or cycle.started
    return DebuggingCycle(
        cycle_id=span,
        number=entries.stated_whole(known, "number", 1),
        status=cycle.status,
        errors=entries.stated_texts(cycle.started, "errors") + entries.stated_texts(ended, "errors"),
        attempts=entries.stated_whole(ended, "attempts", 0),
        resolution=_text(ended, "resolution"),
        resolved=None if ended is None else ended.success,
        start_time=cycle.start_time,
        end_time=cycle.end_time,
        duration_seconds=cycle.duration_seconds,
        issue_id=None if known is None else known.issue,
        agent_type=_agent_type(known),
        extra=entries.extra_of(cycle.first, ended),
    )


def _errors(work: Work) -> list[ErrorRecord]:
    return [
        ErrorRecord(
            error_type=event.error_type or "",
            error_message=event.error_message,
            severity=event.severity,
            error_category=event.error_category,
            recovery=event.recovery,
            time=event.time,
            issue_id=event.issue,
            agent_type=_agent_type(event),
            extra=entries.extra_of(event) | entries.own(event, entries.DIGEST, "stated_severity", "stated_recovery"),
        )
        for event in work.errors.events()
    ]


def _agent_type(event: Event | None) -> AgentType | str | None:
    return None if event is None or event.agent is None else agent_type_named(event.agent)


def _text(event: Event | None, name: str) -> str | None:
    value = entries.stated(event, name)
    return None if value is None else str(value)
