"""`agentgauge reprice`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from tests.cli.conftest import DAY, Run

Ask = Callable[..., Any]
PRICES = '[[price]]\nmodel = "in-house-7b"\ninput = 1\noutput = 1\n'


@pytest.fixture
def repriced_home(run: Run, home: Path) -> Path:
    """The home of all commands' tests, landed, with a price for its unpriced model since."""
    run("compact", "--home", home)
    (home / "prices.toml").write_text(PRICES)
    return home


def test_a_dry_run_shows_the_difference_and_changes_nothing(run: Run, document: Ask, repriced_home: Path) -> None:
    shown = run("reprice", "--since", "2026-03-01", "--dry-run", "--home", repriced_home).stdout
    assert "1 of 2 calls would change: $3.28 to $3.28 (+$0.0035)" in shown
    assert "Nothing was written" in shown
    assert document("report", "--home", repriced_home)["overview"]["unpriced_calls"] == 1


def test_a_dry_run_says_when_calls_of_the_journal_get_their_price(run: Run, document: Ask, home: Path) -> None:
    (home / "prices.toml").write_text(PRICES)
    asked = ("reprice", "--since", "2026-03-01", "--dry-run", "--home", home)
    shown = run(*asked).stdout
    assert "2 calls not landed yet get today's prices on landing." in shown
    assert "priced anew: every" not in shown
    assert (document(*asked)["calls"], document(*asked)["unlanded_calls"]) == (2, 2)
    run("compact", "--home", home)
    assert document(*asked)["unlanded_calls"] == 0
    with agentgauge.open(home) as gauge:
        gauge.llm_call("in-house-7b", input_tokens=5, at=DAY)
    shown = run(*asked).stdout
    assert "2 calls priced anew: every cost is what it was." in shown
    assert "1 call not landed yet gets today's prices on landing." in shown


def test_what_a_dry_run_says_fits_eighty_columns(
    run: Run, repriced_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("reprice", "--since", "2026-03-01", "--dry-run", "--home", repriced_home).stdout
    assert max(map(len, shown.splitlines())) <= 80


def test_a_run_says_what_changed_and_where_the_old_costs_are(run: Run, document: Ask, repriced_home: Path) -> None:
    shown = run("reprice", "--since", "2026-03-01", "--home", repriced_home).stdout
    assert "1 of 2 calls changed" in shown
    (row,) = [line for line in shown.splitlines() if line.startswith("in-house-7b")]
    assert row.split() == ["in-house-7b", "1", "1", "1", "-", "$0.0035", "+$0.0035"]
    assert "1 call with a reported cost: left as they are." in shown
    assert "FROM repriced WHERE repricing = " in shown
    assert document("report", "--home", repriced_home)["overview"]["unpriced_calls"] == 0
    assert "every cost is what it was" in run("reprice", "--since", "2026-03-01", "--home", repriced_home).stdout


def test_the_document_has_exact_amounts_and_the_history_can_be_asked(document: Ask, repriced_home: Path) -> None:
    done = document("reprice", "--since", "2026-03-01", "--home", repriced_home)
    assert (done["changed"], done["newly_priced"], done["difference_usd"]) == (1, 1, "0.0035")
    (old,) = document("sql", "FROM repriced", "--home", repriced_home)
    assert old["repricing"] == done["repricing"]
    assert (old["old_cost_usd"], old["old_cost_source"], old["cost_usd"]) == (None, "unpriced", "0.0035")


def test_since_has_to_be_said(run: Run, home: Path) -> None:
    result = run("reprice", "--home", home)
    assert result.exit_code == 2
    assert "--since" in result.stderr


def test_nothing_to_price_is_said(run: Run, home: Path) -> None:
    shown = run("reprice", "--since", "2026-04-01", "--home", home).stdout
    assert "nothing to price anew" in shown


def test_what_was_never_repriced_has_an_empty_history(document: Ask, home: Path) -> None:
    assert document("sql", "FROM repriced", "--home", home) == []
