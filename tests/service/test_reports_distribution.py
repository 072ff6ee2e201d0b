"""Histograms, percentiles over time and hours of the week, against NumPy; and where single events are from."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agentgauge.engines import Filter, Query
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service.reports.histogram import MOST_CLASSES, histogram
from agentgauge.service.reports.origins import origins
from agentgauge.service.reports.percentile_course import percentile_course
from agentgauge.service.reports.week_hours import week_hours
from tests.service.test_reports import EVER, NOON, call, engine, task


def _times(count: int, seed: int = 4) -> list[float]:
    draw = random.Random(seed)
    return [draw.lognormvariate(7, 1.3) for _ in range(count)]


class TestHistogram:
    def test_counts_are_those_of_numpy_between_the_same_edges(self) -> None:
        took = _times(700)
        found = histogram(engine(*(task(duration_ms=ms) for ms in took)), "execution_time", EVER)
        edges = [each.low for each in found.classes] + [found.classes[-1].high]
        assert [each.count for each in found.classes] == list(np.histogram(took, bins=edges)[0])
        assert found.count == sum(each.count for each in found.classes) == 700

    def test_classes_are_equally_wide_as_ratios_and_hold_all_values(self) -> None:
        took = _times(300)
        found = histogram(engine(*(task(duration_ms=ms) for ms in took)), "execution_time", EVER)
        ratios = [each.high / each.low for each in found.classes]
        assert ratios == pytest.approx([ratios[0]] * len(ratios))
        assert found.classes[0].low < min(took) <= found.classes[0].high
        assert found.classes[-1].low < max(took) <= found.classes[-1].high
        assert [each.low for each in found.classes[1:]] == [each.high for each in found.classes[:-1]]

    @pytest.mark.parametrize(("count", "most"), [(3, 8), (100, 10), (4_000, MOST_CLASSES)])
    def test_there_are_as_many_classes_as_the_values_bear(self, count: int, most: int) -> None:
        found = histogram(engine(*(task(duration_ms=ms) for ms in _times(count))), "execution_time", EVER)
        assert most / 2 <= len(found.classes) <= most

    def test_zeros_are_counted_and_in_no_class(self) -> None:
        found = histogram(engine(call("0"), call("0"), call("0.25")), "cost", EVER, per="call")
        assert (found.zeros, found.negative, [each.count for each in found.classes]) == (2, 0, [1])

    def test_one_value_is_in_one_class(self) -> None:
        (only,) = histogram(engine(task(duration_ms=1000.0)), "execution_time", EVER).classes
        assert only.low < 1000 <= only.high

    def test_of_nothing_there_is_no_class(self) -> None:
        found = histogram(engine(), "execution_time", EVER)
        assert (found.count, found.classes) == (0, ())

    def test_a_share_has_none(self) -> None:
        with pytest.raises(QueryError, match="share"):
            histogram(engine(task()), "success_rate", EVER)

    def test_conditions_choose_whose_values(self) -> None:
        tasks = (task(duration_ms=10.0, agent="a"), task(duration_ms=20.0, agent="b"))
        assert histogram(engine(*tasks), "execution_time", EVER, (Filter("agent", "=", "b"),)).count == 1


class TestPercentileCourse:
    def test_each_day_has_the_percentiles_of_numpy(self) -> None:
        days = {day: _times(40, seed=day) for day in range(3)}
        events = [
            task(hours=24 * day + at / 10, duration_ms=ms) for day, own in days.items() for at, ms in enumerate(own)
        ]
        found = percentile_course(engine(*events), "execution_time", EVER, "day", "UTC", exact=True)
        assert [bucket.count for bucket in found.buckets] == [40, 40, 40]
        for bucket, own in zip(found.buckets, days.values(), strict=True):
            assert (bucket.p50, bucket.p95, bucket.p99) == pytest.approx(tuple(np.percentile(own, [50, 95, 99])))

    def test_a_day_without_values_is_there_without_figures(self) -> None:
        events = (task(duration_ms=1.0), task(hours=48, duration_ms=3.0))
        found = percentile_course(engine(*events), "execution_time", EVER, "day", "UTC")
        assert [bucket.count for bucket in found.buckets] == [1, 0, 1]
        assert math.isnan(found.buckets[1].p50)

    def test_high_percentiles_of_fewer_than_twenty_are_hidden(self) -> None:
        events = [task(hours=at / 100, duration_ms=float(at + 1)) for at in range(20)]
        events += [task(hours=24 + at / 100, duration_ms=float(at + 1)) for at in range(19)]
        found = percentile_course(engine(*events), "execution_time", EVER, "day", "UTC")
        many, few = found.buckets
        assert (many.few, few.few, found.few) == (False, True, 1)
        assert (many.shown_p95, many.shown_p99) == (many.p95, many.p99)
        assert all(map(math.isnan, (few.shown_p95, few.shown_p99)))
        assert few.p50 == 10

    def test_a_share_has_none(self) -> None:
        with pytest.raises(QueryError, match="share"):
            percentile_course(engine(task()), "error_rate", EVER, "day", "UTC")


class TestWeekHours:
    def test_hours_of_all_weeks_are_laid_over_each_other(self) -> None:
        events = (
            task(duration_ms=10.0), task(hours=7 * 24, duration_ms=30.0), task(hours=1, duration_ms=5.0),
        )  # fmt: skip
        found = week_hours(engine(*events), "execution_time", EVER, "UTC")
        cells = {(cell.weekday, cell.hour): cell for cell in found.cells}
        assert len(cells) == 168
        assert NOON.weekday() == 5
        assert (cells[5, 12].count, cells[5, 12].mean, cells[5, 13].count) == (2, 20.0, 1)
        assert found.busiest == cells[5, 12]
        assert found.count == sum(cell.count for cell in found.cells) == 3

    def test_the_zone_says_which_hour_it_is(self) -> None:
        found = week_hours(engine(task(duration_ms=1.0)), "execution_time", EVER, "Asia/Tokyo")
        assert found.busiest is not None
        assert (found.busiest.weekday, found.busiest.hour) == (5, 21)

    def test_of_nothing_no_hour_is_the_busiest(self) -> None:
        found = week_hours(engine(), "latency", EVER, "UTC")
        assert (found.busiest, found.count, len(found.cells)) == (None, 0, 168)


class TestOrigins:
    def test_an_operation_leads_to_itself_and_to_the_work_around_it(self) -> None:
        one = engine(task(span_id="a", project="p", run="r", session="s1", issue="7", trace_id="t"), task(span_id="b"))
        rows = list(one.scan(Query(), ("time", "segment", "n", "span_id")))
        found = origins(one, [(time, segment, n) for time, segment, n, _ in rows])
        own = next(found[segment, n] for _, segment, n, span in rows if span == "a")
        assert (own.operation, own.project, own.run, own.session, own.ticket, own.trace_id) == (
            "a", "p", "r", "s1", "7", "t",
        )  # fmt: skip

    def test_a_call_leads_to_what_it_is_inside_of(self) -> None:
        one = engine(call(parent_id="a", span_id="c"))
        ((time, segment, n),) = one.scan(Query(), ("time", "segment", "n"))
        assert origins(one, [(time, segment, n)])[segment, n].operation == "a"

    def test_what_is_gone_is_left_out_and_nothing_asks_for_nothing(self) -> None:
        one = engine(task())
        assert origins(one, [(NOON, "elsewhere", 1)]) == {}
        assert origins(one, []) == {}


def test_the_hour_that_comes_twice_counts_as_one() -> None:
    back = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    events = [
        Event(kind="task", name="turn", time=back + timedelta(hours=at), duration_ms=1.0, outcome="success")
        for at in range(2)
    ]
    found = week_hours(engine(*events), "execution_time", EVER, "Europe/Berlin")
    assert found.busiest is not None
    assert (found.busiest.hour, found.busiest.count) == (2, 2)
