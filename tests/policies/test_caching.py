"""What caches would have saved, from lengths alone."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from agentgauge.policies.caching import Call, Conversation, Repetition, Repetitions, use_cache
from agentgauge.policies.thresholds import Thresholds
from agentgauge.pricing.rates import Rates, rates_of
from tests.policies.facts import END, MONTH

RATES = rates_of(
    input=Decimal(3), output=Decimal(15), cache_read=Decimal("0.3"), cache_write_5m=Decimal("3.75")
)  # USD per million tokens


def conversation(
    lengths: Sequence[int],
    *,
    answered: int = 100,
    minutes: float = 1,
    rates: Rates | None = RATES,
    cached: int = 0,
    days_ago: int = 1,
) -> Repetition | None:
    """Of calls of these inputs, so many minutes apart."""
    return talk(lengths, answered=answered, minutes=minutes, rates=rates, cached=cached, days_ago=days_ago).repetition


def talk(
    lengths: Sequence[int],
    *,
    answered: int = 100,
    minutes: float = 1,
    rates: Rates | None = RATES,
    cached: int = 0,
    days_ago: int = 1,
) -> Conversation:
    calls = Conversation(Thresholds())
    for number, length in enumerate(lengths):
        time = END - timedelta(days=days_ago) + number * timedelta(minutes=minutes)
        calls.add(Call(time, length, answered, cached if number == 1 else 0, rates))
    return calls


def of_one_agent(*talks: Conversation) -> Repetitions:
    whole = Repetitions()
    for one in talks:
        whole.add(one, Thresholds().growing_share)
    return whole


def test_each_call_reads_what_the_one_before_sent_and_writes_the_rest() -> None:
    found = conversation([10_000, 12_000, 15_000, 20_000])
    assert found is not None
    assert (found.calls, found.input_tokens) == (4, 57_000)
    assert found.repeated_tokens == 10_000 + 12_000 + 15_000
    # written: 10,000 at first, then 2,000, 3,000 and 5,000
    assert found.saved_usd == pytest.approx(37_000 * 2.7e-6 - 20_000 * 0.75e-6, rel=1e-12)


def test_a_cache_that_has_gone_is_written_again() -> None:
    found = conversation([10_000, 12_000, 15_000, 20_000], minutes=6)
    assert found is None  # nothing is read any more


def test_prefixes_that_are_too_short_are_not_cached() -> None:
    assert conversation([200, 400, 600, 800]) is None


@pytest.mark.parametrize(
    "lengths",
    [
        [10_000, 12_000, 15_000],
        [10_000, 9_000, 12_000, 11_000, 13_000],
        [10_000, 10_050, 10_100, 10_150],
    ],
    ids=["few calls", "up and down", "grows by less than was answered"],
)
def test_what_does_not_grow_by_its_answers_is_not_taken_for_a_conversation(lengths: list[int]) -> None:
    assert conversation(lengths) is None


def test_of_what_used_a_cache_or_has_no_rates_nothing_is_said() -> None:
    assert conversation([10_000, 12_000, 15_000, 20_000], cached=500) is None
    assert conversation([10_000, 12_000, 15_000, 20_000], rates=None) is None


def test_the_finding_sums_the_conversations_with_limits_from_how_days_differ() -> None:
    talks = [talk([10_000, 12_000, 15_000, 20_000 + 100 * day], days_ago=day + 1) for day in range(30)]
    whole = of_one_agent(*talks)
    many = use_cache("coder", None, "sonnet", whole, 1, MONTH, Decimal(1), Thresholds())
    assert many is not None
    total = Decimal(sum(one.saved_usd for one in whole.found))
    assert many.saving.usd == pytest.approx(total, abs=Decimal("1e-6"))
    assert many.saving.low is not None
    assert many.saving.high is not None
    assert many.saving.low < total < many.saving.high
    assert many.reason == "63% of the input of sonnet repeats earlier input, in 30 conversations without a cache"
    assert not many.evidence.few_samples
    few = use_cache("coder", None, "sonnet", of_one_agent(*talks[:9]), 1, MONTH, Decimal(1), Thresholds())
    assert few is not None
    assert few.evidence.few_samples


def test_a_cache_that_costs_more_than_it_saves_is_not_recommended() -> None:
    dear = rates_of(input=Decimal(3), output=Decimal(15), cache_read=Decimal("2.9"), cache_write_5m=Decimal(6))
    one = talk([10_000, 12_000, 15_000, 20_000], rates=dear)
    assert one.repetition is not None
    assert one.repetition.saved_usd < 0
    assert use_cache("coder", None, "m", of_one_agent(*[one] * 20), 1, MONTH, Decimal(1), Thresholds()) is None


def random_talks(seed: int, count: int, growing: int = 0) -> list[Conversation]:
    """Conversations of 4 or 5 calls of lognormal input, independent of each other, and some that repeat."""
    rng = random.Random(seed)
    by_chance = [[int(rng.lognormvariate(8.5, 0.6)) for _ in range(rng.choice((4, 5)))] for _ in range(count - growing)]
    repeating = [[4000, 6000, 8000, 10_000]] * growing
    return [talk(lengths, days_ago=1 + number % 28) for number, lengths in enumerate(by_chance + repeating)]


def test_input_that_grows_by_chance_is_not_taken_for_repeated() -> None:
    """300 agents without a prefix, 200 conversations of each; told to cache is 1 in 100 of them at most."""
    told = sum(
        use_cache("a", None, "m", of_one_agent(*random_talks(seed, 200)), 1, MONTH, Decimal(1), Thresholds())
        is not None
        for seed in range(300)
    )
    assert told <= 3 + 3 * math.sqrt(3)


def test_of_a_mixture_the_share_that_grows_by_chance_is_left_out() -> None:
    talks = random_talks(1, 400, growing=40)
    found = use_cache("a", None, "m", of_one_agent(*talks), 1, MONTH, Decimal(1), Thresholds())
    assert found is not None
    repeated = sum(one.repetition.saved_usd for one in talks[-40:] if one.repetition is not None)
    whole = sum(one.repetition.saved_usd for one in talks if one.repetition is not None)
    assert repeated < whole
    assert float(found.saving.usd) == pytest.approx(repeated, rel=0.15)


def test_the_more_agents_are_looked_at_the_more_it_takes() -> None:
    talks = of_one_agent(*random_talks(2, 100, growing=9))
    assert use_cache("a", None, "m", talks, 1, MONTH, Decimal(1), Thresholds()) is not None
    assert use_cache("a", None, "m", talks, 10_000, MONTH, Decimal(1), Thresholds()) is None
