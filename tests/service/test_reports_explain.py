"""Why a figure changed, over a few events whose answers can be counted by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from agentgauge.analysis.decomposition import EXACT
from agentgauge.engines import Filter
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.meter import Meter
from agentgauge.pricing import PriceBook
from agentgauge.service.compared_windows import parse_compared
from agentgauge.service.demo import run_demo
from agentgauge.service.reports import explain
from agentgauge.service.reports.explanation import Explanation
from agentgauge.service.window import Window
from agentgauge.settings import get_settings
from tests.engines.relation import connection_with
from tests.engines.sample import FIRST, LAST, sample

BEFORE, AFTER = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
END = AFTER + timedelta(days=7)
EARLIER, LATER = Window(BEFORE, AFTER), Window(AFTER, END)
BOOK = PriceBook.load(
    {
        "big": {"input": 10, "output": 50, "cache_read": 1},
        "small": {"input": 1, "output": 5},
    }
)


def call(at: datetime, cost: str | None, *, model: str = "big", tokens: int = 100_000, **fields: Any) -> Event:
    own = {"outcome": "success", "agent": "coder", "cost_source": "unpriced" if cost is None else "computed"}
    return Event(
        kind="llm_call",
        time=at,
        model=model,
        input_tokens=tokens,
        cost_usd=None if cost is None else Decimal(cost),
        **{**own, **fields},
    )


def task(at: datetime, outcome: str | None = "success", **fields: Any) -> Event:
    return Event(kind="task", name="turn", time=at, outcome=outcome, **fields)


def asked(*events: Event, **more: Any) -> Explanation:
    more = {"window": LATER, "against": EARLIER, "now": END, **more}
    engine = DuckDBEngine(connection_with(events))
    return explain(engine, more.pop("window"), more.pop("against"), book=BOOK, **more)


def parts(answer: Explanation) -> dict[str, Decimal]:
    return {part.factor: part.amount for part in answer.parts if part.amount}


class TestCost:
    def test_twice_the_operations_are_volume(self) -> None:
        answer = asked(task(BEFORE), call(BEFORE, "1"), *[task(AFTER), call(AFTER, "1")] * 2)
        assert (answer.before.value, answer.after.value, answer.change) == (Decimal(1), Decimal(2), Decimal(1))
        assert (answer.unit_of_work, answer.before.count, answer.after.count) == ("operation", 1, 2)
        assert parts(answer) == {"volume": Decimal(1)}
        assert answer.relative == 1.0

    def test_a_change_of_the_price_book_is_price(self) -> None:
        answer = asked(task(BEFORE), call(BEFORE, "1"), task(AFTER), call(AFTER, "1.5"))
        assert parts(answer) == {"prices": Decimal("0.5")}

    def test_the_cost_of_a_call_is_shared_among_its_tokens_as_the_book_has_their_rates(self) -> None:
        """1,000,000 plain tokens at $10 become half cached at $1: $4.50 less, whatever else is the same."""
        answer = asked(
            task(BEFORE),
            call(BEFORE, "10", tokens=1_000_000),
            task(AFTER),
            call(AFTER, "5.5", tokens=1_000_000, cache_read_tokens=500_000),
        )
        assert parts(answer) == {"cache": Decimal("-4.5")}

    def test_output_and_input_are_told_apart(self) -> None:
        answer = asked(
            task(BEFORE),
            call(BEFORE, "1.5", output_tokens=10_000),
            task(AFTER),
            call(AFTER, "2.5", tokens=150_000, output_tokens=20_000),
        )
        assert parts(answer) == {"input_tokens": Decimal("0.5"), "output_tokens": Decimal("0.5")}

    def test_another_model_in_the_place_of_one_is_mix(self) -> None:
        answer = asked(task(BEFORE), call(BEFORE, "1"), task(AFTER), call(AFTER, "0.1", model="small"))
        assert parts(answer) == {"models": Decimal("-0.9")}

    def test_another_tier_of_a_model_is_mix_too(self) -> None:
        answer = asked(task(BEFORE), call(BEFORE, "1"), task(AFTER), call(AFTER, "1", tier="batch", tokens=50_000))
        assert parts(answer) == {}
        answer = asked(task(BEFORE), call(BEFORE, "1"), task(AFTER), call(AFTER, "2", tier="priority"))
        assert parts(answer) == {"models": Decimal(1)}

    def test_failed_calls_are_retries_and_what_they_cost_is_said(self) -> None:
        failed = [call(AFTER, "1", outcome=outcome) for outcome in ("error", "timeout", "interrupted")]
        answer = asked(task(BEFORE), call(BEFORE, "1"), task(AFTER), call(AFTER, "1"), *failed)
        assert parts(answer) == {"retries": Decimal(3)}
        assert (answer.before.failed, answer.after.failed) == (Decimal(0), Decimal(3))

    def test_a_call_without_an_outcome_has_not_failed(self) -> None:
        answer = asked(task(BEFORE), call(BEFORE, "1"), task(AFTER), *[call(AFTER, "1", outcome=None)] * 2)
        assert parts(answer) == {"calls": Decimal(1)}

    def test_a_cost_without_tokens_is_a_charge(self) -> None:
        answer = asked(
            task(BEFORE), call(BEFORE, "1", tokens=0), task(AFTER), call(AFTER, "3", tokens=0, cost_source="reported")
        )
        assert parts(answer) == {"charges": Decimal(2)}

    def test_of_a_model_that_the_book_does_not_know_only_the_cost_per_call_is_known(self) -> None:
        answer = asked(
            task(BEFORE),
            call(BEFORE, "1", model="nobody-knows", cost_source="reported"),
            task(AFTER),
            call(AFTER, "4", model="nobody-knows", tokens=500_000, cost_source="reported"),
        )
        assert parts(answer) == {"charges": Decimal(3)}

    def test_what_tools_cost_is_a_part_of_its_own(self) -> None:
        search = Event(
            kind="tool_call", name="search", time=AFTER, cost_usd=Decimal("0.25"), cost_source="reported", agent="coder"
        )
        answer = asked(task(BEFORE), call(BEFORE, "1"), task(AFTER), call(AFTER, "1"), search)
        assert parts(answer) == {"tools": Decimal("0.25")}
        assert answer.contributors[0].rows[0].change == Decimal("0.25")

    def test_without_tasks_in_one_of_the_windows_the_unit_is_a_call(self) -> None:
        answer = asked(task(BEFORE), call(BEFORE, "1"), *[call(AFTER, "1")] * 3)
        assert (answer.unit_of_work, answer.before.count, answer.after.count) == ("call", 1, 3)
        assert parts(answer) == {"volume": Decimal(2)}

    def test_where_all_calls_of_a_window_failed_every_call_is_a_unit(self) -> None:
        answer = asked(call(BEFORE, "1"), *[call(AFTER, "1", outcome="error")] * 3)
        assert (answer.unit_of_work, answer.before.count, answer.after.count) == ("call", 1, 3)
        assert sum(parts(answer).values()) == Decimal(2)

    def test_tools_alone_are_explained_too(self) -> None:
        search = [
            Event(kind="tool_call", name="s", time=at, cost_usd=Decimal(1), cost_source="reported")
            for at in (BEFORE, AFTER, AFTER)
        ]
        assert parts(asked(*search)) == {"volume": Decimal(1)}

    def test_prices_of_long_inputs_and_of_hours_are_looked_up_at_their_own(self) -> None:
        """Gemini 2.5 Pro costs twice as much for input above 200,000 tokens: the book shares a call's cost by that."""
        book = PriceBook.load()
        usage = {"provider": "google", "model": "gemini-2.5-pro"}
        events = [
            call(at, cost, tokens=tokens, output_tokens=output, **usage)
            for at, cost, tokens, output in (
                (BEFORE, "0.135", 100_000, 1000),
                (BEFORE, "1.015", 400_000, 1000),
                (AFTER, "0.135", 100_000, 1000),
                (AFTER, "1.030", 400_000, 2000),
            )
        ]
        found = explain(DuckDBEngine(connection_with(events)), LATER, EARLIER, book=book, now=END)
        assert set(parts(found)) == {"output_tokens", "prices"}
        assert sum(parts(found).values()) == Decimal("0.015")

    def test_contributors_add_up_and_the_largest_change_comes_first(self) -> None:
        answer = asked(
            call(BEFORE, "5", agent="reviewer"),
            call(BEFORE, "1"),
            call(AFTER, "2", agent="reviewer"),
            call(AFTER, "1.5"),
            call(AFTER, "0.1", agent=None, model="small"),
        )
        agents, models = answer.contributors
        assert [(row.key, row.change) for row in agents.rows] == [
            ("reviewer", Decimal(-3)),
            ("coder", Decimal("0.5")),
            (None, Decimal("0.1")),
        ]
        assert (agents.by, models.by) == ("agent", "model")
        for found in (agents, models):
            assert sum(row.change for row in found.rows) == answer.change

    def test_contributors_by_any_dimension(self) -> None:
        answer = asked(
            call(BEFORE, "5", attributes={"branch": "main"}),
            call(AFTER, "1", attributes={"branch": "x"}),
            by=("branch",),
        )
        assert [(row.key, row.change) for row in answer.contributors[0].rows] == [
            ("main", Decimal(-5)),
            ("x", Decimal(1)),
        ]
        with pytest.raises(QueryError, match="did you mean agent"):
            asked(call(BEFORE, "5"), by=("agnet",))

    def test_filters_hold_for_everything(self) -> None:
        answer = asked(
            call(BEFORE, "5", agent="reviewer"),
            call(BEFORE, "1"),
            call(AFTER, "2"),
            filters=(Filter("agent", "=", "coder"),),
        )
        assert (answer.before.value, answer.after.value) == (Decimal(1), Decimal(2))
        assert [row.key for row in answer.contributors[0].rows] == ["coder"]


class TestWhatIsNotKnown:
    def test_unpriced_calls_are_beside_and_in_no_factor(self) -> None:
        answer = asked(call(BEFORE, "1"), call(AFTER, "1"), *[call(AFTER, None, model="nobody-knows")] * 2)
        assert (answer.change, parts(answer)) == (Decimal(0), {})
        assert (answer.is_partial, answer.before.unpriced_calls, answer.after.unpriced_calls) == (True, 0, 2)
        (coder,) = answer.contributors[0].rows
        assert (coder.unpriced_before, coder.unpriced_after) == (0, 2)

    def test_a_window_of_unpriced_calls_alone_has_no_cost(self) -> None:
        answer = asked(call(BEFORE, None), call(AFTER, "1"))
        assert (answer.before.value, answer.after.value) == (None, Decimal(1))
        assert sum(parts(answer).values()) == answer.change == Decimal(1)

    def test_of_nothing_nothing_changed(self) -> None:
        answer = asked()
        assert (answer.before.value, answer.after.value, answer.change, parts(answer)) == (
            Decimal(0),
            Decimal(0),
            Decimal(0),
            {},
        )
        assert math.isnan(answer.relative)
        assert answer.recorded_since is None

    def test_a_window_before_recording_began_is_pointed_out(self) -> None:
        assert asked(call(AFTER, "1")).recorded_since == AFTER
        assert asked(call(BEFORE, "1")).recorded_since is None


class TestLength:
    def test_of_windows_of_different_length_the_length_is_a_factor(self) -> None:
        days = [BEFORE + timedelta(days=day, hours=1) for day in range(14)]
        answer = asked(*[call(at, "1") for at in days], against=Window(BEFORE, BEFORE + timedelta(days=2)))
        assert (answer.before.days, answer.after.days) == (2.0, 7.0)
        assert parts(answer) == {"length": Decimal(5)}

    def test_of_a_window_that_is_not_over_only_what_has_passed_counts(self) -> None:
        days = [BEFORE + timedelta(days=day, hours=1) for day in range(14)]
        now = AFTER + timedelta(days=3)
        answer = asked(*[call(at, "1") for at in days if at < now], now=now)
        assert (answer.after.is_unfinished, answer.before.is_unfinished, answer.after.days) == (True, False, 3.0)
        assert parts(answer) == {"length": Decimal(-4)}

    def test_the_window_to_compare_with_may_be_the_one_that_is_not_over(self) -> None:
        answer = asked(call(BEFORE, "1"), window=EARLIER, against=LATER, now=AFTER + timedelta(days=3))
        assert (answer.before.is_unfinished, answer.after.is_unfinished, answer.before.days) == (True, False, 3.0)

    def test_windows_that_overlap_are_pointed_out(self) -> None:
        assert asked(against=Window(BEFORE, END)).overlap
        assert not asked().overlap

    def test_a_window_in_the_future_is_refused(self) -> None:
        with pytest.raises(QueryError, match="after now"):
            asked(now=BEFORE + timedelta(days=1))


class TestTokens:
    def test_all_calls_count_priced_or_not(self) -> None:
        answer = asked(
            task(BEFORE),
            call(BEFORE, "1"),
            task(AFTER),
            call(AFTER, None, tokens=150_000, output_tokens=7),
            metric="tokens",
        )
        assert (answer.unit, answer.change) == ("token", Decimal(50_007))
        assert parts(answer) == {"input_tokens": Decimal(50_000), "output_tokens": Decimal(7)}
        assert answer.before.unpriced_calls == 0


class TestMeans:
    def test_a_success_rate_changes_within_operations_or_by_their_mix(self) -> None:
        events = [task(BEFORE, operation="fix"), task(BEFORE, "failure", operation="plan")]
        events += [task(AFTER, operation="fix")] * 3 + [task(AFTER, "failure", operation="plan"), task(AFTER, None)]
        answer = asked(*events, metric="success_rate")
        assert (answer.before.value, answer.after.value) == (Decimal("0.5"), Decimal("0.75"))
        assert parts(answer) == {"mix": Decimal("0.25")}
        assert (answer.before.count, answer.after.count, answer.unit_of_work) == (2, 4, None)
        assert {row.key: row.change for row in answer.contributors[0].rows} == {
            "fix": Decimal("0.09375"),
            "plan": Decimal("0.15625"),
        }

    def test_a_mean_by_another_dimension(self) -> None:
        events = [task(BEFORE, duration_ms=100.0, agent="a"), task(AFTER, duration_ms=300.0, agent="a")]
        answer = asked(*events, metric="duration", by=("agent",))
        assert (answer.metric, answer.unit, parts(answer)) == ("execution_time", "ms", {"within": Decimal(200)})
        with pytest.raises(QueryError, match="one dimension"):
            asked(*events, metric="duration", by=("agent", "role"))

    def test_failures_of_tools_are_taken_apart_by_tool(self) -> None:
        calls = ((BEFORE, "grep", "success"), (BEFORE, "bash", "failure"), (AFTER, "grep", "success"))
        events = [Event(kind="tool_call", name=name, time=at, outcome=outcome) for at, name, outcome in calls]
        answer = asked(*events, metric="tool_failures")
        assert parts(answer) == {"mix": Decimal("-0.5")}
        (tools,) = answer.contributors
        assert (tools.by, {row.key for row in tools.rows}) == ("tool", {"grep", "bash"})

    def test_attributes_and_measurements_are_metrics_too(self) -> None:
        events = [
            Event(kind="measurement", name="recall", time=at, value=value, attributes={"k": attribute})
            for at, value, attribute in ((BEFORE, 0.5, 3), (BEFORE, 0.5, "no number"), (AFTER, 0.75, 5))
        ]
        assert asked(*events, metric="recall").change == Decimal("0.25")
        assert asked(*events, metric="attributes.k").change == Decimal(2)

    def test_a_window_without_values_cannot_be_compared(self) -> None:
        answer = asked(task(AFTER), metric="success_rate")
        assert (answer.change, answer.parts, answer.before.value) == (None, (), None)
        assert answer.after.value == Decimal(1)
        assert (answer.before.count, answer.after.count) == (0, 1)

    @pytest.mark.parametrize("size", [1e-9, 1.0, 1e15, 1e200])
    def test_values_of_any_size_are_taken_apart_exactly(self, size: float) -> None:
        values = ((BEFORE, 0.1, "a"), (BEFORE, 7.3, "b"), (AFTER, 0.7, "a"), (AFTER, 3.3, "b"), (AFTER, 1 / 3, "b"))
        events = [
            Event(kind="measurement", name="m", time=at, value=value * size, agent=agent) for at, value, agent in values
        ]
        answer = asked(*events, metric="m")
        with localcontext(EXACT):
            assert sum(part.amount for part in answer.parts) == answer.change
            assert sum(row.change for row in answer.contributors[0].rows) == answer.change
        assert float(answer.change or 0) == pytest.approx(((0.7 + 3.3 + 1 / 3) / 3 - (0.1 + 7.3) / 2) * size)

    def test_money_is_not_a_mean(self) -> None:
        with pytest.raises(QueryError, match="'cost'"):
            asked(call(BEFORE, "1"), metric="cost_usd")


@pytest.mark.parametrize(("seed", "share"), [(1, 0.3), (2, 0.5), (3, 0.7)])
def test_parts_and_contributors_add_up_on_any_history(seed: int, share: float) -> None:
    """Events of every kind, with costs to the picodollar, unknown models, failures, tools and absent values."""
    engine = DuckDBEngine(connection_with(sample(400, seed)))
    cut = FIRST + (LAST - FIRST) * share
    windows = Window(cut, LAST), Window(FIRST, cut)
    for metric in ("cost", "tokens", "success_rate", "execution_time", "quality_score"):
        there = explain(engine, *windows, book=BOOK, now=LAST, metric=metric)
        assert sum(part.amount for part in there.parts) == there.change
        for found in there.contributors:
            assert sum(row.change for row in found.rows) == there.change
        back = explain(engine, *reversed(windows), book=BOOK, now=LAST, metric=metric)
        assert [part.amount for part in back.parts] == [-part.amount for part in there.parts]


def test_a_real_session_is_taken_apart_to_the_last_picodollar(tmp_path: Path) -> None:
    """The demo's session, its first half against its second: one model at one price, dearer in what caches gave."""
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    run_demo(str(tmp_path / "demo"), now, "UTC")
    meter = Meter(get_settings(tmp_path / "demo", environ={}))
    later, earlier = parse_compared("61m", "previous", UTC, now + timedelta(seconds=1))
    with meter.engine() as engine:
        answer = explain(engine, later, earlier, book=meter.book, now=now + timedelta(seconds=1))
    assert answer.before.value is not None
    assert answer.after.value is not None
    assert answer.before.value + answer.after.value == Decimal("42.5959075")
    assert sum(part.amount for part in answer.parts) == answer.after.value - answer.before.value == answer.change
    found = parts(answer)
    assert "prices" not in found
    assert "models" not in found
    assert found["cache"] > 0
    assert found["calls"] < 0 < found["volume"]
