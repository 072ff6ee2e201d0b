"""Runs from the event stream.

What happened in them is summed by the engine, per run and issue; only the marks of their starts and ends are read one
by one, since the latest of them counts. A thousand runs of ten issues take about a second.

A run is what a `MetricsCollector` began or ended, in one project: the same id in another is another run. Events that
name a run without that belong to `agentgauge compare`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from agentgauge.events import Event, marks
from agentgauge.recorder import Gauge
from agentgauge.runs import entries
from agentgauge.runs.analysis.records import IssueRecord, RunRecord, configuration, known_cost
from agentgauge.runs.lifecycle import Lifecycle

if TYPE_CHECKING:
    from agentgauge.engines import Engine

_Run = tuple[str, str | None]
"""Its id and its project."""
_Key = tuple[_Run, str | None]
"""Run and issue; None outside any."""
_Owner = Callable[[str, str | None], _Run]
_MARKS = (marks.RUN_START, marks.RUN_END, marks.ISSUE_START, marks.ISSUE_END)
_COLUMNS = ("segment", "n", "time", "kind", "name", "outcome", "duration_ms", "run", "issue", "project", "attributes")


class _Lives:
    """When a run and its issues began and ended."""

    def __init__(self) -> None:
        self.run = Lifecycle()
        self.issues: defaultdict[str, Lifecycle] = defaultdict(Lifecycle)

    def apply(self, mark: Event) -> None:
        if mark.name in (marks.RUN_START, marks.RUN_END):
            life = self.run
        elif mark.issue is not None:
            life = self.issues[mark.issue]
        else:
            return
        if mark.name in (marks.RUN_START, marks.ISSUE_START):
            life.start(mark)
        else:
            life.end(mark)


class _Sums(msgspec.Struct):
    """What was done on an issue, or outside any."""

    calls: int = 0
    unpriced_calls: int = 0
    cost_usd: Decimal = Decimal(0)
    tokens: int = 0
    pipelines: int = 0
    green_pipelines: int = 0
    cycles: int = 0
    errors: int = 0
    quality_sum: float = 0.0
    quality_count: int = 0


def runs_in_stream(gauge: Gauge) -> list[RunRecord]:
    """All runs in the stream that a gauge records into. Raises `LakeError` where its home cannot be read."""
    from agentgauge.meter import engine_of  # deferred, with DuckDB: whoever only records never reads

    with engine_of(gauge) as engine:
        owner = _owners(engine)
        lives: defaultdict[_Run, _Lives] = defaultdict(_Lives)
        for mark in _read_marks(engine):
            if mark.run is not None:
                lives[owner(mark.run, mark.project)].apply(mark)
        sums, models = _sums(engine, owner), _models(engine, owner)
    by_run: defaultdict[_Run, dict[str | None, _Sums]] = defaultdict(dict)
    for (run, issue), found in sums.items():
        by_run[run][issue] = found
    return [
        _record(run, life, by_run[run], models.get(run, ()))
        for run, life in lives.items()
        if life.run.started is not None or life.run.ended is not None
    ]


def _owners(engine: Engine) -> _Owner:
    """Which run an event belongs to: that which was begun in its project; where none was, the one that was begun."""
    from agentgauge.engines import Filter, Query

    filters = (Filter("kind", "=", "mark"), Filter("name", "=", marks.RUN_START), Filter("run", "is not null"))
    begun: defaultdict[str, list[str | None]] = defaultdict(list)
    for row in engine.aggregate(Query(filters=filters, group=("run", "project"))).records():
        begun[row["run"]].append(row["project"])

    def owner(run: str, project: str | None) -> _Run:
        projects = begun.get(run, [project])
        return run, project if project in projects else min(projects, key=lambda name: (name is None, name or ""))

    return owner


def _read_marks(engine: Engine) -> Iterator[Event]:
    from agentgauge.engines import Filter, Query

    query = Query(filters=(Filter("kind", "=", "mark"), Filter("name", "in", _MARKS), Filter("run", "is not null")))
    for row in engine.scan(query, _COLUMNS):
        yield Event(**dict(zip(_COLUMNS, row, strict=True)))


def _sums(engine: Engine, owner: _Owner) -> dict[_Key, _Sums]:
    from agentgauge.engines import Filter, Measure, Query

    found: defaultdict[_Key, _Sums] = defaultdict(_Sums)

    def rows(*filters: Filter, measures: tuple[Measure, ...]) -> Iterator[tuple[_Sums, dict[str, Any]]]:
        of_runs = (Filter("run", "is not null"), *filters)
        for row in engine.aggregate(
            Query(filters=of_runs, group=("run", "project", "issue"), measures=measures)
        ).records():
            yield found[owner(row["run"], row["project"]), row["issue"]], row

    done = (
        *(Measure("cost"), Measure("tokens"), Measure("count", over="llm_call", name="calls")),
        *(Measure("count", over="pipeline", name="pipelines"), Measure("count", over="error", name="errors")),
        Measure("count", over="debugging_cycle", name="cycles"),
    )
    for sums, row in rows(measures=done):
        sums.calls += row["calls"]
        sums.unpriced_calls += row["unpriced_calls"]
        sums.tokens += row["tokens"]
        sums.cost_usd += row["cost_usd"] or 0
        sums.pipelines += row["pipelines"]
        sums.errors += row["errors"]
        sums.cycles += row["cycles"]
    green = (Filter("kind", "=", "pipeline"), Filter("outcome", "=", "success"))
    for sums, row in rows(*green, measures=(Measure("count"),)):
        sums.green_pipelines += row["count"]
    scored = (Filter("kind", "=", "task"), Filter("quality_score", "is not null"))
    for sums, row in rows(*scored, measures=(Measure("count"), Measure("sum", "quality_score", name="quality"))):
        sums.quality_sum += row["quality"]
        sums.quality_count += row["count"]
    return dict(found)


def _models(engine: Engine, owner: _Owner) -> dict[_Run, tuple[str, ...]]:
    """The models that the calls of each run name."""
    from agentgauge.engines import Filter, Query

    filters = (Filter("kind", "=", "llm_call"), Filter("run", "is not null"), Filter("model", "is not null"))
    found: defaultdict[_Run, dict[str, None]] = defaultdict(dict)
    for row in engine.aggregate(Query(filters=filters, group=("run", "project", "model"))).records():
        found[owner(row["run"], row["project"])][row["model"]] = None
    return {run: tuple(models) for run, models in found.items()}


def _record(run: _Run, lives: _Lives, sums: dict[str | None, _Sums], models: tuple[str, ...]) -> RunRecord:
    life, parts = lives.run, sums.values()
    names = dict.fromkeys((*lives.issues, *(name for name in sums if name is not None)))
    return RunRecord(
        run_id=run[0],
        project=run[1],
        config=configuration(entries.config_of(life.started), models),
        status=str(life.status),
        started=_start_of(life),
        seconds=life.duration_seconds,
        issues=tuple(_issue(name, lives.issues.get(name), sums.get(name) or _Sums()) for name in names),
        calls=sum(part.calls for part in parts),
        unpriced_calls=sum(part.unpriced_calls for part in parts),
        priced_usd=sum((part.cost_usd for part in parts), Decimal(0)),
        tokens=sum(part.tokens for part in parts),
        quality_sum=sum(part.quality_sum for part in parts),
        quality_count=sum(part.quality_count for part in parts),
        pipelines=sum(part.pipelines for part in parts),
        green_pipelines=sum(part.green_pipelines for part in parts),
        debugging_cycles=sum(part.cycles for part in parts),
        errors=sum(part.errors for part in parts),
        source="stream",
        is_whole=life.started is not None,
    )


def _start_of(life: Lifecycle) -> datetime | None:
    """The first start; where the stream has lost it, so long before the end as the run took."""
    if life.start_time is not None or life.ended is None:
        return life.start_time
    return life.ended.time - timedelta(seconds=life.duration_seconds)


def _issue(name: str, life: Lifecycle | None, sums: _Sums) -> IssueRecord:
    life = life or Lifecycle()
    ended = None if life.is_open else life.ended
    return IssueRecord(
        issue=name,
        success=None if ended is None else ended.success,
        seconds=life.duration_seconds,
        cost_usd=known_cost(sums.cost_usd, sums.calls, sums.unpriced_calls),
        quality_sum=sums.quality_sum,
        quality_count=sums.quality_count,
    )
