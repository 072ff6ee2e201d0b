"""Learning, recovery, optimizations, and whether a change worked: held against SciPy, or counted by hand."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats

from agentgauge.analysis.change import paired_change
from agentgauge.analysis.proportions import agresti_caffo, fisher_mid_p
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service import before_after_wording
from agentgauge.service.reports.before_after import BeforeAfter, before_after
from agentgauge.service.reports.learning import learning
from agentgauge.service.reports.optimizations import optimizations
from agentgauge.service.reports.recovery import recovery
from tests.service.test_reports import EVER, NOON, engine, task, tool


def learnt(value: float, day: int, name: str = "prediction", **attributes: Any) -> Event:
    return Event(
        kind="measurement", name=name, time=NOON + timedelta(days=day), value=value, unit="1", feature="search",
        attributes={"metric_type": "learning", **attributes},
    )  # fmt: skip


def optimized(before: object, after: float, category: str = "latency", **attributes: Any) -> Event:
    stated = {"metric_type": "optimization", "before_value": before, **attributes}
    return Event(kind="measurement", name=category, time=NOON, value=after, attributes=stated)


def wrong(name: str, severity: str, recovery: str | None, category: str | None = None) -> Event:
    return Event(
        kind="error", time=NOON, error_type=name, severity=severity, recovery=recovery, error_category=category
    )


class TestLearning:
    def test_what_rises_every_day_is_shown_to_improve_and_what_does_not_is_not(self) -> None:
        draw = random.Random(1)
        events = [learnt(0.6 + 0.01 * day + draw.uniform(-0.005, 0.005), day) for day in range(25)]
        events += [learnt(0.8 + 0.02 * math.cos(2.1 * day), day, "classification") for day in range(25)]
        flat, rising = learning(engine(*events), EVER, "UTC").rows
        assert (rising.name, rising.trend, flat.name, flat.trend) == (
            "prediction", "improving", "classification", "stable",
        )  # fmt: skip
        days = [day.mean for day in rising.days]
        assert rising.slope_per_day == pytest.approx(stats.theilslopes(days, range(25)).slope)
        assert rising.latest == days[-1]

    def test_figures_that_were_stated_are_averaged_and_sizes_summed(self) -> None:
        events = (learnt(0.5, 0, confidence=0.8, sample_size=10), learnt(0.7, 1, confidence=0.6, sample_size=30))
        (row,) = learning(engine(*events), EVER, "UTC").rows
        assert (row.mean.mean, row.confidence, row.samples) == pytest.approx((0.6, 0.7, 40))
        assert (math.isnan(row.improvement_rate), row.trend) == (True, "insufficient_data")

    def test_other_measurements_are_none(self) -> None:
        other = Event(kind="measurement", name="x", time=NOON, value=1.0, attributes={"metric_type": "performance"})
        assert learning(engine(other), EVER, "UTC").rows == ()


class TestRecovery:
    ERRORS = (
        wrong("Timeout", "warning", "succeeded", "network"), wrong("Timeout", "error", "failed", "network"),
        wrong("Timeout", "warning", None, "network"), wrong("Parse", "critical", "failed"),
    )  # fmt: skip

    def test_only_what_was_tried_counts_for_its_rate(self) -> None:
        found = recovery(engine(*self.ERRORS), EVER)
        assert (found.errors, found.recovered.of, found.recovered.n) == (4, 1, 3)
        expected = stats.binomtest(1, 3).proportion_ci(0.95, method="wilson")
        assert (found.recovered.low, found.recovered.high) == pytest.approx((expected.low, expected.high))

    def test_types_come_by_number_severities_by_weight_and_only_stated_categories(self) -> None:
        found = recovery(engine(*self.ERRORS), EVER)
        assert [(group.name, group.count, group.severities) for group in found.by_type] == [
            ("Timeout", 3, ("error", "warning")), ("Parse", 1, ("critical",)),
        ]  # fmt: skip
        assert [group.name for group in found.by_severity] == ["critical", "error", "warning"]
        assert [(group.name, group.recovered.n) for group in found.by_category] == [("network", 2)]

    def test_the_time_to_recover_is_that_of_cycles_that_were_resolved(self) -> None:
        took = [float(ms) for ms in range(100, 125)]
        cycles = [Event(kind="debugging_cycle", time=NOON, outcome="success", duration_ms=ms) for ms in took]
        cycles.append(Event(kind="debugging_cycle", time=NOON, outcome="failure", duration_ms=9e6))
        found = recovery(engine(*cycles), EVER).cycles
        assert (found.count, found.resolved.of, found.resolved.n, found.timed, found.few) == (26, 25, 26, 25, False)
        assert (found.median_ms, found.p95_ms) == pytest.approx(tuple(np.percentile(took, [50, 95])))

    def test_of_nothing_counts_are_zero(self) -> None:
        found = recovery(engine(), EVER)
        assert (found.errors, found.by_type, found.cycles.count) == (0, (), 0)
        assert math.isnan(found.recovered.share)


class TestOptimizations:
    def test_the_change_of_a_category_is_that_of_its_pairs(self) -> None:
        pairs = [(100.0, 80.0), (120.0, 90.0), (90.0, 85.0), (110.0, 88.0)]
        found = optimizations(engine(*(optimized(*pair) for pair in pairs)), EVER)
        (latency,) = found.categories
        before, after = zip(*pairs, strict=True)
        alone = paired_change(before, after)
        assert latency.change.count == 4
        assert latency.change.relative.value == pytest.approx(alone.relative.value)
        assert latency.change.relative.p_value == pytest.approx(stats.ttest_rel(np.log(before), np.log(after)).pvalue)
        assert latency.change.absolute.p_value == pytest.approx(stats.ttest_rel(before, after).pvalue)
        assert (latency.direction, latency.shown, latency.improvement > 0) == ("lower", True, True)

    def test_one_without_a_value_before_is_none(self) -> None:
        assert optimizations(engine(optimized(None, 1.0), optimized("much", 1.0)), EVER).records == ()

    def test_what_the_records_say_is_better_counts(self) -> None:
        (found,) = optimizations(engine(optimized(1.0, 2.0, "reach", higher_is_better=True)), EVER).categories
        assert (found.direction, found.improvement, found.shown) == ("higher", 1.0, False)


CHANGE, NOW = NOON, NOON + timedelta(days=5)


def _compared(name: str, *events: Event) -> BeforeAfter:
    (found,) = before_after(engine(*events), CHANGE, NOW, metrics=(name,)).metrics
    return found


class TestBeforeAfter:
    def test_a_share_is_tested_by_fisher(self) -> None:
        events = [task("success" if at < 30 else "failure", hours=-1 - at) for at in range(60)]
        events += [task("success" if at < 55 else "failure", hours=1 + at) for at in range(60)]
        found = _compared("success_rate", *events)
        assert (found.n_before, found.n_after, found.before, found.after) == (60, 60, 0.5, 55 / 60)
        assert found.p_value == pytest.approx(fisher_mid_p(55, 60, 30, 60))
        assert found.p_value < stats.fisher_exact([[55, 5], [30, 30]]).pvalue
        assert (found.low, found.high) == agresti_caffo(55, 60, 30, 60, 0.95)
        assert (found.verdict, found.needed) == ("better", 0)

    def test_a_mean_is_tested_nearly_as_welch_does(self) -> None:
        draw = random.Random(7)
        before = [draw.gauss(1000, 90) for _ in range(40)]
        after = [draw.gauss(1040, 90) for _ in range(40)]
        events = [task(hours=-1 - at, duration_ms=ms) for at, ms in enumerate(before)]
        events += [task(hours=1 + at, duration_ms=ms) for at, ms in enumerate(after)]
        found = _compared("execution_time", *events)
        welch = stats.ttest_ind(after, before, equal_var=False)
        assert found.p_value == pytest.approx(welch.pvalue, abs=0.02)
        assert found.difference == pytest.approx(np.mean(after) - np.mean(before))
        interval = welch.confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=5)

    def test_where_none_is_shown_it_says_how_many_more_would_show_it(self) -> None:
        events = [task("success" if at % 8 < 6 else "failure", hours=(-1) ** at * (1 + at)) for at in range(40)]
        found = _compared("success_rate", *events, task("failure", hours=2))
        assert found.verdict == "no change shown"
        assert found.needed is not None
        assert found.needed > 0
        assert f"{found.needed:,} more on either side" in before_after_wording.verdict(found)

    def test_with_nothing_on_one_side_there_is_nothing_to_compare(self) -> None:
        found = _compared("quality_score", task(hours=1, quality_score=80.0))
        assert (found.verdict, found.needed) == ("nothing to compare", None)

    def test_both_sides_are_as_long_and_not_longer_than_asked_for(self) -> None:
        check = before_after(engine(), CHANGE, NOW, metrics=("success_rate",))
        assert (check.before.start, check.after.end) == (CHANGE - timedelta(days=5), NOW)
        short = before_after(engine(), CHANGE, NOW, longest=timedelta(days=2), metrics=("success_rate",))
        assert (short.before.start, short.after.end) == (CHANGE - timedelta(days=2), CHANGE + timedelta(days=2))

    def test_a_change_that_is_to_come_is_refused(self) -> None:
        with pytest.raises(QueryError, match="not before now"):
            before_after(engine(), NOW, NOW)

    def test_chances_are_adjusted_for_the_number_of_metrics(self) -> None:
        events = [task(hours=-1 - at, duration_ms=100.0 + at % 7, quality_score=80.0 + at % 5) for at in range(30)]
        events += [task(hours=1 + at, duration_ms=104.0 + at % 7, quality_score=80.0 + at % 5) for at in range(30)]
        check = before_after(engine(*events), CHANGE, NOW, metrics=("execution_time", "quality_score"))
        time, quality = check.metrics
        assert check.tests == 2
        assert time.p_adjusted == pytest.approx(2 * time.p_value)
        assert (time.verdict, quality.verdict) == ("worse", "no change shown")
        (said,) = before_after_wording.sentences(check)
        assert said[1] == "worse"
        assert said[0].startswith("Execution time is worse: from 103 ms to 107 ms (95 %:")
        assert said[0].endswith("after correction for 2 tests).")

    def test_tool_failures_are_a_share_of_which_less_is_better(self) -> None:
        late = datetime(2026, 3, 29, tzinfo=UTC)
        events = [tool("grep", "error") for _ in range(12)]
        events += [Event(kind="tool_call", name="grep", time=late, outcome="success") for _ in range(12)]
        (found,) = before_after(engine(*events), late, late + timedelta(days=2), metrics=("tool_failures",)).metrics
        assert (found.before, found.after, found.verdict) == (1.0, 0.0, "better")
