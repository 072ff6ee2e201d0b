"""Rollups give the answers that the events themselves give, whatever has happened to the lake."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import agentgauge
from agentgauge.engines import Answer, Filter, Measure, Query, TimeBucket
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import Event
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.settings import resolve_home
from agentgauge.summaries import Summary
from tests.engines import fold
from tests.engines.history import AUTUMN, FIRST, History, random_history

EXACT = (
    *(Measure(statistic) for statistic in ("count", "failures", "success_rate", "tokens", "cost")),
    *(Measure("count", over=over) for over in ("tasks", "usage", "tool_call")),
    Measure("success_rate", over="tasks"),
    Measure("cost", over="tool_call"),
    *(Measure(s, "duration_ms") for s in ("sum", "mean", "min", "max", "std_dev")),
    *(Measure(s, "duration_ms", over="tasks") for s in ("mean", "std_dev")),
    *(Measure(s, "quality_score") for s in ("sum", "mean", "min", "max", "std_dev")),
    *(Measure(s, "input_tokens") for s in ("sum", "mean")),
    *(Measure(s, "cost_usd") for s in ("mean", "min", "max", "std_dev")),
    *(Measure(s, "time") for s in ("min", "max")),
)
PERCENTILES = (
    *(Measure(p, "duration_ms") for p in ("p50", "p75", "p95", "p99.9", "p0.5")),
    Measure("p50", "duration_ms", over="tasks"),
    Measure("p90", "cost_usd"),
    Measure("p50", "quality_score"),
)
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns")


def queries(rng: random.Random) -> Iterator[Query]:
    """Windows, groups and filters of every sort that rollups answer."""
    bounds = [None, FIRST + timedelta(hours=20, minutes=50), FIRST.replace(hour=0, minute=0) + timedelta(days=1)]
    ends = [None, FIRST + AUTUMN + timedelta(days=2, seconds=12345), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]
    filters: tuple[tuple[Filter, ...], ...] = (
        (),
        (Filter("agent", "=", "O'Brien"),),
        (Filter("agent", "!=", "ada"),),
        (Filter("kind", "in", ("task", "llm_call")), Filter("role", "is null")),
        (Filter("model", "not in", ("unheard-of-1",)), Filter("operation", "like", "b%")),
    )
    groups: tuple[tuple[str | TimeBucket, ...], ...] = (
        (),
        ("agent",),
        ("kind", "model"),
        ("agent", "operation", "provider"),
        *((TimeBucket(width, zone),) for width in ("15min", "hour", "day", "week", "month") for zone in ZONES),  # type: ignore[arg-type]
        *((TimeBucket("day", zone), "agent") for zone in ZONES),
    )
    for group in groups:
        yield Query(
            start=rng.choice(bounds), end=rng.choice(ends), filters=rng.choice(filters), group=group, measures=EXACT
        )


def assert_same(got: Any, wanted: Any, relative: float) -> None:
    if wanted is None or isinstance(got, int | datetime):
        assert (type(got), got) == (type(wanted), wanted)
    elif isinstance(got, Decimal) and isinstance(wanted, Decimal):
        assert got == wanted
    else:
        assert float(got) == pytest.approx(float(wanted), rel=relative, abs=1e-12)


def check(answer: Answer, query: Query, events: list[Event], relative: float = 1e-12) -> None:
    """Counts, tokens, times and money are those of the fold, floats within `relative`."""
    width = len(query.group)
    got = {fold.utc(row[:width]): row[width:] for row in answer.rows}
    expected = fold.answer(query, events)
    assert len(got) == len(answer.rows)
    assert got.keys() == expected.keys()
    for key, values in expected.items():
        for column, value, wanted in zip(answer.columns[width:], got[key], values, strict=True):
            try:
                assert_same(value, wanted, relative)
            except AssertionError as error:
                raise AssertionError(f"{column.name} of {key}: {error}") from error


def check_percentiles(answer: Answer, query: Query, events: list[Event]) -> None:
    """Within 1 % of the interpolated order statistics; where these have different signs or one is 0, of the larger."""
    width = len(query.group)
    expected = fold.answer(query, events)
    assert {fold.utc(row[:width]) for row in answer.rows} == expected.keys()
    for row in answer.rows:
        for column, value, wanted in zip(
            answer.columns[width:], row[width:], expected[fold.utc(row[:width])], strict=True
        ):
            assert (value is None) == (wanted is None), column.name
            if wanted is not None:
                assert float(value) == pytest.approx(float(wanted), rel=0.01, abs=1e-9), column.name


@pytest.fixture(scope="module", params=[1, 7])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """One of which nothing expires, and one with deletions before and after expiries, and events in the tail."""
    made = random_history(tmp_path_factory.mktemp("lake") / "home", PriceBook.load(), request.param)
    yield made
    made.close()


def test_answers_are_those_of_a_fold_over_all_events(history: History) -> None:
    ways: set[str] = set()
    with history.engines() as (engine, _):
        for query in queries(history.rng):
            answer = engine.aggregate(query)
            ways.add(answer.way)
            if answer.missing_before is None:
                check(answer, query, history.kept)
            else:
                assert history.expired
    assert ways - {"raw"}


def test_percentiles_are_within_one_percent_of_interpolated_order_statistics(history: History) -> None:
    groups: tuple[tuple[str | TimeBucket, ...], ...] = (
        (),
        ("agent",),
        ("kind",),
        ("kind", "model"),
        (TimeBucket("hour", "Europe/Berlin"),),
        (TimeBucket("day", "Europe/Berlin"), "agent"),
        (TimeBucket("week"), "agent"),
        (TimeBucket("day", "Asia/Kathmandu"),),
    )
    with history.engines() as (engine, _):
        for group in groups:
            for start in (None, FIRST + timedelta(hours=20, minutes=50)):
                query = Query(start=start, group=group, measures=PERCENTILES, exact=False)
                answer = engine.aggregate(query)
                assert answer.exact == (answer.way == "raw")
                if answer.missing_before is None:
                    check_percentiles(answer, query, history.kept)


def test_sums_and_percentiles_are_answered_together_in_the_order_asked_for(history: History) -> None:
    measures = (Measure("count"), *PERCENTILES[:3], Measure("cost"))
    with history.engines() as (engine, _):
        for term in ("-p95_duration_ms", "p50_duration_ms", "-cost_usd", "agent", "count"):
            query = Query(group=("agent", "kind"), measures=measures, order=(term,), exact=False)
            answer = engine.aggregate(query)
            assert answer.way != "raw"
            name = term.removeprefix("-")
            by_key = sorted(answer.records(), key=lambda r: [(r[k] is None, r[k] or "") for k in ("agent", "kind")])
            known = sorted((r for r in by_key if r[name] is not None), key=lambda r: r[name], reverse=term != name)
            assert answer.records() == known + [r for r in by_key if r[name] is None]
            limited = engine.aggregate(msgspec.structs.replace(query, limit=3))
            assert limited.records() == answer.records()[:3]


def test_the_percentile_of_many_groups_is_that_of_a_summary(history: History) -> None:
    fields = ("duration_ms", "cost_usd", "quality_score")
    for field in fields:
        measures = tuple(Measure(p, field) for p in ("p1", "p50", "p95", "p99.9"))
        with history.engines() as (engine, _):
            answer = engine.aggregate(Query(group=("role",), measures=measures, exact=False))
        for role, *got in answer.rows:
            values = [
                float(value)
                for event in history.kept
                if event.role == role and (field != "cost_usd" or event.kind in ("llm_call", "tool_call"))
                if (value := getattr(event, field)) is not None
            ]
            summary = Summary.of(values)
            for measure, value in zip(measures, got, strict=True):
                assert measure.percentile is not None
                assert float(value) == pytest.approx(summary.percentile(measure.percentile), rel=1e-12, abs=1e-12)


def test_the_histogram_of_many_groups_is_exact(history: History) -> None:
    histograms = (Measure("histogram", "duration_ms", over="tasks"), Measure("histogram", "cost_usd"))
    with history.engines() as (engine, _):
        for group in ((), ("agent",), ("kind",), (TimeBucket("day"),)):
            query = Query(
                group=group, measures=(Measure("count"), *histograms, Measure("p50", "duration_ms")), exact=False
            )
            answer = engine.aggregate(query)
            assert answer.way != "raw"
            wanted = fold.answer(msgspec.structs.replace(query, measures=histograms), history.kept)
            got = {fold.utc(row[: len(group)]): row[len(group) + 1 : -1] for row in answer.rows}
            assert got == wanted
            assert any(row[-2] for row in answer.rows)


def test_a_histogram_is_had_alone(history: History) -> None:
    query = Query(measures=(Measure("histogram", "duration_ms", over="tasks"),))
    with history.engines() as (engine, _):
        answer = engine.aggregate(query)
        assert answer.way != "raw"
        (row,) = answer.rows
        assert {(): row} == fold.answer(query, history.kept)


def test_of_events_with_a_value_only_those_are_counted(history: History) -> None:
    """A kind of which no event has the value is no group."""
    timed = (Filter("quality_score", "is not null"), Filter("agent", "!=", "ada"))
    measures = (Measure("count"), *(Measure(s, "quality_score") for s in ("mean", "max", "std_dev")))
    with history.engines() as (engine, _):
        for group in ((), ("kind",), ("kind", "operation")):
            query = Query(filters=timed, group=group, measures=measures)
            answer = engine.aggregate(query)
            assert answer.way != "raw"
            check(answer, query, history.kept)
            assert engine.aggregate(msgspec.structs.replace(query, measures=(Measure("cost"),))).way == "raw"


def test_what_the_fold_does_not_know_is_as_over_rows(history: History) -> None:
    measures = (
        *(Measure(statistic) for statistic in ("outside", "successes")),
        *(Measure("distinct", field) for field in ("agent", "model", "kind")),
        *(Measure(statistic, "tokens") for statistic in ("sum", "mean", "min", "max", "std_dev")),
        Measure("mean", "output_tokens"),
    )
    with history.engines() as (engine, raw):
        for group in ((), ("role",)):
            query = Query(group=group, measures=measures)
            answer = engine.aggregate(query)
            assert answer.way != "raw"
            if not history.expired:
                for got, wanted in zip(answer.rows, raw.aggregate(query).rows, strict=True):
                    assert got[: len(group)] == wanted[: len(group)]
                    assert got[len(group) :] == pytest.approx(wanted[len(group) :], rel=1e-12)


def test_a_filled_course_has_every_bucket(history: History) -> None:
    bucket = TimeBucket("day", "America/St_Johns", fill=True)
    with history.engines() as (engine, raw):
        query = Query(group=(bucket,), measures=(Measure("count"), Measure("cost")))
        answer = engine.aggregate(query)
        assert answer.way != "raw"
        days = [row[0].date() for row in answer.rows]
        assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
        assert sum(row[1] for row in answer.rows) == len(history.kept)
        if not history.expired:
            assert answer.rows == raw.aggregate(query).rows


def test_equal_values_deviate_by_exactly_nothing(tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        for minutes in range(30):
            gauge.task("t", duration_ms=0.1, at=FIRST + timedelta(minutes=minutes * 7))
    lake = Lake(resolve_home(tmp_path / "home"), PriceBook.load(), rollups_from_rows=1)
    lake.compact()
    with lake.snapshot() as snapshot:
        engine = DuckDBEngine(snapshot.connection, snapshot.rollups, rollups_from_rows=0)
        answer = engine.aggregate(Query(measures=(Measure("std_dev", "duration_ms"),)))
    assert (answer.way, answer.rows) == ("rollups", ((0.0,),))


def test_questions_that_rollups_cannot_answer_go_to_the_rows(history: History) -> None:
    asked = (
        Query(group=("attributes.k",)),
        Query(group=("work_item",)),
        Query(filters=(Filter("input_tokens", ">", 5),)),
        Query(measures=(Measure("p50", "duration_ms"),)),
        Query(measures=(Measure("p50", "duration_ms"),), group=("agent", "model"), exact=False),
        Query(measures=(Measure("p50", "duration_ms"),), group=(TimeBucket("hour", "Asia/Kathmandu"),), exact=False),
        Query(measures=(Measure("sum", "value"),)),
        Query(relation="operations"),
    )
    with history.engines() as (engine, raw):
        for query in asked:
            answer = engine.aggregate(query)
            assert (answer.way, answer.exact, answer.rows) == ("raw", True, raw.aggregate(query).rows)
            assert (answer.missing_before is not None) == bool(history.expired)
