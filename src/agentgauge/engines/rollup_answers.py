"""Answers from rollups, where they can answer and it is worth it.

Rollups are read where they stand for at least as many raw rows as `from_rows`, or for events that have expired. Below
that raw rows are as quick, and their percentiles exact. The number is an estimate from the files' statistics, so the
same question of the same snapshot always goes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import duckdb
import msgspec

from agentgauge.engines.answer import Answer
from agentgauge.engines.measures import Measure
from agentgauge.engines.query import Query, TimeBucket
from agentgauge.engines.rollup_percentiles import Ranks, percentile, read_ranks
from agentgauge.engines.rollup_plan import HOUR, RollupPlan, grid_of, plan_of
from agentgauge.engines.rollup_sql import Spans, select_histograms, select_ranks, select_sums
from agentgauge.engines.rows import Row, answer_columns, answer_rows
from agentgauge.engines.sql import AggregateSelect
from agentgauge.engines.time_buckets import SECOND
from agentgauge.lake.rollups.reading import Relation, Rollups


class RollupAnswers:
    def __init__(self, rollups: Rollups, execute: Callable[[str], duckdb.DuckDBPyConnection], from_rows: int) -> None:
        """`execute` runs a statement on a cursor of its own."""
        self._rollups = rollups
        self._execute = execute
        self._from_rows = from_rows

    def plan(self, query: Query) -> RollupPlan | None:
        """How rollups would answer a query, as far as is known without looking at its buckets of time; None where they
        would not. Reads nothing."""
        few = self._rollups.rows_between(query.start, query.end) < self._from_rows
        return None if few and not self._rollups.any_expired else plan_of(query)

    def missing_before(self, query: Query) -> datetime | None:
        """The moment before which a query's window is not whole in raw rows; None where it is."""
        return self._rollups.missing_before(query.start, query.end)

    def answer(
        self, query: Query, plan: RollupPlan, spans: Spans, window: tuple[datetime, datetime] | None
    ) -> Answer | None:
        """The answer; None where raw rows give it. `window` as in `agentgauge.engines.rows.answer_rows`."""
        grid = grid_of([key for key in query.group if isinstance(key, TimeBucket)], spans)
        if grid is None or (plan.from_histograms and grid < HOUR):
            return None
        longest = grid // SECOND
        sums = self._rollups.sums(plan.dimensions, query.start, query.end, longest_seconds=longest)
        histograms = {
            field: self._rollups.histograms(field, plan.dimension, query.start, query.end, longest_seconds=longest)
            for field in {measure.field for measure in plan.from_histograms}
        }
        relations = [sums, *histograms.values()]
        if not all(self._is_worth_it(relation) for relation in relations):
            return None
        return Answer(
            columns=answer_columns(query),
            rows=self._rows(query, plan, spans, window, sums, histograms),
            way="rollups and raw" if any(relation.has_raw_rows for relation in relations) else "rollups",
            exact=not plan.percentiles,
            missing_before=max((one.missing_before for one in relations if one.missing_before), default=None),
        )

    def _is_worth_it(self, relation: Relation) -> bool:
        return relation.has_rollups and (relation.has_expired or relation.spared_rows >= self._from_rows)

    def _rows(
        self,
        query: Query,
        plan: RollupPlan,
        spans: Spans,
        window: tuple[datetime, datetime] | None,
        sums: Relation,
        histograms: dict[str, Relation],
    ) -> tuple[Row, ...]:
        if not plan.from_histograms:
            select = select_sums(query, plan, spans, sums.sql)
            return answer_rows(query, select, self._execute(select.text).fetchall(), window)
        # Percentiles are known after the statement that has all else: then come order and limit, where they matter.
        named = {column.name for measure in plan.percentiles for column in measure.columns}
        late = not named.isdisjoint(term.removeprefix("-") for term in query.order)
        asked = msgspec.structs.replace(query, order=(), limit=None) if late else query
        select = select_sums(asked, plan, spans, sums.sql)
        selected = self._execute(select.text).fetchall()
        if plan.percentiles:
            select, selected = self._with_percentiles(query, plan, spans, histograms, select, selected)
        if plan.histograms:
            select, selected = self._with_histograms(query, plan, spans, histograms, select, selected)
        rows = answer_rows(query, select, selected, window)
        return _ordered(query, rows) if late else rows

    def _with_percentiles(
        self,
        query: Query,
        plan: RollupPlan,
        spans: Spans,
        histograms: dict[str, Relation],
        select: AggregateSelect,
        selected: Sequence[Row],
    ) -> tuple[AggregateSelect, list[Row]]:
        """The rows with a column per percentile at their end, and the SELECT as if it had given them."""
        width = len(query.group)
        series: dict[tuple[str, str], list[Measure]] = {}
        for measure in plan.percentiles:
            series.setdefault((measure.field, measure.over), []).append(measure)
        ranks: dict[tuple[str, str], dict[tuple[Any, ...], Ranks]] = {}
        for key, members in series.items():
            text = select_ranks(query, plan, spans, histograms[key[0]].sql, members)
            ranks[key] = dict(read_ranks(row, width) for row in self._execute(text).fetchall())
        rows = [list(row) for row in selected]
        aggregates, positions = list(select.aggregates), list(select.positions)
        for number, measure in enumerate(query.measures):
            if measure.percentile is None:
                continue
            of = (measure.field, measure.over)
            at, (low, high) = series[of].index(measure), positions[number]
            if rows:
                positions[number] = (len(rows[0]),)
            for row in rows:
                row.append(percentile(measure, at, ranks[of].get(tuple(row[:width])), row[low], row[high]))
            aggregates[number] = msgspec.structs.replace(aggregates[number], read=lambda value: (value,))
        found = AggregateSelect(text=select.text, aggregates=tuple(aggregates), positions=tuple(positions))
        return found, [tuple(row) for row in rows]

    def _with_histograms(
        self,
        query: Query,
        plan: RollupPlan,
        spans: Spans,
        histograms: dict[str, Relation],
        select: AggregateSelect,
        selected: Sequence[Row],
    ) -> tuple[AggregateSelect, list[Row]]:
        """Likewise with a column per histogram."""
        width = len(query.group)
        rows = [list(row) for row in selected]
        aggregates, positions = list(select.aggregates), list(select.positions)
        for number, measure in enumerate(query.measures):
            if measure.statistic != "histogram":
                continue
            text = select_histograms(query, plan, spans, histograms[measure.field].sql, measure)
            counts = {row[:width]: row[width] for row in self._execute(text).fetchall()}
            if rows:
                positions[number] = (len(rows[0]),)
            for row in rows:
                row.append(tuple(sorted((counts.get(tuple(row[:width])) or {}).items())))
            aggregates[number] = msgspec.structs.replace(aggregates[number], read=lambda value: (value,))
        found = AggregateSelect(text=select.text, aggregates=tuple(aggregates), positions=tuple(positions))
        return found, [tuple(row) for row in rows]


def _ordered(query: Query, rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows in the query's order, None last, ties by group key; cut to its limit."""
    names = [column.name for column in answer_columns(query)]
    ordered = list(rows)  # by group key already, and sorting keeps what is equal as it is
    for term in reversed(query.order):
        at = names.index(term.removeprefix("-"))
        known = sorted(
            (row for row in ordered if row[at] is not None), key=lambda row: row[at], reverse=term.startswith("-")
        )
        ordered = known + [row for row in ordered if row[at] is None]
    return tuple(ordered[: query.limit])
