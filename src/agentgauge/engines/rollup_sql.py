"""A query over a relation of rollups as SQL text for DuckDB.

The relation is text that the lake has made from its own names; it enters the statement through DuckDB's table function
`query`, as a literal.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from sqlglot import exp

from agentgauge.engines.dialect import DUCKDB, Expression, column, number
from agentgauge.engines.measures import Measure
from agentgauge.engines.query import Query
from agentgauge.engines.rollup_plan import RollupPlan
from agentgauge.engines.sql import AggregateSelect, conditions, group_keys, grouped
from agentgauge.engines.time_buckets import OffsetSpan

Spans = Sequence[tuple[OffsetSpan, ...]]

_THOUSANDTHS = 100_000
"""100 percent in thousandths of one: a percentile has three decimal places at most."""


def select_sums(query: Query, plan: RollupPlan, spans: Spans, relation: str) -> AggregateSelect:
    """One row per group from the rows of `agentgauge.lake.rollups.relations.SumRows`."""
    where = conditions(_of_dimensions(query, plan), DUCKDB)
    keys = group_keys(query, spans, DUCKDB)
    source = exp.select().from_(_relation(relation)).where(*where)
    means = {one.mean.name: one.mean.aggregate for one in plan.measures if one.mean is not None}
    if means:
        first = exp.select(*(exp.alias_(key.copy(), f"g{i}") for i, key in enumerate(keys)))
        first = first.select(*(exp.alias_(mean, name, quoted=True) for name, mean in means.items()))
        first = first.from_(_relation(relation)).where(*where)
        if keys:
            first = first.group_by(*(exp.column(f"g{i}") for i in range(len(keys))))
        same = [exp.NullSafeEQ(this=key.copy(), expression=exp.column(f"g{i}")) for i, key in enumerate(keys)]
        source = source.join(
            first.subquery("means"),
            on=exp.and_(*same) if same else None,
            join_type="inner" if same else "cross",
        )
    if plan.having and keys:
        source = source.having(exp.GT(this=exp.Sum(this=column(f"{plan.having}_count")), expression=number(0)))
    return grouped(source, query, keys, [one.aggregate for one in plan.measures], DUCKDB)


def select_ranks(query: Query, plan: RollupPlan, spans: Spans, relation: str, series: Sequence[Measure]) -> str:
    """Per group the number of values, and per percentile the buckets of the two order statistics that it lies between.

    `series` are percentiles of one field over the same events. The relation has the rows of
    `agentgauge.lake.rollups.relations.HistogramRows`.
    """
    names, counts = _counts(query, plan, spans, relation, series[0])
    partition = [exp.column(name) for name in names]
    order = exp.Order(expressions=[exp.Ordered(this=exp.column("b"), nulls_first=False)])
    running = exp.select(*names, "b").select(
        exp.alias_(exp.Window(this=exp.Sum(this=exp.column("c")), partition_by=partition, order=order), "upto"),
        exp.alias_(exp.Window(this=exp.Sum(this=exp.column("c")), partition_by=partition), "n"),
    )
    select = exp.select(*names, exp.alias_(exp.Max(this=exp.column("n")), "total"))
    for measure in series:
        for above in (0, 1):
            rank = _rank_below(measure) + number(above)
            reached = exp.Where(this=exp.GT(this=exp.column("upto"), expression=rank))
            select = select.select(exp.Filter(this=exp.Min(this=exp.column("b")), expression=reached))
    select = select.from_(running.from_(counts.subquery("counts")).subquery("running"))
    return (select.group_by(*names) if names else select).sql(DUCKDB.name)


def select_histograms(query: Query, plan: RollupPlan, spans: Spans, relation: str, measure: Measure) -> str:
    """Per group a map from bucket to the number of values in it. The relation as in `select_ranks`."""
    names, counts = _counts(query, plan, spans, relation, measure)
    pair = exp.Anonymous(this="row", expressions=[exp.column("b"), exp.column("c")])
    pairs = exp.Anonymous(this="map_from_entries", expressions=[exp.Anonymous(this="list", expressions=[pair])])
    select = exp.select(*names).select(pairs).from_(counts.subquery("counts"))
    return (select.group_by(*names) if names else select).sql(DUCKDB.name)


def _counts(
    query: Query, plan: RollupPlan, spans: Spans, relation: str, measure: Measure
) -> tuple[list[str], exp.Select]:
    """The names of the group keys in a SELECT of them, the bucket `b` and the number `c` of values in it, of the events
    that a measure counts."""
    keys = group_keys(query, spans, DUCKDB)
    names = [f"k{i}" for i in range(len(keys))]
    where = conditions(_of_dimensions(query, plan), DUCKDB)
    if (kinds := measure.kinds) is not None:
        where.append(column("kind").isin(*kinds))
    counts = (
        exp.select(*(exp.alias_(key, name) for key, name in zip(keys, names, strict=True)))
        .select(exp.alias_(column("bucket"), "b"), exp.alias_(exp.cast(exp.Sum(this=column("count")), "BIGINT"), "c"))
        .from_(_relation(relation))
        .where(*where)
        .group_by(*(exp.column(name) for name in (*names, "b")))
    )
    return names, counts


def _rank_below(measure: Measure) -> Expression:
    """The rank (from 0) of the order statistic at or below a percentile, in whole numbers."""
    assert measure.percentile is not None
    thousandths = int(Decimal(repr(measure.percentile)) * 1000)
    product = exp.paren(exp.column("n") - number(1)) * number(thousandths)
    return exp.IntDiv(this=exp.paren(product), expression=number(_THOUSANDTHS))


def _of_dimensions(query: Query, plan: RollupPlan) -> Query:
    """The query without the condition that the figures themselves meet."""
    return msgspec.structs.replace(query, filters=plan.filters)


def _relation(sql: str) -> exp.Table:
    return exp.Table(this=exp.Anonymous(this="query", expressions=[exp.Literal.string(sql)]))
