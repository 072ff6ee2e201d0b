"""What a person reads where a budget stops a program."""

from __future__ import annotations

import shlex

from agentgauge.errors import BudgetExceeded
from agentgauge.events.plain import plain_digits
from agentgauge.policies.budgets.amounts import PICO, shown, usd_of
from agentgauge.policies.budgets.standing import Standing
from agentgauge.state.budget_account import Wanted

_FACTOR = 2
"""Of the limit, what is proposed as a new one."""


def label(wanted: Wanted) -> str:
    """As the program names the budget: `ticket:PROJ-456`."""
    return f"{wanted.scope}:{wanted.name}"


def exceeded(
    wanted: Wanted,
    standing: Standing,
    asked: int | None,
    untold: int,
    free: int,
    *,
    server: str | None = None,
    is_of_process: bool = False,
) -> BudgetExceeded:
    """For a call that may cost `asked` picodollars, or, None, where what was recorded went past the limit. `untold` was
    spent by this process since, and `free` it has reserved for no call.
    """
    spent, reserved = standing.spent + untold, max(0, standing.reserved - free)
    left = standing.limit - spent - reserved
    if asked is not None:
        what = f"this call may cost {shown(asked)}, and {shown(max(left, 0))} is left"
    elif left < 0:
        what = f"it is exceeded by {shown(-left)}"
    else:
        what = "nothing is left"
    per = "in total" if wanted.period == "total" else f"per {wanted.period}"
    return BudgetExceeded(
        f"budget {label(wanted)}: {what} (limit {shown(standing.limit)} {per}, spent {shown(spent)}, "
        f"reserved for other calls {shown(reserved)}). To go on, "
        f"raise it{_how(wanted, standing, server, is_of_process=is_of_process)}",
        budget=label(wanted),
        limit_usd=usd_of(standing.limit),
        spent_usd=usd_of(spent),
        reserved_usd=usd_of(reserved),
        asked_usd=None if asked is None else usd_of(asked),
    )


def unchecked(wanted: Wanted, reason: str, asked: int | None) -> BudgetExceeded:
    """Where the policy is `fail_closed`."""
    return BudgetExceeded(
        f"budget {label(wanted)} cannot be checked, and its policy is fail_closed: {reason}",
        budget=label(wanted),
        asked_usd=None if asked is None else usd_of(asked),
    )


def _how(wanted: Wanted, standing: Standing, server: str | None, *, is_of_process: bool) -> str:
    """What somebody can do where the program runs."""
    if is_of_process:
        return " in the program: it is a budget of this process alone, set by usd="
    if server is not None:
        return f" at {server}, with a key of the scope admin in AGENTGAUGE_API_KEY: {_command(wanted, standing)}"
    return f": {_command(wanted, standing)}"


def _command(wanted: Wanted, standing: Standing) -> str:
    words = ["agentgauge", "budget", "set", label(wanted), plain_digits(usd_of(max(standing.limit, PICO) * _FACTOR))]
    if wanted.period != "total":
        words += ["--per", wanted.period]
    if wanted.project is not None and wanted.scope != "project":
        words += ["--project", wanted.project]
    return shlex.join(words)
