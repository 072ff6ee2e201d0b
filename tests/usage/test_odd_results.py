"""Whatever is handed over, `read` answers and raises nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import UserDict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest.mock import MagicMock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge import Usage, usage
from agentgauge.events import Event
from agentgauge.events.validation import check
from agentgauge.usage import reader
from tests.journal.interruptions import Alarm, raising


class Hostile:
    """Raises whatever it is asked for."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(name)


class HalfHostile:
    """Has counters, and a model that cannot be asked for."""

    usage = SimpleNamespace(prompt_tokens=7, completion_tokens=2)

    @property
    def model(self) -> str:
        raise ConnectionError("lazy")


class LyingClass:
    __class__ = dict  # type: ignore[assignment]


NO_RESULTS: tuple[object, ...] = (
    *(None, 0, 1.5, True, "text", b"bytes", object(), object, Exception("x"), [], (), {}, [1], [None], set()),
    *(Hostile(), LyingClass(), MagicMock(), sys, print, {"usage": Hostile()}, {"usage": [1]}, {1: 2}),
    {"messages": Hostile()},
    {"usage": {"prompt_tokens": Hostile()}, "choices": [Hostile()], "error": Hostile()},
)


def test_what_is_no_result_is_not_known_or_has_no_tokens() -> None:
    for result in NO_RESULTS:
        reported = usage.read(result)
        assert reported is None or reported.usage == Usage(), type(result)


class Slow:
    """Has counters, and a model that takes longer than the program waits."""

    usage = SimpleNamespace(prompt_tokens=7, completion_tokens=2)

    @property
    def model(self) -> str:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError


class SlowMapping(UserDict[str, Any]):
    def __contains__(self, key: object) -> bool:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError


@pytest.mark.parametrize("slow", [Slow(), SlowMapping()])
def test_what_a_signals_handler_raises_reaches_the_program(slow: object) -> None:
    with raising(), pytest.raises(Alarm):
        usage.read(slow)


def test_a_wrapper_may_have_its_counters_in_a_property() -> None:
    @dataclass
    class Wrapper:
        raw: dict[str, Any]

        @property
        def usage(self) -> object:
            return self.raw["usage"]

    reported = usage.read(Wrapper({"usage": {"input_tokens": 3, "output_tokens": 4}}))
    assert reported is not None
    assert reported.usage == Usage(3, 4)


def test_a_property_that_raises_takes_nothing_else_with_it() -> None:
    reported = usage.read(HalfHostile())
    assert reported is not None
    assert (reported.usage, reported.model) == (Usage(7, 2), None)


def test_results_of_sdks_without_their_usage_are_not_known() -> None:
    assert usage.read(SimpleNamespace(usage=None, new_messages=list)) is None
    assert usage.read(SimpleNamespace(context_wrapper=None, raw_responses=[])) is None
    assert usage.read(SimpleNamespace(_hidden_params={}, choices=[])) is None
    assert usage.read(SimpleNamespace(total_cost_usd=None, session_id="s", usage=None)) is None


def test_classes_without_end_do_not_grow_what_is_known_of_them() -> None:
    for number in range(600):
        shape = msgspec.defstruct(f"Answer{number}", [("usage", dict[str, int])])
        reported = usage.read(shape({"prompt_tokens": number, "completion_tokens": 1}))
        assert reported is not None
        assert reported.usage == Usage(number, 1)
    assert len(reader._known) <= 512


def test_impossible_counters_are_not_stated() -> None:
    for impossible in (-1, True, "12", float("nan"), float("inf"), 1 << 60, None, [3]):
        reported = usage.read({"usage": {"prompt_tokens": impossible, "completion_tokens": 4}})
        assert reported is not None
        assert reported.usage == Usage(0, 4), impossible
    reported = usage.read({"usage": {"prompt_tokens": 12.0, "completion_tokens": 4}})
    assert reported is not None
    assert reported.usage == Usage(12, 4)


def test_impossible_amounts_of_money_are_not_stated() -> None:
    for impossible in (float("nan"), -1, "much", True, Decimal("1e9"), "Infinity"):
        counters = {"prompt_tokens": 1, "completion_tokens": 1, "cost": impossible}
        reported = usage.read({"usage": counters})
        assert reported is not None
        assert reported.cost_usd is None, impossible


def test_mappings_and_structs_are_read_as_dicts_are() -> None:
    class Counters(msgspec.Struct):
        prompt_tokens: int
        completion_tokens: int

    class Answer(msgspec.Struct):
        usage: Counters
        model: str

    for result in (
        UserDict({"usage": UserDict({"prompt_tokens": 3, "completion_tokens": 4}), "model": "gpt-5"}),
        Answer(Counters(3, 4), "gpt-5"),
    ):
        reported = usage.read(result)
        assert reported is not None
        assert (reported.usage, reported.model, reported.provider) == (Usage(3, 4), "gpt-5", "openai")


_NAMES = st.sampled_from(
    [
        *("usage", "usageMetadata", "meta", "messages", "model", "prompt_tokens", "completion_tokens", "total_tokens"),
        *("prompt_tokens_details", "cached_tokens", "input_tokens", "output_tokens", "cache_creation_input_tokens"),
        *("cache_read_input_tokens", "cache_creation", "ephemeral_1h_input_tokens", "iterations", "type", "cost"),
        *("promptTokenCount", "thoughtsTokenCount", "inputTokens", "cacheWriteInputTokens", "cacheDetails", "ttl"),
        *("billed_units", "input_token_details", "cache_read", "details", "session_id", "total_cost_usd", "modelUsage"),
        *("error", "service_tier", "output_tokens_details", "reasoning_tokens", "num_turns", "eval_count"),
    ]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 1 << 55)
    | st.floats()
    | st.sampled_from(["1h", "advisor_message", "compaction", "flex", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=25,
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=8))
def test_any_json_with_the_right_names_gives_none_or_counters_that_an_event_can_hold(body: dict[str, Any]) -> None:
    reported = usage.read(body)
    if reported is None:
        return
    used = msgspec.structs.asdict(reported.usage)
    if max(used.values()) <= 1 << 53:  # several of the largest possible counters may add up to more
        check(
            Event(
                kind="llm_call",
                time=datetime(2026, 1, 1, tzinfo=UTC),
                model="m",
                tier=reported.tier,
                cost_usd=reported.cost_usd,
                duration_ms=reported.duration_ms,
                **used,
            )
        )
    if reported.shares:
        assert sum(share.usage.input_tokens for share in reported.shares) == reported.usage.input_tokens
        assert sum(share.requests for share in reported.shares) == reported.requests


def test_no_sdk_is_imported() -> None:
    program = (
        "import sys, agentgauge.usage as usage;"
        "usage.read({'usage': {'prompt_tokens': 1, 'completion_tokens': 1}});"
        "sdks = 'pydantic', 'openai', 'anthropic', 'litellm', 'langchain_core', 'agents', 'pydantic_ai';"
        "print([name for name in sdks if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
