"""What changed in a window of time, factor by factor, to the last picodollar."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgauge.analysis.decomposition import Part
from agentgauge.analysis.decomposition_usage import FACTORS, TOKEN_KINDS, Calls, Spending, decompose

PICO = Decimal("1e-12")
RATES = {
    "opus": ("5", "0.5", "6.25", "10", "25", "25"),
    "haiku": ("1", "0.1", "1.25", "2", "5", "5"),
    "mini": ("0.15", "0", "0", "0", "2", "3"),
}
"""USD per million tokens of each kind."""
NOTHING = Spending(Decimal(7), 0, {}, {})


def calls(model: str, count: int, tokens: tuple[int, ...], *, charge: str = "0", times: int = 1) -> Calls:
    """`count` calls alike of `tokens` of each kind, at `times` the rates."""
    all_tokens = tuple(each * count for each in tokens)
    rates = (Decimal(rate) * times / 1_000_000 for rate in RATES[model])
    amounts = tuple(each * rate for each, rate in zip(all_tokens, rates, strict=True))
    return Calls(count, all_tokens, amounts, Decimal(charge) * count)


def total(window: Spending) -> Decimal:
    every = (*window.succeeded.values(), *window.failed.values())
    return sum((*(amount for one in every for amount in one.amounts), *(one.charges for one in every)), window.tools)


def parts(before: Spending, after: Spending) -> dict[str, Decimal]:
    found = decompose(before, after, total(after) - total(before), PICO)
    assert tuple(part.factor for part in found) == FACTORS
    return {part.factor: part.amount for part in found}


def changed(before: Spending, after: Spending) -> dict[str, Decimal]:
    return {name: amount for name, amount in parts(before, after).items() if amount}


WEEK = Spending(
    days=Decimal(7),
    units=10,
    succeeded={
        "opus": calls("opus", 30, (1000, 4000, 100, 50, 300, 20), charge="0.001"),
        "haiku": calls("haiku", 10, (500, 0, 0, 0, 100, 0)),
    },
    failed={"opus": calls("opus", 5, (1000, 0, 0, 0, 0, 0))},
    tools=Decimal("0.25"),
)


def times(window: Spending, factor: int) -> Spending:
    """The same work so many times over."""

    def more(models: Any) -> Any:
        return {
            model: Calls(
                each.calls * factor,
                tuple(tokens * factor for tokens in each.tokens),
                tuple(amount * factor for amount in each.amounts),
                each.charges * factor,
            )
            for model, each in models.items()
        }

    return Spending(
        window.days, window.units * factor, more(window.succeeded), more(window.failed), window.tools * factor
    )


class TestOneFactorAlone:
    """Where only one factor has changed, it has all of the change."""

    def test_volume(self) -> None:
        assert changed(WEEK, times(WEEK, 3)) == {"volume": total(WEEK) * 2}

    def test_length(self) -> None:
        longer = msgspec.structs.replace(times(WEEK, 2), days=Decimal(14))
        assert changed(WEEK, longer) == {"length": total(WEEK)}

    def test_calls_per_unit_of_work(self) -> None:
        more = msgspec.structs.replace(WEEK, succeeded=times(WEEK, 2).succeeded)
        assert set(changed(WEEK, more)) == {"calls"}

    def test_failed_calls(self) -> None:
        more = msgspec.structs.replace(WEEK, failed=times(WEEK, 4).failed)
        assert changed(WEEK, more) == {"retries": total(more) - total(WEEK)}

    def test_failed_calls_where_there_were_none(self) -> None:
        fewer = msgspec.structs.replace(WEEK, failed={})
        assert set(changed(fewer, WEEK)) == {"retries"}

    def test_the_mix_of_models(self) -> None:
        tokens = (1000, 0, 0, 0, 300, 0)

        def mix(opus: int, haiku: int) -> Spending:
            return Spending(
                Decimal(7), 10, {"opus": calls("opus", opus, tokens), "haiku": calls("haiku", haiku, tokens)}, {}
            )

        assert set(changed(mix(10, 30), mix(20, 20))) == {"models"}

    def test_a_new_model_in_the_place_of_another(self) -> None:
        before = Spending(Decimal(7), 10, {"opus": calls("opus", 10, (1000, 0, 0, 0, 300, 0))}, {})
        after = Spending(Decimal(7), 10, {"mini": calls("mini", 10, (1500, 0, 0, 0, 800, 0))}, {})
        assert set(changed(before, after)) == {"models"}

    @pytest.mark.parametrize(
        ("factor", "tokens"),
        [
            ("input_tokens", (2000, 8000, 200, 100, 300, 20)),
            ("output_tokens", (1000, 4000, 100, 50, 900, 80)),
            ("cache", (3150, 1000, 500, 500, 300, 20)),
        ],
    )
    def test_tokens_of_a_call_and_the_cache(self, factor: str, tokens: tuple[int, ...]) -> None:
        before = Spending(Decimal(7), 10, {"opus": calls("opus", 30, (1000, 4000, 100, 50, 300, 20))}, {})
        after = Spending(Decimal(7), 10, {"opus": calls("opus", 30, tokens)}, {})
        assert set(changed(before, after)) == {factor}

    def test_a_cache_that_was_not_used_before(self) -> None:
        before = Spending(Decimal(7), 10, {"opus": calls("opus", 30, (5000, 0, 0, 0, 300, 0))}, {})
        after = Spending(Decimal(7), 10, {"opus": calls("opus", 30, (1000, 4000, 0, 0, 300, 0))}, {})
        assert changed(before, after) == {"cache": total(after) - total(before)}

    def test_prices(self) -> None:
        tokens = (1000, 4000, 100, 50, 300, 20)
        before = Spending(Decimal(7), 10, {"opus": calls("opus", 30, tokens)}, {})
        after = Spending(Decimal(7), 10, {"opus": calls("opus", 30, tokens, times=2)}, {})
        assert changed(before, after) == {"prices": total(before)}

    def test_charges_that_no_tokens_explain(self) -> None:
        def charged(amount: str) -> Spending:
            return Spending(Decimal(7), 10, {"opus": calls("opus", 30, (0,) * 6, charge=amount)}, {})

        assert changed(charged("0.01"), charged("0.02")) == {"charges": Decimal("0.30")}

    def test_tools(self) -> None:
        more = msgspec.structs.replace(WEEK, tools=Decimal(3))
        assert changed(WEEK, more) == {"tools": Decimal("2.75")}

    def test_nothing(self) -> None:
        assert changed(WEEK, WEEK) == {}
        assert changed(NOTHING, NOTHING) == {}

    def test_a_window_in_which_nothing_was_done_has_no_volume(self) -> None:
        assert changed(WEEK, NOTHING) == {"volume": -total(WEEK)}
        assert changed(NOTHING, WEEK) == {"volume": total(WEEK)}

    def test_work_without_any_calls(self) -> None:
        assert set(changed(Spending(Decimal(7), 10, {}, {}), WEEK)) == {"calls", "retries", "tools"}


def test_two_factors_share_what_is_of_both() -> None:
    """Twice the work at twice the price: 1 x 1 becomes 2 x 2, and each has 1.5 of the 3."""
    tokens = (1_000_000, 0, 0, 0, 0, 0)
    before = Spending(Decimal(1), 1, {"haiku": calls("haiku", 1, tokens)}, {})
    after = Spending(Decimal(1), 2, {"haiku": calls("haiku", 2, tokens, times=2)}, {})
    assert changed(before, after) == {"volume": Decimal("1.5"), "prices": Decimal("1.5")}


counts = st.integers(0, 50)
token_counts = st.tuples(*(st.integers(0, 10**6) for _ in TOKEN_KINDS))
picos = st.integers(0, 10**12).map(lambda amount: Decimal(amount) * PICO)


@st.composite
def call_sums(draw: Callable[..., Any]) -> Calls:
    tokens = draw(token_counts)
    amounts = tuple(draw(picos) if count else Decimal(0) for count in tokens)
    return Calls(draw(st.integers(1, 50)), tokens, amounts, draw(st.sampled_from((Decimal(0), Decimal("0.3")))))


models = st.dictionaries(st.sampled_from(("a", "b", "c")), call_sums(), max_size=3)
windows = st.builds(
    Spending,
    days=st.sampled_from((Decimal(1), Decimal(7), Decimal("6.5"))),
    units=st.integers(1, 50),
    succeeded=models,
    failed=models,
    tools=st.sampled_from((Decimal(0), Decimal("1.23"))),
) | st.just(NOTHING)


@settings(max_examples=60)
@given(windows, windows)
def test_parts_add_up_to_the_change_exactly(before: Spending, after: Spending) -> None:
    assert sum(parts(before, after).values()) == total(after) - total(before)


@settings(max_examples=40)
@given(windows, windows)
def test_changing_back_turns_every_sign(before: Spending, after: Spending) -> None:
    there, back = parts(before, after), parts(after, before)
    assert {name: -amount for name, amount in there.items()} == back


@settings(max_examples=40)
@given(windows, windows, st.integers(2, 1000))
def test_dearer_money_makes_every_part_dearer(before: Spending, after: Spending, factor: int) -> None:
    """All amounts times a number: so are the parts, but for the last digit that rounding moves."""

    def dearer(window: Spending) -> Spending:
        def of(models: Any) -> Any:
            return {
                model: Calls(one.calls, one.tokens, tuple(a * factor for a in one.amounts), one.charges * factor)
                for model, one in models.items()
            }

        return msgspec.structs.replace(
            window, succeeded=of(window.succeeded), failed=of(window.failed), tools=window.tools * factor
        )

    small, large = parts(before, after), parts(dearer(before), dearer(after))
    assert all(abs(large[name] - amount * factor) <= PICO * factor for name, amount in small.items())


@settings(max_examples=40)
@given(windows, windows, st.integers(2, 1000))
def test_the_same_change_of_more_work_is_so_much_larger(before: Spending, after: Spending, factor: int) -> None:
    small, large = parts(before, after), parts(times(before, factor), times(after, factor))
    assert all(abs(large[name] - amount * factor) <= PICO * factor for name, amount in small.items())


@settings(max_examples=40)
@given(windows, windows)
def test_the_order_of_models_does_not_matter(before: Spending, after: Spending) -> None:
    def turned(window: Spending) -> Spending:
        return msgspec.structs.replace(
            window,
            succeeded=dict(reversed(list(window.succeeded.items()))),
            failed=dict(reversed(list(window.failed.items()))),
        )

    assert parts(before, after) == parts(turned(before), turned(after))


def test_the_factors_are_shown_as_they_were_and_are() -> None:
    found = {part.factor: part for part in decompose(WEEK, times(WEEK, 2), total(WEEK), PICO)}
    assert (found["volume"].before, found["volume"].after) == (10 / 7, 20 / 7)
    assert (found["calls"].before, found["retries"].before, found["tools"].before) == (4.0, 0.5, 0.025)
    assert found["input_tokens"].before == pytest.approx((30 * 5150 + 10 * 500 + 5 * 1000) / 45)
    assert found["cache"].before == pytest.approx(30 * 4000 / (30 * 5150 + 10 * 500 + 5 * 1000))
    assert math.isnan(found["models"].before)
    assert math.isnan(found["prices"].after)


def test_of_an_empty_window_the_factors_are_not_known() -> None:
    found: dict[str, Part] = {part.factor: part for part in decompose(NOTHING, NOTHING, Decimal(0), PICO)}
    assert found["volume"].before == 0
    assert all(math.isnan(found[name].before) for name in ("calls", "retries", "input_tokens", "cache", "tools"))


def test_money_without_units_of_work_is_refused() -> None:
    with pytest.raises(ValueError, match="another unit"):
        parts(WEEK, msgspec.structs.replace(WEEK, units=0))


def test_a_window_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        parts(WEEK, msgspec.structs.replace(WEEK, days=Decimal(0)))
