"""A price asked for at once goes by the same prices as the lake: the user's file, or what the call itself gives."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from agentgauge.errors import PriceBookError
from agentgauge.events import Usage
from agentgauge.meter import Meter
from agentgauge.pricing import Overrides, PriceBook, price, user_file
from agentgauge.runs import PRICING
from agentgauge.settings import get_settings

AT = datetime(2025, 10, 3, 12, tzinfo=UTC)
INPUT = Usage(input_tokens=1_000_000)
OWN = '[[price]]\nmodel = "our-own-model"\ninput = {}\noutput = 9\n'
ASK = (
    "from agentgauge.pricing import Usage, price; "
    "cost = price('our-own-model', Usage(input_tokens=1_000_000)); print(cost and cost.usd.normalize())"
)


def dollars(pricing: PriceBook | Overrides | None, model: str = "deepseek-chat") -> Decimal | None:
    cost = price(model, INPUT, at=AT, pricing=pricing)
    return None if cost is None else cost.usd


def asked_in_a_process(**environ: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", ASK], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    return run.stdout.strip() or run.stderr.splitlines()[-1]


def test_a_call_can_bring_its_own_prices(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN.format(3).replace("our-own-model", "deepseek-chat"))
    assert dollars(None) == Decimal("0.28")
    assert dollars(PRICING) == Decimal("0.14")
    assert dollars(own) == dollars(str(own)) == 3
    assert dollars(PriceBook.load(PRICING)) == Decimal("0.14")
    assert dollars(None) == Decimal("0.28")


def test_a_mapping_that_was_changed_counts_as_it_is_now() -> None:
    own = {"deepseek-chat": {"input": 1, "output": 2}}
    assert dollars(own) == 1
    own["deepseek-chat"]["input"] = 5
    assert dollars(own) == 5


def test_overrides_of_a_call_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    for pricing in ({"deepseek-chat": {"input": 1}}, tmp_path / "none.toml"):
        with pytest.raises(PriceBookError):
            dollars(pricing)


def test_without_prices_of_its_own_a_call_is_priced_by_the_users_file(tmp_path: Path) -> None:
    home, named = tmp_path / "home", tmp_path / "named.toml"
    home.mkdir()
    assert asked_in_a_process(AGENTGAUGE_HOME=str(home)) == "None"
    (home / "prices.toml").write_text(OWN.format(3))
    named.write_text(OWN.format(4))
    assert asked_in_a_process(AGENTGAUGE_HOME=str(home)) == "3"
    assert asked_in_a_process(AGENTGAUGE_HOME=str(home), AGENTGAUGE_PRICES=str(named)) == "4"


def test_a_named_file_that_is_not_there_is_an_error_and_a_home_without_one_is_not(tmp_path: Path) -> None:
    assert user_file(get_settings(tmp_path, {})) is None
    settings = get_settings(tmp_path, {"AGENTGAUGE_PRICES": str(tmp_path / "none.toml")})
    assert user_file(settings) == tmp_path / "none.toml"
    with pytest.raises(PriceBookError, match=r"none\.toml"):
        _ = Meter(settings).book


def test_the_lake_prices_by_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(OWN.format(3))
    settings = get_settings(tmp_path, {})
    assert user_file(settings) == tmp_path / "prices.toml"
    assert Meter(settings).book.version == PriceBook.load(tmp_path / "prices.toml").version
