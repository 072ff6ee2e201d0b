"""How good work is and what people say of it: intervals as SciPy has them, and what leads where."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats

from agentgauge.events import Event
from agentgauge.service.reports.feature_usage import feature_usage
from agentgauge.service.reports.feedback import Interaction, feedback
from agentgauge.service.reports.intervals import mean_of, share_of
from agentgauge.service.reports.satisfaction import satisfaction
from agentgauge.service.reports.work_quality import work_quality
from tests.service.test_reports import EVER, NOON, engine, task


def score(value: float, *, hours: float = 0, **fields: Any) -> Event:
    return Event(kind="satisfaction", time=NOON + timedelta(hours=hours), value=value, **fields)


def use(feature: str | None, action: str, outcome: str | None = "success", **fields: Any) -> Event:
    return Event(kind="feature_usage", name=action, time=NOON, feature=feature, outcome=outcome, **fields)


class TestIntervals:
    @pytest.mark.parametrize("count", [2, 5, 40])
    def test_of_a_mean_it_is_that_of_scipy(self, count: int) -> None:
        draw = random.Random(count)
        values = [draw.gauss(80, 5) for _ in range(count)]
        found = mean_of(count, float(np.mean(values)), float(np.std(values, ddof=1)), (0.0, 100.0))
        low, high = stats.t.interval(0.95, count - 1, loc=np.mean(values), scale=stats.sem(values))
        assert (found.low, found.high) == pytest.approx((max(low, 0.0), min(high, 100.0)))

    def test_it_does_not_leave_the_scale(self) -> None:
        found = mean_of(3, 0.9, 0.2, (0.0, 1.0))
        assert (found.low > 0, found.high) == (True, 1.0)

    @pytest.mark.parametrize(("n", "std_dev"), [(1, 0.0), (4, 0.0)])
    def test_of_one_value_and_of_values_that_do_not_vary_there_is_none(self, n: int, std_dev: float) -> None:
        found = mean_of(n, 0.5, std_dev, (0.0, 1.0))
        assert (found.n, found.mean, math.isnan(found.low), math.isnan(found.high)) == (n, 0.5, True, True)

    @pytest.mark.parametrize(("of", "n"), [(0, 5), (3, 7), (180, 200)])
    def test_of_a_share_it_is_that_of_scipy(self, of: int, n: int) -> None:
        found = share_of(of, n)
        expected = stats.binomtest(of, n).proportion_ci(0.95, method="wilson")
        assert (found.share, found.low, found.high) == pytest.approx((of / n, expected.low, expected.high))

    def test_of_nothing_nothing_is_known(self) -> None:
        assert math.isnan(mean_of(0, None, None, (0.0, 1.0)).mean)
        assert math.isnan(share_of(0, 0).share)


class TestSatisfaction:
    def test_scores_of_one_to_five_are_their_five_classes(self) -> None:
        given = [0.0, 0.25, 0.25, 0.5, 0.75, 0.75, 1.0]
        found = satisfaction(engine(*map(score, given)), EVER, "day", "UTC")
        assert [(each.score, each.count) for each in found.classes] == [(1, 1), (2, 2), (3, 1), (4, 2), (5, 1)]

    def test_ratios_are_in_the_nearest_class(self) -> None:
        draw = random.Random(3)
        given = [draw.random() for _ in range(200)]
        found = satisfaction(engine(*map(score, given)), EVER, "day", "UTC")
        expected = np.histogram(given, bins=[0, 0.125, 0.375, 0.625, 0.875, 1.0])[0]
        assert [each.count for each in found.classes] == list(expected)

    def test_from_seven_tenths_people_are_satisfied(self) -> None:
        found = satisfaction(engine(score(0.69), score(0.7), score((3.8 - 1) / 4), score(1.0)), EVER, "day", "UTC")
        assert (found.satisfied.of, found.satisfied.n) == (3, 4)

    def test_kinds_come_with_the_most_scores_first_and_the_unnamed_is_no_kind_called_overall(self) -> None:
        scores = (score(1.0), score(0.5, name="overall"), score(0.0, name="speed"), score(0.5, name="speed"))
        found = satisfaction(engine(*scores), EVER, "day", "UTC")
        assert [(kind.name, kind.mean.n, kind.satisfied.of) for kind in found.kinds] == [
            ("speed", 2, 0), (None, 1, 1), ("overall", 1, 0),
        ]  # fmt: skip

    def test_each_day_has_its_mean_with_its_interval(self) -> None:
        values = (0.5, 0.75, 1.0)
        found = satisfaction(engine(*(score(value) for value in values), score(1.0, hours=48)), EVER, "day", "UTC")
        first, empty, alone = found.course
        low, _ = stats.t.interval(0.95, 2, loc=0.75, scale=stats.sem(values))
        assert (first.mean.mean, first.mean.low, first.mean.high) == pytest.approx((0.75, max(low, 0.0), 1.0))
        assert (empty.mean.n, alone.mean.mean, math.isnan(alone.mean.low)) == (0, 1.0, True)

    def test_of_no_scores_nothing_is_said(self) -> None:
        found = satisfaction(engine(), EVER, "day", "UTC")
        assert (found.mean.n, found.kinds, found.course) == (0, (), ())
        assert sum(each.count for each in found.classes) == 0


class TestFeedback:
    def test_words_and_the_score_as_given_come_with_it(self) -> None:
        attributes = {"feedback": "At once.", "score": 4, "scale": 5}
        (row,) = feedback(engine(score(0.75, feature="search", attributes=attributes)), EVER).rows
        assert (row.words, row.given, row.score, row.feature, row.type) == ("At once.", "4", 0.75, "search", None)

    def test_the_interaction_that_is_named_is_found_wherever_it_was_recorded(self) -> None:
        events = (
            task(span_id="op-1", project="shop"), task(run="r-1"), task(session="s-1"),
        )  # fmt: skip
        scores = (
            score(1.0, hours=at, attributes={"interaction_id": name}) for at, name in enumerate(("op-1", "r-1", "s-1"))
        )
        rows = feedback(engine(*events, *scores), EVER).rows
        assert [row.interaction for row in rows] == [
            Interaction("session", "s-1", None), Interaction("run", "r-1", None),
            Interaction("operation", "op-1", "shop"),
        ]  # fmt: skip

    def test_one_of_another_system_leads_to_what_it_was_recorded_in(self) -> None:
        (row,) = feedback(engine(score(1.0, session="s-9", attributes={"interaction_id": "chat 77"})), EVER).rows
        assert (row.stated, row.interaction) == ("chat 77", Interaction("session", "s-9", None))

    def test_low_ones_and_those_with_words_are_asked_for(self) -> None:
        scores = engine(score(0.5), score(0.7), score(1.0, attributes={"feedback": "Thanks."}))
        assert [row.score for row in feedback(scores, EVER, which="low").rows] == [0.5]
        assert [row.words for row in feedback(scores, EVER, which="worded").rows] == ["Thanks."]

    def test_the_newest_come_first_and_all_are_counted(self) -> None:
        scores = engine(*(score(at / 10, hours=at) for at in range(8)))
        found = feedback(scores, EVER, limit=3)
        assert ([row.score for row in found.rows], found.total) == ([0.7, 0.6, 0.5], 8)


class TestFeatureUsage:
    def test_a_feature_is_followed_by_its_actions(self) -> None:
        uses = (
            use("chat", "open"), use("search", "query", user="ada"), use("search", "query", "failure", user="ada"),
            use("search", "filter", None, user="grace"),
        )  # fmt: skip
        rows = feature_usage(engine(*uses), EVER).rows
        assert [(row.feature, row.action, row.uses, row.users) for row in rows] == [
            ("search", None, 3, 2), ("search", "query", 2, 1), ("search", "filter", 1, 1),
            ("chat", None, 1, 0), ("chat", "open", 1, 0),
        ]  # fmt: skip
        assert (rows[0].success.of, rows[0].success.n) == (1, 2)

    def test_a_task_that_names_a_feature_is_a_use_and_one_that_names_none_is_not(self) -> None:
        rows = feature_usage(engine(task(feature="search"), task(), use(None, "query")), EVER).rows
        assert [(row.feature, row.action, row.uses) for row in rows if row.action is None] == [
            (None, None, 1), ("search", None, 1),
        ]  # fmt: skip

    def test_durations_are_those_of_numpy_and_few_are_marked(self) -> None:
        took = [float(ms) for ms in range(1, 31)]
        rows = feature_usage(engine(*(use("search", "query", duration_ms=ms) for ms in took)), EVER).rows
        assert (rows[0].median_ms, rows[0].p95_ms, rows[0].few) == (*np.percentile(took, [50, 95]), False)
        (few, _) = feature_usage(engine(use("search", "query", duration_ms=1.0)), EVER).rows
        assert few.few


def test_quality_and_success_of_each_agent_have_their_intervals() -> None:
    scores = (70.0, 80.0, 90.0)
    tasks = [task(agent="a", quality_score=value) for value in scores]
    tasks += [task("failure", agent="a"), task(None, agent="a"), task(agent="b")]
    a, b = work_quality(engine(*tasks), EVER, "agent").rows
    assert (a.name, a.tasks, a.quality.n, a.success.of, a.success.n) == ("a", 5, 3, 3, 4)
    low, high = stats.t.interval(0.95, 2, loc=80, scale=stats.sem(scores))
    assert (a.quality.mean, a.quality.low, a.quality.high) == pytest.approx((80, low, min(high, 100)))
    assert (b.name, b.quality.n, b.success.share) == ("b", 0, 1.0)
    (every,) = work_quality(engine(*tasks), EVER, None).rows
    assert (every.name, every.tasks) == (None, 6)
