"""What a result added, where it states what its session has used so far."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from agentgauge import Usage
from agentgauge.usage import Reported, RunningTotals, read


def result(
    cost: float,
    turn: int,
    models: dict[str, tuple[int, float]] | None = None,
    session: str = "s",
    uuid: str | None = None,
) -> Reported:
    """A result of the Claude Agent SDK: the session's cost, the turn's input, by model the session's input and cost."""
    message: dict[str, Any] = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "duration_ms": 10,
        "num_turns": 1,
        "session_id": session,
        "total_cost_usd": cost,
        "usage": {"input_tokens": turn, "output_tokens": turn // 10},
        "uuid": uuid,
    }
    if models is not None:
        message["modelUsage"] = {
            model: {"inputTokens": tokens, "outputTokens": tokens // 10, "costUSD": share}
            for model, (tokens, share) in models.items()
        }
    reported = read(message)
    assert reported is not None
    return reported


def test_each_turn_adds_what_it_used_and_no_more() -> None:
    totals = RunningTotals()
    first = totals.own(result(1.0, 100, {"opus": (100, 1.0)}))
    assert (first.usage.input_tokens, first.cost_usd) == (100, Decimal("1.0"))
    second = totals.own(result(3.5, 200, {"opus": (300, 3.0), "haiku": (40, 0.5)}))
    assert (second.usage.input_tokens, second.cost_usd) == (240, Decimal("2.5"))
    assert [(share.model, share.usage.input_tokens, share.cost_usd) for share in second.shares] == [
        ("opus", 200, Decimal("2.0")),
        ("haiku", 40, Decimal("0.5")),
    ]
    third = totals.own(result(4.0, 10, {"opus": (310, 3.5), "haiku": (40, 0.5)}))
    assert (third.usage.input_tokens, third.cost_usd, third.shares) == (10, Decimal("0.5"), ())
    assert not third.is_running_total


def test_a_result_handed_over_twice_adds_nothing_the_second_time() -> None:
    totals = RunningTotals()
    same = result(1.0, 100, {"opus": (100, 1.0)}, uuid="u-1")
    totals.own(same)
    again = totals.own(same)
    assert (again.usage, again.cost_usd, again.requests) == (Usage(), Decimal(0), 0)


def test_a_session_that_goes_on_in_a_new_process_starts_from_zero() -> None:
    totals = RunningTotals()
    totals.own(result(3.0, 100, {"opus": (300, 3.0)}))
    smaller = totals.own(result(1.0, 100, {"opus": (100, 1.0)}))
    assert (smaller.usage.input_tokens, smaller.cost_usd) == (100, Decimal("1.0"))


def test_a_new_process_is_also_seen_where_one_models_counters_shrink() -> None:
    totals = RunningTotals()
    totals.own(result(1.0, 100, {"opus": (100, 0.9), "haiku": (50, 0.1)}))
    other = totals.own(result(1.5, 10, {"opus": (500, 1.4), "haiku": (10, 0.1)}))
    assert (other.usage.input_tokens, other.cost_usd) == (510, Decimal("1.5"))


def test_a_new_process_whose_totals_are_larger_is_seen_by_the_turns_own_use() -> None:
    totals = RunningTotals()
    totals.own(result(1.0, 100, {"opus": (100, 1.0)}))
    larger = totals.own(result(4.0, 400, {"opus": (400, 4.0)}))  # of the 300 more, the turn says to have used 400
    assert (larger.usage.input_tokens, larger.cost_usd) == (400, Decimal("4.0"))


def test_what_a_turn_says_of_its_cache_and_the_models_do_not_is_no_new_process() -> None:
    totals = RunningTotals()

    def message(cost: float, turn: int, session: int) -> Reported:
        counters = {
            "input_tokens": 1,
            "output_tokens": 1,
            "cache_creation_input_tokens": turn,
            "cache_creation": {"ephemeral_1h_input_tokens": turn},
        }
        by_model = {
            "inputTokens": session,
            "outputTokens": session,
            "cacheCreationInputTokens": session,
            "costUSD": cost,
        }
        reported = read(
            {"session_id": "s", "total_cost_usd": cost, "usage": counters, "modelUsage": {"opus": by_model}}
        )
        assert reported is not None
        return reported

    totals.own(message(1.0, 500, 500))
    second = totals.own(message(1.5, 300, 800))
    assert (second.usage.cache_write_5m_tokens, second.cost_usd) == (300, Decimal("0.5"))


def test_sessions_are_told_apart() -> None:
    totals = RunningTotals()
    totals.own(result(1.0, 100, {"opus": (100, 1.0)}))
    other = totals.own(result(2.0, 200, {"opus": (200, 2.0)}, session="t"))
    assert other.cost_usd == Decimal("2.0")


def test_without_counters_by_model_the_tokens_are_the_turns_and_the_cost_is_what_was_added() -> None:
    totals = RunningTotals()
    totals.own(result(1.0, 100))
    second = totals.own(result(1.75, 200))
    assert (second.usage, second.cost_usd) == (Usage(200, 20), Decimal("0.75"))


def test_what_is_no_running_total_passes_as_it_is() -> None:
    reported = read({"usage": {"prompt_tokens": 1, "completion_tokens": 2}})
    assert reported is not None
    totals = RunningTotals()
    assert totals.own(reported) is reported
    assert totals.own(reported) is reported


def test_many_sessions_do_not_grow_it_without_bound() -> None:
    totals = RunningTotals()
    for number in range(5000):
        totals.own(result(1.0, 1, session=str(number)))
    assert len(totals._last) == 4096
