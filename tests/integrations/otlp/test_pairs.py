"""Attributes are read once where they come again, and what is remembered of them is bounded."""

from __future__ import annotations

import pytest

from agentgauge.errors import BodyRefused
from agentgauge.integrations.otlp import pairs as remembered
from agentgauge.integrations.otlp.pairs import Pairs
from agentgauge.integrations.otlp.reader import OtlpReader
from tests.integrations.otlp import sent


def encoded(name: str, value: object) -> bytes:
    (pair,) = sent.pairs({name: value})
    return pair.SerializeToString()


def test_an_attribute_says_the_same_each_time_and_is_read_once() -> None:
    pairs = Pairs(lambda name: False)
    for value in ("gpt-4o", "", 0, 7, -1, True, False, 0.5, b"\0", ["a", 1], {"k": ["v"]}, None):
        (first,) = pairs.of([encoded("k", value)])
        (again,) = pairs.of([encoded("k", value)])
        assert again is first
    assert pairs.of([encoded("k", b"\0"), encoded("k", [1.0])]) == [("k", "AA=="), ("k", [1.0])]


def test_what_nobody_asks_for_is_not_read_and_a_long_one_not_remembered() -> None:
    pairs = Pairs(lambda name: name == "prompt")
    assert pairs.of([encoded("prompt", "secret")]) == [("prompt", None)]
    for attribute in (encoded("prompt", "secret"), encoded("k", "x" * 200)):
        (first,), (again,) = pairs.of([attribute]), pairs.of([attribute])
        assert first == again
        assert first is not again


def test_what_comes_often_outlives_what_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_REMEMBERED", 4)
    pairs, often = Pairs(lambda name: False), encoded("model", "gpt-4o")
    (first,) = pairs.of([often])
    once = encoded("id", "0")
    (gone,) = pairs.of([once])
    for number in range(1, 40):
        pairs.of([encoded("id", str(number))])
        assert pairs.of([often])[0] is first
    assert pairs.of([once])[0] is not gone


@pytest.mark.parametrize("damaged", [b"\xff", b"\x0a\x05ab", b"\x0a\x01\xff"], ids=["no tag", "cut", "no text"])
def test_an_attribute_that_is_none_refuses_the_whole_request(damaged: bytes) -> None:
    text = "v" * (len(damaged) + 8)
    good = encoded("k", text)
    filler = damaged + b"\xff" * (len(good) - len(damaged))
    for place in (sent.span(1, k=text), sent.span(1, error="", exception={"k": text})):
        body = sent.traces(sent.span(2), place).SerializeToString()
        with pytest.raises(BodyRefused, match="attribute"):
            list(OtlpReader().spans(body.replace(good, filler), is_json=False, most=10))
