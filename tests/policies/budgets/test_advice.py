"""What a person is told to do about a budget that is used up, wherever it is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from agentgauge.policies.budgets.amounts import PICO
from agentgauge.policies.budgets.standing import Standing
from agentgauge.policies.budgets.wording import exceeded
from agentgauge.state.budget_account import Wanted

COMMAND = "agentgauge budget set ticket:T 10"


@pytest.mark.parametrize(
    ("server", "is_of_process", "advice"),
    [
        (None, False, f"To go on, raise it: {COMMAND}"),
        ("https://host", False, f"at https://host, with a key of the scope admin in AGENTGAUGE_API_KEY: {COMMAND}"),
        (None, True, "raise it in the program: it is a budget of this process alone, set by usd="),
    ],
    ids=["of a home", "of a server", "of a process"],
)
def test_the_advice_can_be_followed_where_the_program_runs(
    server: str | None, advice: str, *, is_of_process: bool
) -> None:
    standing = Standing(1, 5 * PICO, 5 * PICO, 0, 0, None, datetime(2026, 1, 1, tzinfo=UTC))
    wanted = Wanted(scope="ticket", name="T", project=None, period="total", usd=Decimal(5), since=None)
    error = exceeded(wanted, standing, None, 0, 0, server=server, is_of_process=is_of_process)
    assert str(error).endswith(advice)
