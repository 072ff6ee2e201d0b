"""What a span becomes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.errors import BodyRefused, BodyTooLarge, EventRefused
from agentgauge.events import Event, Usage
from agentgauge.integrations.otlp.attributes import MOST_ATTRIBUTES, MOST_CHARACTERS, NUMBER_LEFT_OUT
from agentgauge.integrations.otlp.reader import OtlpReader
from agentgauge.integrations.otlp.table import load
from tests.integrations.otlp.sent import START, TRACE, as_json, chat, checked, read, span, traces

AGENT = {"gen_ai__operation__name": "invoke_agent", "gen_ai__agent__name": "coder"}
TOOL = {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "search"}


def one(made: Any, **resource: Any) -> Event:
    (event,) = read(traces(made, **resource))
    return event


def kinds(*spans: Any, reader: OtlpReader | None = None) -> list[str]:
    return [event.kind for event in read(traces(*spans), reader)]


def attributes(event: Event) -> dict[str, Any]:
    assert event.attributes is not None
    return event.attributes


# Kinds


@pytest.mark.parametrize("operation", ["chat", "generate_content", "text_completion", "embeddings"])
def test_an_inference_is_a_model_call(operation: str) -> None:
    event = one(chat(1, 2, gen_ai__operation__name=operation))
    assert (event.kind, event.model, event.provider) == ("llm_call", "gpt-5-mini", "openai")
    assert attributes(event)["gen_ai.operation.name"] == operation


def test_a_tool_is_called_by_its_name() -> None:
    assert one(span(1, 2, **TOOL)).name == "search"
    assert one(span(1, 2, name="execute_tool grep", gen_ai__operation__name="execute_tool")).name == "grep"


def test_an_agent_is_the_task_and_the_root_around_it_is_not() -> None:
    assert kinds(chat(3, 2), span(2, 1, **AGENT), span(1)) == ["llm_call", "task", "step"]


def test_the_root_is_the_task_where_there_is_no_agent() -> None:
    events = read(traces(chat(3, 2), span(2, 1), span(1, name="POST /chat")))
    assert [(event.kind, event.operation) for event in events] == [
        ("llm_call", None), ("step", None), ("task", "POST /chat"),
    ]  # fmt: skip


def test_a_root_is_known_by_its_missing_parent_when_it_comes_alone() -> None:
    reader = OtlpReader()
    assert kinds(chat(3, 1), reader=reader) == ["llm_call"]
    assert kinds(span(1), reader=reader) == ["task"]
    assert kinds(span(4, 0), reader=reader) == ["task"]  # a parent of zeros is none


def test_an_agent_that_came_before_makes_the_root_a_step() -> None:
    reader = OtlpReader()
    assert kinds(chat(3, 2), span(2, 1, **AGENT), reader=reader) == ["llm_call", "task"]
    assert kinds(span(1), reader=reader) == ["step"]


def test_a_call_without_anything_around_it_is_a_call_outside_tasks() -> None:
    assert kinds(chat(1)) == ["llm_call"]
    assert kinds(span(1, **TOOL)) == ["tool_call"]


@pytest.mark.parametrize("split", [False, True])
def test_a_call_that_a_framework_and_a_client_describe_is_counted_once(split: bool) -> None:
    reader = OtlpReader()
    inner, between, outer = chat(3, 2), span(2, 1), chat(1, 9)
    if split:
        assert kinds(inner, between, reader=reader) == ["llm_call", "step"]
        assert kinds(outer, reader=reader) == ["step"]
    else:
        assert kinds(outer, inner, between, reader=reader) == ["step", "llm_call", "step"]


def test_a_tool_that_asks_a_model_leaves_the_call_around_it_counted() -> None:
    assert kinds(chat(3, 2), span(2, 1, **TOOL), chat(1, 9)) == ["llm_call", "tool_call", "llm_call"]


def test_a_call_that_states_no_usage_leaves_the_one_around_it_counted() -> None:
    inner = chat(2, 1, gen_ai__usage__input_tokens=0, gen_ai__usage__output_tokens=0)
    assert kinds(inner, chat(1, 9)) == ["llm_call", "llm_call"]


def test_a_step_keeps_what_it_is_inside_of_and_nothing_that_it_says() -> None:
    step = one(span(2, 1, name="GET", http__request__method="GET", secret="s"))
    assert (step.kind, step.name, step.parent_id, step.attributes) == ("step", "GET", "0000000000000001", None)


# Usage


def test_cached_tokens_are_part_of_the_input_and_reasoning_of_the_output() -> None:
    event = one(
        chat(
            1, 2,
            gen_ai__usage__input_tokens=1000, gen_ai__usage__output_tokens=300,
            gen_ai__usage__cache_read__input_tokens=600, gen_ai__usage__cache_write__input_tokens=100,
            gen_ai__usage__reasoning__output_tokens=200,
        )
    )  # fmt: skip
    assert event.usage == Usage(1000, 300, 600, 100, 0, 200)


def test_a_cached_part_that_exceeds_the_input_was_counted_beside_it() -> None:
    event = one(chat(1, 2, gen_ai__usage__input_tokens=10, gen_ai__usage__cache_read__input_tokens=600))
    assert event.usage == Usage(610, 10, 600)


def test_the_newer_name_of_an_attribute_decides() -> None:
    event = one(chat(1, 2, gen_ai__usage__cache_creation__input_tokens=7, gen_ai__usage__cache_write__input_tokens=9))
    assert event.cache_write_5m_tokens == 9
    assert attributes(event)["gen_ai.usage.cache_creation.input_tokens"] == 7


def test_the_model_is_the_one_that_answered_and_the_one_asked_is_kept() -> None:
    event = one(chat(1, 2, gen_ai__response__model="gpt-5-mini-2025-08-07"))
    assert (event.model, attributes(event)["gen_ai.request.model"]) == ("gpt-5-mini-2025-08-07", "gpt-5-mini")


def test_a_call_whose_model_nobody_names_keeps_its_tokens() -> None:
    event = one(span(1, 2, gen_ai__operation__name="chat", gen_ai__usage__input_tokens=5))
    assert (event.model, event.input_tokens) == ("unknown", 5)


def test_numbers_that_are_none_are_kept_as_attributes() -> None:
    event = one(chat(1, 2, gen_ai__usage__input_tokens="many", gen_ai__usage__output_tokens=-1))
    assert event.usage == Usage()
    assert attributes(event)["gen_ai.usage.input_tokens"] == "many"
    assert attributes(event)["gen_ai.usage.output_tokens"] == -1


def test_what_an_agent_states_of_its_calls_is_kept_and_not_counted() -> None:
    event = one(span(1, **AGENT, gen_ai__usage__input_tokens=900, gen_ai__request__model="gpt-5-mini"))
    assert (event.kind, event.usage, event.model) == ("task", Usage(), None)
    assert attributes(event)["gen_ai.usage.input_tokens"] == 900


@pytest.mark.parametrize(("stated", "expected"), [(0.0006696, "0.0006696"), ("0.1", "0.1"), (2, "2")])
def test_a_cost_that_is_stated_is_kept_exactly(stated: object, expected: str) -> None:
    assert one(chat(1, 2, operation__cost=stated)).cost_usd == Decimal(expected)


def test_a_service_tier_is_read_in_our_words() -> None:
    assert one(chat(1, 2, openai__response__service_tier="flex")).tier == "flex"
    assert one(chat(1, 2, openai__response__service_tier="default")).tier == "standard"


# Scope


def test_the_service_is_the_project() -> None:
    assert one(chat(1), service__name="checkout").project == "checkout"
    both = one(chat(1), service__name="checkout", service__namespace="shop")
    assert (both.project, attributes(both)["service.name"]) == ("shop", "checkout")
    assert one(chat(1), service__name="unknown_service:python").project is None


def test_the_service_is_an_attribute_where_its_sender_may_not_record_into_such_a_project() -> None:
    (event,) = read(traces(chat(1), service__name="checkout"), projects=frozenset({"shop"}))
    assert (event.project, attributes(event)["service.name"]) == (None, "checkout")
    (stated,) = read(traces(chat(1), agentgauge__project="other"), projects=frozenset({"shop"}))
    assert stated.project == "other"  # a statement, for the receiver to judge


def test_our_own_names_set_any_scope_for_a_process_or_a_span() -> None:
    event = one(
        chat(1, gen_ai__agent__name="coder", agentgauge__agent="reviewer", agentgauge__ticket=42),
        agentgauge__team="core", agentgauge__agent="nobody",
    )  # fmt: skip
    assert (event.agent, event.ticket, event.team) == ("reviewer", "42", "core")


def test_a_person_is_the_user_so_that_they_can_be_forgotten() -> None:
    event = one(chat(1, user__id="u-7"))
    assert (event.user, "user.id" in attributes(event)) == ("u-7", False)


# Times, ids and outcomes


def test_the_time_of_a_span_is_its_end() -> None:
    event = one(chat(1, ms=250))
    assert event.time.isoformat() == "2026-11-20T10:08:33.250000+00:00"
    assert event.duration_ms == 250.0


def test_a_span_that_ends_before_it_starts_has_no_duration() -> None:
    assert one(chat(1, ms=-5)).duration_ms is None


def test_the_identity_of_a_span_is_trace_and_span() -> None:
    event = one(chat(1))
    assert event.source_id == "otlp:5b8efff798038103d269b633813fc60c:0000000000000001"
    assert (event.trace_id, event.span_id, event.parent_id) == (TRACE.hex(), "0000000000000001", None)


@pytest.mark.parametrize(
    "wrong",
    [
        chat(0),
        chat(1, trace=b"short"),
        chat(1, trace=bytes(16)),
        chat(1, start=0, ms=0),
        chat(1, start=(1 << 64) - 1, ms=0),
    ],
    ids=["zero span", "short trace", "zero trace", "no time", "beyond time"],
)
def test_a_span_that_is_none_is_refused_and_the_others_are_not(wrong: Any) -> None:
    body = traces(wrong, chat(7)).SerializeToString()
    refused, kept = OtlpReader().spans(body, is_json=False, most=10)
    assert isinstance(refused, EventRefused)
    assert checked(kept).span_id == "0000000000000007"


@pytest.mark.parametrize(
    ("how", "outcome", "error_type", "category"),
    [
        ({}, "success", None, None),
        ({"error": ""}, "error", None, None),
        ({"error__type": "openai.RateLimitError"}, "error", "openai.RateLimitError", "rate_limit"),
        ({"error__type": "503"}, "error", "503", "server"),
        ({"error__type": "timeout", "error": "x"}, "error", "timeout", None),
        ({"error": "", "exception": {"exception.type": "TimeoutError"}}, "timeout", "TimeoutError", "timeout"),
        ({"error": "", "exception": {"exception.type": "asyncio.CancelledError"}}, "interrupted",
         "asyncio.CancelledError", "cancelled"),
        ({"error__type": "_OTHER", "exception": {"exception.type": "ValueError"}}, "error", "ValueError", "validation"),
    ],
)  # fmt: skip
def test_how_a_span_ended(how: dict[str, Any], outcome: str, error_type: str | None, category: str | None) -> None:
    event = one(chat(1, **how))
    assert (event.outcome, event.error_type, event.error_category) == (outcome, error_type, category)


def test_an_error_message_is_cut_since_providers_repeat_prompts() -> None:
    assert one(chat(1, error="x" * 5000)).error_message == "x" * 200


# Attributes


def test_what_was_said_is_not_kept() -> None:
    said = {
        name.replace(".", "__"): "SECRET" for c in load().conventions for name in c.content.names if "*" not in name
    }
    patterns = {
        "gen_ai.prompt.0.content": "SECRET", "llm.input_messages.0.message.content": "SECRET",
        "http.request.header.authorization": "SECRET", "ai.prompt.messages": "SECRET",
    }  # fmt: skip
    for made in (chat(1, **said), span(1, **AGENT, **said), span(1, **TOOL, **said)):
        made.attributes.extend(
            chat(1, **{name.replace(".", "__"): value for name, value in patterns.items()}).attributes[5:]
        )
        assert "SECRET" not in str(one(made))


def test_a_version_of_a_prompt_is_kept() -> None:
    assert attributes(one(chat(1, gen_ai__prompt__version="v2")))["gen_ai.prompt.version"] == "v2"


def test_attributes_are_bounded_and_the_event_is_kept() -> None:
    event = one(chat(1, **{f"a{n}": "x" * 5000 for n in range(200)}, big=["y" * 5000], **{"n" * 500: "z"}))
    kept = attributes(event)
    assert len(kept) == MOST_ATTRIBUTES + 1
    assert len(kept["a0"]) == MOST_CHARACTERS
    assert kept[NUMBER_LEFT_OUT] > 100
    assert event.input_tokens == 100


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, True), (1.5, 1.5), (float("nan"), "nan"), (b"\x00\xff", "AP8="), (["a", 1], ["a", 1]),
        ({"k": {"l": [1]}}, {"k": {"l": [1]}}), (-(2**63), -(2**63)), ("\x00", "\x00"),
    ],
)  # fmt: skip
def test_attributes_keep_their_types_in_both_encodings(value: object, kept: object) -> None:
    request = traces(chat(1, mine=value))
    for is_json in (False, True):
        (event,) = read(request, is_json=is_json)
        assert attributes(event)["mine"] == kept


# Encodings


def test_both_encodings_say_the_same() -> None:
    request = traces(
        chat(1, 2, error="no", exception={"exception.type": "ValueError"}),
        span(2, **AGENT),
        span(3, 2, **TOOL),
        library="lib",
        service__name="shop",
    )
    assert read(request, is_json=True) == read(request)


def test_json_takes_numbers_as_numbers_and_as_text_and_names_of_enumerations() -> None:
    made = as_json(traces(chat(1, error="no"))).replace(b'"intValue": "100"', b'"intValue": 100')
    for body in (made, made.replace(b'"code": 2', b'"code": "STATUS_CODE_ERROR"'), made.replace(b"[]", b"null")):
        (event,) = read(body, is_json=True)
        assert (event.input_tokens, event.output_tokens, event.outcome) == (100, 10, "error")


def test_json_takes_upper_case_ids_unknown_members_and_null() -> None:
    body = b"""{"resourceSpans": [{"resource": null, "schemaUrl": "x", "scopeSpans": [{"scope": null, "spans": [{
        "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "parentSpanId": null,
        "name": "I'm a server span", "startTimeUnixNano": "1544712660000000000", "kind": 2, "later": {"a": 1},
        "endTimeUnixNano": 1544712661000000000, "status": null}]}]}]}"""
    (event,) = read(body, is_json=True)
    assert (event.trace_id, event.kind, event.duration_ms) == (TRACE.hex(), "task", 1000.0)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"resourceSpans": 1}', b"\xff", b'{"resourceSpans": ' + b"[" * 9000]
)
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(BodyRefused, match="no OTLP request"):
        read(body, is_json=True)


def test_a_body_that_is_no_protobuf_is_refused() -> None:
    with pytest.raises(BodyRefused, match="ExportTraceServiceRequest"):
        read(b"\xff\xff")


def test_more_spans_than_a_request_may_have_are_refused() -> None:
    with pytest.raises(BodyTooLarge, match="2 spans"):
        list(OtlpReader().spans(traces(chat(1), chat(2)).SerializeToString(), is_json=False, most=1))


NAMES = sorted({name for names in load().fields.values() for name in names} | {"gen_ai.operation.name", "mine"})
VALUES = st.one_of(
    st.sampled_from(["chat", "execute_tool", "invoke_agent", ""]), st.text(max_size=20), st.booleans(),
    st.integers(-(2**63), 2**63 - 1), st.floats(), st.binary(max_size=4),
    st.lists(st.text(max_size=4), max_size=3), st.none(),
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12),
    st.text(max_size=10),
    st.integers(-(10**9), 10**9),
    st.booleans(),
)
def test_whatever_is_sent_keeps_the_rules_of_its_kind(
    stated: dict[str, Any], name: str, ms: int, is_json: bool
) -> None:
    made = span(1, 2, name=name, start=START, **{key.replace(".", "__"): value for key, value in stated.items()})
    made.end_time_unix_nano = max(0, START + ms)
    for event in read(traces(made), is_json=is_json):
        assert event.kind in ("llm_call", "tool_call", "task", "step")
