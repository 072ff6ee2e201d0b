"""1,577 recorded bodies, read by shape alone, against what genai-prices' extractors are expected to read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from genai_prices.data_snapshot import get_snapshot

from agentgauge import usage
from agentgauge.events import Event
from agentgauge.events.validation import check
from tests.usage import recorded

BODIES = recorded.bodies()


def test_all_recorded_bodies_are_here() -> None:
    assert sum(body["seen"] for body in BODIES) == 1577


def test_every_disagreement_is_listed_with_its_reason() -> None:
    listed = json.loads(recorded.DISAGREEMENTS.read_text())
    assert listed == recorded.report()
    assert {group["reason"] for group in listed["groups"]} == set(recorded.REASONS)


def test_each_body_is_read_as_an_extractor_of_its_own_api_is_expected_to_but_for_calls_beside_the_total() -> None:
    unmet = []
    for recorded_body in BODIES:
        ours = recorded.read_counters(recorded_body["body"])
        if all(recorded.differing(ours, expectation["usage"]) for expectation in recorded_body["expected"]):
            unmet.append(recorded_body)
    assert sum(body["seen"] for body in unmet) == 5
    assert all("iterations" in body["body"]["usage"] for body in unmet)


def test_what_is_read_keeps_the_rules_of_an_event() -> None:
    for recorded_body in BODIES:
        reported = usage.read(recorded_body["body"])
        assert reported is not None
        used = reported.usage
        check(
            Event(
                kind="llm_call",
                time=datetime(2026, 1, 1, tzinfo=UTC),
                model=reported.model or "unknown",
                provider=reported.provider,
                tier=reported.tier,
                cost_usd=reported.cost_usd,
                input_tokens=used.input_tokens,
                output_tokens=used.output_tokens,
                cache_read_tokens=used.cache_read_tokens,
                cache_write_5m_tokens=used.cache_write_5m_tokens,
                cache_write_1h_tokens=used.cache_write_1h_tokens,
                reasoning_tokens=used.reasoning_tokens,
            )
        )


@pytest.mark.parametrize(
    ("provider", "flavor"),
    [("anthropic", "default"), ("openai", "responses"), ("google", "default"), ("aws", "default")],
)
def test_the_installed_genai_prices_reads_the_bodies_as_the_data_says(provider: str, flavor: str) -> None:
    """The reference is the library's behaviour, not a copy that has gone stale."""
    extractor = f"{provider}/{flavor}"
    reader = get_snapshot().find_provider(None, provider, None)
    compared = 0
    for recorded_body in BODIES:
        for expectation in recorded_body["expected"]:
            if extractor in expectation["extractors"]:
                _, found = reader.extract_usage(recorded_body["body"], api_flavor=flavor)
                for name, expected in expectation["usage"].items():
                    assert getattr(found, name) == expected, (recorded_body["body"], name)
                compared += 1
    assert compared > 100
