"""Runs from the event stream.

What happened in them is summed by the engine, per run and issue; only the marks of their starts and ends are read one
by one, since the latest of them counts. A thousand runs of ten issues take about a second.

A run is what a `MetricsCollector` began or ended. Events that name a run without that belong to `agentgauge compare`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
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

_Key = tuple[str, str | None]
"""Run and issue; None outside any."""
_MARKS = (marks.RUN_START, marks.RUN_END, marks.ISSUE_START, marks.ISSUE_END)
_COLUMNS = ("segment", "n", "time", "kind", "name", "outcome", "duration_ms", "run", "issue", "project", "attributes")


class _Lives:
    """When a run and its issues began and ended."""

    def __init__(self) -> None:
        self.run = Lifecycle()
        self.issues: defaultdict[str, Lifecycle] = defaultdict(Lifecycle)
        self.project: str | None = None

    def apply(self, mark: Event) -> None:
        if mark.project is not None and (self.project is None or mark.project < self.project):
            self.project = mark.project
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
        lives: defaultdict[str, _Lives] = defaultdict(_Lives)
        for mark in _read_marks(engine):
            if mark.run is not None:
                lives[mark.run].apply(mark)
        sums, models = _sums(engine), _models(engine)
    by_run: defaultdict[str, dict[str | None, _Sums]] = defaultdict(dict)
    for (run, issue), found in sums.items():
        by_run[run][issue] = found
    return [
        _record(run, life, by_run[run], models.get(run, ()))
        for run, life in lives.items()
        if life.run.started is not None or life.run.ended is not None
    ]


def _read_marks(engine: Engine) -> Iterator[Event]:
    from agentgauge.engines import Filter, Query

    query = Query(filters=(Filter("kind", "=", "mark"), Filter("name", "in", _MARKS), Filter("run", "is not null")))
    for row in engine.scan(query, _COLUMNS):
        yield Event(**dict(zip(_COLUMNS, row, strict=True)))


def _sums(engine: Engine) -> dict[_Key, _Sums]:
    from agentgauge.engines import Filter, Measure, Query

    def rows(*filters: Filter, measures: tuple[Measure, ...]) -> list[dict[str, Any]]:
        of_runs = (Filter("run", "is not null"), *filters)
        return engine.aggregate(Query(filters=of_runs, group=("run", "issue"), measures=measures)).records()

    found: defaultdict[_Key, _Sums] = defaultdict(_Sums)
    done = (
        *(Measure("cost"), Measure("tokens"), Measure("count", over="llm_call", name="calls")),
        *(Measure("count", over="pipeline", name="pipelines"), Measure("count", over="error", name="errors")),
        Measure("count", over="debugging_cycle", name="cycles"),
    )
    for row in rows(measures=done):
        sums = found[row["run"], row["issue"]]
        sums.calls, sums.unpriced_calls, sums.tokens = row["calls"], row["unpriced_calls"], row["tokens"]
        sums.cost_usd = row["cost_usd"] or Decimal(0)
        sums.pipelines, sums.errors, sums.cycles = row["pipelines"], row["errors"], row["cycles"]
    green = (Filter("kind", "=", "pipeline"), Filter("outcome", "=", "success"))
    for row in rows(*green, measures=(Measure("count"),)):
        found[row["run"], row["issue"]].green_pipelines = row["count"]
    scored = (Filter("kind", "=", "task"), Filter("quality_score", "is not null"))
    for row in rows(*scored, measures=(Measure("count"), Measure("sum", "quality_score", name="quality"))):
        sums = found[row["run"], row["issue"]]
        sums.quality_sum, sums.quality_count = row["quality"], row["count"]
    return dict(found)


def _models(engine: Engine) -> dict[str, tuple[str, ...]]:
    """The models that the calls of each run name."""
    from agentgauge.engines import Filter, Query

    filters = (Filter("kind", "=", "llm_call"), Filter("run", "is not null"), Filter("model", "is not null"))
    found: dict[str, tuple[str, ...]] = {}
    for row in engine.aggregate(Query(filters=filters, group=("run", "model"))).records():
        found[row["run"]] = (*found.get(row["run"], ()), row["model"])
    return found


def _record(run_id: str, lives: _Lives, sums: dict[str | None, _Sums], models: tuple[str, ...]) -> RunRecord:
    life, parts = lives.run, sums.values()
    names = dict.fromkeys((*lives.issues, *(name for name in sums if name is not None)))
    return RunRecord(
        run_id=run_id,
        project=lives.project,
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
