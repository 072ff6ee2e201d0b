"""A model is recognised under the names its routes give it, and no other model is taken for it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgauge.pricing import PriceBook
from agentgauge.pricing.names import parse

BOOK = PriceBook.load()
DAY = date(2025, 12, 9)


def input_price(model: str, provider: str | None = None) -> Decimal | None:
    """USD per million tokens of fresh input, short context."""
    windows = BOOK.windows(model, provider, "standard", DAY)
    return Decimal(windows[0].rates.input) / 10**9 if windows else None


@pytest.mark.parametrize(
    ("model", "provider", "usd"),
    [
        ("claude-opus-4-5", None, "5"),
        ("claude-opus-4-5-20251101", "anthropic", "5"),
        ("Claude-Opus-4.5", "Anthropic", "5"),
        ("anthropic/claude-opus-4.5", None, "5"),
        ("anthropic/claude-sonnet-4-5-20250929", None, "3"),
        ("claude-sonnet-4-5@20250929", "vertex_ai", "3"),
        ("vertex_ai/claude-sonnet-4-5@20250929", None, "3"),
        ("projects/p/locations/us-east5/publishers/anthropic/models/claude-opus-4-5@20251101", None, "5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", None, "3.3"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", None, "3"),
        ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", None, "3.3"),
        ("bedrock/us-east-1/anthropic.claude-3-5-sonnet-20241022-v2:0", None, "3"),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-4-5-20251101-v1:0", None, "5.5"),
        ("gpt-4o-2024-08-06", None, "2.5"),
        ("gpt-4o-2024-05-13", None, "5"),
        ("openai/gpt-4o", "litellm", "2.5"),
        ("gpt-4o", "openai.responses", "2.5"),
        ("azure/gpt-4o", None, "2.5"),
        ("gpt-5.2-20251211", None, "1.75"),
        ("ft:gpt-4o-2024-08-06:an-organisation::id", None, "3.75"),
        ("models/gemini-2.5-pro", None, "1.25"),
        ("gemini/gemini-2.5-pro-preview-05-06", None, "1.25"),
        ("openrouter/anthropic/claude-sonnet-4.5", None, "3"),
        ("anthropic/claude-sonnet-4.5", "openrouter", "3"),
        ("magistral-small-latest", "mistral", "0.5"),
        ("grok-4", "xai", "3"),
    ],
)
def test_a_route_and_a_date_lead_to_the_price_where_the_call_was_billed(
    model: str, provider: str | None, usd: str
) -> None:
    assert input_price(model, provider) == Decimal(usd)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("claude-opus-4-5-mini", None),
        ("claude-opus-4-55", None),
        ("my-claude-opus-4-5", None),
        ("claude-next", "anthropic"),
        ("gpt-4o-tuned-by-us", None),
        ("gpt-4.10", None),
        ("my-o4-mini-clone", "azure"),
        ("not-gemini-1.5-flash", None),
        ("gemini-1.5-flash-distilled", "google"),
        ("deepseek-r1-distill-llama-70b", "deepseek"),
        ("acme/gpt-4o", None),
        ("acme/deepseek-chat", None),
        ("deepseek-chat", "ollama"),
        ("gpt-4o", "a-gateway-of-our-own"),
        ("gpt-4o", "anthropic"),
        ("claude-opus-4-5", "openai"),
        ("", None),
        ("/", None),
    ],
)
def test_a_name_that_only_resembles_a_model_is_unpriced(model: str, provider: str | None) -> None:
    assert input_price(model, provider) is None


@given(model=st.text(max_size=40), provider=st.none() | st.text(max_size=12))
@settings(max_examples=60)
def test_no_name_is_an_error(model: str, provider: str | None) -> None:
    """Names come from logs and callers; a strange one is unpriced at most."""
    assert isinstance(BOOK.windows(model, provider, "standard", DAY), tuple)


def test_the_first_provider_of_a_route_bills() -> None:
    name = parse("openrouter/deepseek/deepseek-chat")
    assert (name.provider, name.forms[1:]) == ("openrouter", ("deepseek/deepseek-chat", "deepseek-chat"))
    assert parse("anthropic/claude-opus-4-5", "azure").provider == "azure"


def test_an_unknown_provider_stays_itself() -> None:
    assert parse("m", "Somewhere").provider == "somewhere"
