"""A query as SQL text: windows, filters, group keys and order, built as expressions and rendered for a dialect.

Columns of the text are k0, k1, ... for the group keys and m0, m1, ... for the parts of the measures; no name of a
user's is in it, and a user's values are literals that sqlglot quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlglot import exp

from agentgauge.engines.aggregates import LONGEST_MS, Aggregate, aggregate_of, field_value, or_zero
from agentgauge.engines.columns import Column
from agentgauge.engines.columns import column as column_named
from agentgauge.engines.components import components
from agentgauge.engines.conditions import Filter, Operand
from agentgauge.engines.dialect import Dialect, Expression, column, number
from agentgauge.engines.measures import of_operations
from agentgauge.engines.operations import OF_CALLS, operations
from agentgauge.engines.query import Query, TimeBucket
from agentgauge.engines.spans import nested_spans
from agentgauge.engines.time_buckets import DAY, ELAPSED, EPOCH_ORDINAL, OffsetSpan
from agentgauge.events import kinds
from agentgauge.events.event import to_micros


class AggregateSelect(msgspec.Struct, frozen=True):
    """The SELECT of a query's groups and what its columns hold."""

    text: str
    aggregates: tuple[Aggregate, ...]
    """One per measure."""
    positions: tuple[tuple[int, ...], ...]
    """Per measure, where its parts are among the columns of the SELECT."""


def select_groups(
    query: Query,
    spans: Sequence[tuple[OffsetSpan, ...]],
    dialect: Dialect,
    around: Sequence[Expression] = (),
) -> AggregateSelect:
    """One row per group. `spans` are the offset spans of each time bucket among the group keys, in order; `around` as
    in `agentgauge.engines.operations`.
    """
    measures = query.measures
    if query.relation != "events":
        measures = tuple(of_operations(measure) for measure in measures)
    aggregates = tuple(aggregate_of(measure, measures, dialect) for measure in measures)
    source = exp.select().from_(relation_of(query, dialect, around)).where(*_of_rows(query, dialect))
    return grouped(source, query, group_keys(query, spans, dialect), aggregates, dialect)


def group_keys(query: Query, spans: Sequence[tuple[OffsetSpan, ...]], dialect: Dialect) -> list[Expression]:
    """What a query groups by; time buckets by their numbers."""
    remaining = iter(spans)
    return [
        field_value(column_named(key), dialect)
        if isinstance(key, str)
        else _bucket_number(key, next(remaining), dialect)
        for key in query.group
    ]


def grouped(
    source: exp.Select, query: Query, keys: Sequence[Expression], aggregates: Sequence[Aggregate], dialect: Dialect
) -> AggregateSelect:
    """The aggregates of each group of a source, a SELECT that has no columns yet, in the query's order."""
    parts: list[Expression] = []
    positions: list[tuple[int, ...]] = []
    for aggregate in aggregates:
        parts += [part for part in dict.fromkeys(aggregate.parts) if part not in parts]
        positions.append(tuple(len(keys) + parts.index(part) for part in aggregate.parts))
    select = source.select(*(exp.alias_(key, f"k{i}") for i, key in enumerate(keys))).select(
        *(exp.alias_(part, f"m{i}") for i, part in enumerate(parts))
    )
    if not keys and not parts:  # all measures come from elsewhere, and stand in the one row that there is
        select = select.select(exp.alias_(exp.Count(this=exp.Star()), "events"))
    if keys:
        select = select.group_by(*(exp.column(f"k{i}") for i in range(len(keys))))
    if query.after is not None:
        select = select.having(_comes_after(_order_terms(query, keys, aggregates), query.after))
    if terms := _order_terms(query, [exp.column(f"k{i}") for i in range(len(keys))], aggregates):
        select = select.order_by(*_ordered(terms))
    if query.limit is not None:
        select = select.limit(query.limit)
    return AggregateSelect(text=select.sql(dialect.name), aggregates=tuple(aggregates), positions=tuple(positions))


def select_events(
    query: Query, columns: Sequence[Column], limit: int | None, dialect: Dialect, around: Sequence[Expression] = ()
) -> str:
    """Columns of the events themselves, in the order of the query's page; times as microseconds since 1970."""
    values = [
        dialect.micros(column(target.name)) if target.type == "time" else field_value(target, dialect)
        for target in columns
    ]
    select = (
        exp.select(*(exp.alias_(value, f"k{i}") for i, value in enumerate(values)))
        .from_(relation_of(query, dialect, around))
        .where(*_of_rows(query, dialect))
    )
    if query.page is None:
        select = select.order_by(column("time"), column("id"))
    else:
        terms = [(column(name), query.page.newest_first) for name in ("time", "segment", "n")]
        select = select.order_by(*_ordered(terms))
        if query.page.after is not None:
            select = select.where(_comes_after(terms, query.page.after))
    return (select if limit is None else select.limit(limit)).sql(dialect.name)


def select_extent(query: Query, dialect: Dialect, around: Sequence[Expression] = ()) -> str:
    """Time of the first and the last event of a query, as microseconds since 1970."""
    times = [dialect.micros(function(this=column("time"))) for function in (exp.Min, exp.Max)]
    return (
        exp.select(*times).from_(relation_of(query, dialect, around)).where(*_of_rows(query, dialect)).sql(dialect.name)
    )


def relation_of(query: Query, dialect: Dialect, around: Sequence[Expression] = ()) -> exp.Table | exp.Subquery:
    """What a query reads from; `around` as in `agentgauge.engines.operations`."""
    match query.relation:
        case "operations":
            return _of_projects(operations(_of_tasks(query, dialect), around), query, dialect)
        case "components":
            return _of_projects(components(conditions(query, dialect)), query, dialect)
        case "spans":
            return _of_projects(nested_spans(conditions(query, dialect)), query, dialect)
        case _:
            return exp.to_table("events")


def _of_projects(relation: exp.Subquery, query: Query, dialect: Dialect) -> exp.Subquery:
    """The relation made of no other events than those of the query's projects: what another project's event used must
    not show in the row of the task around it."""
    own = [_condition(condition, dialect) for condition in query.filters if condition.field == "project"]
    if own:
        for table in [table for table in relation.find_all(exp.Table) if table.name == "events"]:
            chosen = exp.select("*").from_("events").where(*own).subquery(table.alias_or_name)
            table.replace(chosen)
    return relation


def _of_tasks(query: Query, dialect: Dialect) -> list[Expression]:
    """The conditions on operations that are on their tasks' events, not on the calls inside."""
    own = (condition for condition in query.filters if condition.field not in OF_CALLS)
    return [*(_condition(condition, dialect) for condition in own), *_window(query)]


def calls_around(start: datetime, end: datetime) -> tuple[Expression, ...]:
    """What the time of a call meets that is between two moments, both included."""
    time = column("time")
    return exp.GTE(this=time, expression=_moment(start)), exp.LTE(this=time.copy(), expression=_moment(end))


def select_tasks_extent(query: Query, dialect: Dialect) -> str:
    """When the first of a query's operations began and the last ended, as microseconds since 1970."""
    ended = dialect.micros(column("time"))
    longest = exp.Least(this=or_zero(column("duration_ms")), expressions=[number(LONGEST_MS)])
    took = exp.cast(longest * number(1000), "BIGINT")
    return (
        exp.select(exp.Min(this=ended - took), exp.Max(this=ended.copy()))
        .from_("events")
        .where(column("kind").isin(*kinds.TASK_KINDS), *_of_tasks(query, dialect))
        .sql(dialect.name)
    )


def _of_rows(query: Query, dialect: Dialect) -> list[Expression]:
    """What must hold of a row of the relation that has not been asked for in making it."""
    return [] if query.relation in ("components", "spans") else conditions(query, dialect)


def _order_terms(
    query: Query, keys: Sequence[Expression], aggregates: Sequence[Aggregate]
) -> list[tuple[Expression, bool]]:
    """What groups are in order of, and whether it goes down."""
    sorted_by: dict[str, Expression] = {}
    for key, value in zip(query.group, keys, strict=True):
        sorted_by[key if isinstance(key, str) else key.label] = value
    for measure, aggregate in zip(query.measures, aggregates, strict=True):
        sorted_by |= {answered.name: sort for answered, sort in zip(measure.columns, aggregate.sort, strict=True)}
    terms = [(sorted_by[term.removeprefix("-")], term.startswith("-")) for term in query.order]
    return terms + [(key, False) for key in keys]


def _ordered(terms: Iterable[tuple[Expression, bool]]) -> list[Expression]:
    return [exp.Ordered(this=term, desc=down, nulls_first=False) for term, down in terms]


def _comes_after(terms: Sequence[tuple[Expression, bool]], values: Sequence[Any]) -> Expression:
    """Whether a row comes after the one of these values, in an order that has NULL last."""
    found: list[Expression] = []
    equal: list[Expression] = []
    for (term, down), value in zip(terms, values, strict=True):
        if value is None:
            equal.append(term.is_(exp.null()))
            continue
        # The largest and the smallest time of a group are told as microseconds since 1970.
        is_column = isinstance(term, exp.Column)
        literal = number(to_micros(value)) if isinstance(value, datetime) and not is_column else _literal(value)
        beyond = (exp.LT if down else exp.GT)(this=term.copy(), expression=literal)
        found.append(exp.and_(*equal, exp.or_(beyond, term.copy().is_(exp.null()))))
        equal.append(exp.EQ(this=term.copy(), expression=literal.copy()))
    return exp.or_(*found) if found else exp.false()


def conditions(query: Query, dialect: Dialect) -> list[Expression]:
    """What must hold of an event: the query's filters, and that its time is in the window."""
    return [*(_condition(condition, dialect) for condition in query.filters), *_window(query)]


def _window(query: Query) -> list[Expression]:
    within: list[Expression] = []
    if query.start is not None:
        within.append(exp.GTE(this=column("time"), expression=_moment(query.start)))
    if query.end is not None:
        within.append(exp.LT(this=column("time"), expression=_moment(query.end)))
    return within


_COMPARISONS: dict[str, type[exp.Binary]] = {"=": exp.EQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}


def _condition(condition: Filter, dialect: Dialect) -> Expression:
    target = condition.target
    if condition.op in ("is null", "is not null"):
        absent = field_value(target, dialect).is_(exp.null())
        return absent if condition.op == "is null" else exp.not_(absent)
    if condition.op == "!=" or condition.negated:
        met = exp.or_(
            *(_met(target, _POSITIVE[condition.op], operand, condition, dialect) for operand in condition.operands)
        )
        # Not TRUE, rather than FALSE: a condition on an absent value is neither.
        return exp.not_(exp.Coalesce(this=exp.paren(met), expressions=[exp.false()]))
    if condition.op == "in" and target.type != "attribute":
        return field_value(target, dialect).isin(*(_literal(operand) for operand in condition.operands))
    operator = "=" if condition.op == "in" else condition.op
    return exp.or_(*(_met(target, operator, operand, condition, dialect) for operand in condition.operands))


_POSITIVE = {"!=": "=", "not in": "=", "not like": "like", "not glob": "glob"}


def _met(target: Column, operator: str, operand: Operand, condition: Filter, dialect: Dialect) -> Expression:
    value = field_value(target, dialect)
    if operator in ("like", "glob"):
        pattern = exp.Like(this=value, expression=exp.Literal.string(condition.like_pattern))
        return exp.Escape(this=pattern, expression=exp.Literal.string("\\"))
    if target.type == "attribute":
        if isinstance(operand, bool):
            operand = "true" if operand else "false"
        elif isinstance(operand, int | float):
            value, operand = dialect.number(value), float(operand)
    return _COMPARISONS[operator](this=value, expression=_literal(operand))


def _literal(operand: Operand) -> Expression:
    match operand:
        case bool():
            return exp.Boolean(this=operand)
        case str():
            return exp.Literal.string(operand)
        case Decimal():
            return exp.cast(exp.Literal.string(f"{operand:f}"), "DECIMAL(38, 12)")
        case datetime():
            return _moment(operand)
        case _:
            return number(operand)


def _moment(moment: datetime) -> Expression:
    text = moment.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
    return exp.cast(exp.Literal.string(text), "TIMESTAMPTZ")


def _bucket_number(bucket: TimeBucket, spans: tuple[OffsetSpan, ...], dialect: Dialect) -> Expression:
    """The number of an event's bucket, as `agentgauge.engines.time_buckets` defines it."""
    micros = dialect.micros(column("time"))
    if len(spans) == 1:
        return _number_in_span(bucket, spans[0], dialect, micros)
    case = exp.Case()
    for span in spans[:-1]:
        case = case.when(
            exp.LT(this=micros, expression=number(span.end)), _number_in_span(bucket, span, dialect, micros)
        )
    return case.else_(_number_in_span(bucket, spans[-1], dialect, micros))


def _number_in_span(bucket: TimeBucket, span: OffsetSpan, dialect: Dialect, micros: Expression) -> Expression:
    local = micros + number(span.offset) if span.offset else micros
    if bucket.width == "month":
        return dialect.month(local)
    # Counted from the year 1: SQL divides towards zero, so what is divided must not be negative.
    since_year_1 = exp.paren(local + number((EPOCH_ORDINAL - 1) * DAY))
    if bucket.width in ELAPSED:
        width = ELAPSED[bucket.width]
        start = micros - exp.Mod(this=since_year_1, expression=number(width))
        first = (span.start + span.offset) % width
        return start if first == 0 else exp.Greatest(this=start, expressions=[number(span.start)])
    days = exp.IntDiv(this=since_year_1, expression=number(DAY))
    if bucket.width == "week":
        return exp.IntDiv(this=exp.paren(days), expression=number(7)) * number(7) + number(1)
    return exp.paren(days) + number(1)
