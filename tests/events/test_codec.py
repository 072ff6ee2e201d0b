"""Lines hold everything an event says, and older lines are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.errors import EventUnreadable
from agentgauge.events import Event, fields, kinds
from agentgauge.events.codec import SCHEMA_VERSION, decode_line, encode_event, encode_json, encode_scope, line_type
from agentgauge.events.event import from_micros, to_micros
from tests.events.strategies import EVENTS, ZONED

WHEN = datetime(2026, 3, 5, 12, 30, 0, 123456, tzinfo=UTC)


@given(EVENTS)
def test_an_event_comes_back_as_it_went(event: Event) -> None:
    back = decode_line(encode_event(event, "abc-000001", 7))
    assert (back.segment, back.n) == ("abc-000001", 7)
    assert msgspec.structs.replace(back, segment=None, n=None) == event


@given(ZONED)
def test_times_are_exact_to_the_microsecond(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


def test_what_has_its_default_is_left_out() -> None:
    line = encode_event(Event(kind="mark", time=WHEN, name="start"), "abc-0", 0)
    assert json.loads(line) == {
        "v": SCHEMA_VERSION,
        "s": "abc-0",
        "n": 0,
        "time": to_micros(WHEN),
        "kind": "mark",
        "name": "start",
    }


def test_money_is_text_in_a_line() -> None:
    event = Event(kind="tool_call", time=WHEN, name="search", cost_usd=Decimal("0.123456789012"))
    assert b'"cost_usd":"0.123456789012"' in encode_event(event, "abc-0", 0)


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.name)
def test_the_short_way_of_each_kind_writes_the_same_keys(kind: kinds.Kind) -> None:
    """The recorder encodes a scope once and a kind's own fields per event; together they are a line like any other."""
    own = {field.name: "x" for field in kind.fields if field.type == "text"}
    scope = {"project": "p", "run": "r"}
    body = encode_json(line_type(kind)(s="abc-0", n=3, time=to_micros(WHEN), kind=kind.name, name="y", **own))
    line = encode_scope(scope) + b"," + body[1:]
    back = decode_line(line)
    assert back == Event(kind=kind.name, time=WHEN, name="y", segment="abc-0", n=3, **scope, **own)


def test_a_line_that_lacks_fields_of_today_is_read_with_their_defaults() -> None:
    back = decode_line(b'{"v":1,"kind":"llm_call","time":0,"model":"gpt-4o"}')
    assert back == Event(kind="llm_call", time=from_micros(0), model="gpt-4o")


def test_keys_that_this_version_does_not_know_are_passed_over() -> None:
    assert decode_line(b'{"v":1,"kind":"mark","time":0,"name":"a","mood":"good"}').name == "a"


def test_a_line_of_a_newer_schema_is_refused_with_advice() -> None:
    with pytest.raises(EventUnreadable, match="upgrade"):
        decode_line(b'{"v":%d,"kind":"mark","time":0,"name":"a"}' % (SCHEMA_VERSION + 1))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_event_are_unreadable_and_nothing_else(junk: bytes) -> None:
    with pytest.raises(EventUnreadable):
        decode_line(junk)


def test_every_field_of_the_table_is_an_attribute_of_the_event() -> None:
    assert set(fields.BY_NAME) == set(Event.__struct_fields__) - {"segment", "n"}
