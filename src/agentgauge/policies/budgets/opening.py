"""From what a program says of a budget to its guard: arguments checked at once, and where the budget is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import cast, get_args

from agentgauge.errors import EventRefused, SettingsError
from agentgauge.journal import lifetime
from agentgauge.journal.memory import MemoryJournal
from agentgauge.policies.budgets.accounts import Accounts
from agentgauge.policies.budgets.amounts import pico_of
from agentgauge.policies.budgets.costs import Costs
from agentgauge.policies.budgets.guard import BudgetGuard
from agentgauge.policies.budgets.keeper import Keeper
from agentgauge.policies.budgets.local import InMemoryAccounts, of_home
from agentgauge.policies.budgets.remote import RemoteAccounts
from agentgauge.recorder.given import Money, aware, money
from agentgauge.recorder.guards import Asked
from agentgauge.server_client import ServerClient
from agentgauge.settings import Settings
from agentgauge.settings.recording import BudgetPolicy
from agentgauge.state.budget_account import Wanted
from agentgauge.state.budget_terms import BudgetPeriod, Scope

_SCOPES = get_args(Scope)
_LONGEST_NAME = 500
_MOST_USD = 10**12

_keepers: dict[Settings | None, Keeper] = {}
_opening = threading.RLock()


def open_guard(asked: Asked) -> BudgetGuard:
    """The guard of a budget, which is neither sought nor made before it is entered. Raises `SettingsError`."""
    wanted = _wanted(asked)
    settings = asked.settings
    policy = asked.policy
    if policy is None:
        policy = "fail_open" if settings is None else settings.budget_policy
    elif policy not in get_args(BudgetPolicy):
        raise SettingsError(f"policy={policy!r}: use one of {', '.join(get_args(BudgetPolicy))}")
    holding = _keeper(asked).holding(wanted)
    return BudgetGuard(
        wanted, holding, Costs(settings, asked.entry.sink), policy, asked.entry, asked.current,
        lambda given: _amount("max_usd", given),
    )  # fmt: skip


def _wanted(asked: Asked) -> Wanted:
    scope, _, name = str(asked.of).partition(":")
    if scope not in _SCOPES or not name:
        raise SettingsError(
            f"budget {asked.of!r}: say what it is of and its name, as 'ticket:PROJ-456'; it is of {', '.join(_SCOPES)}"
        )
    project = asked.project or None
    if scope == "project":
        if project not in (None, name):
            raise SettingsError(f"budget {asked.of!r} cannot be in project {project!r}: leave that out")
        project = name
    for text in (name, project or ""):
        _check_text(asked.of, text)
    if asked.per not in get_args(BudgetPeriod):
        raise SettingsError(f"per={asked.per!r}: use one of {', '.join(get_args(BudgetPeriod))}")
    return Wanted(
        scope=cast("Scope", scope),
        name=name,
        project=project,
        period=asked.per,
        usd=None if asked.usd is None else _checked_money("usd", asked.usd),
        since=None if asked.since is None else _time(asked.since),
    )


def _check_text(of: str, text: object) -> None:
    if not isinstance(text, str):
        raise SettingsError(f"budget {of!r}: a project is text, got {type(text).__name__}")
    if len(text) > _LONGEST_NAME or "\0" in text:
        raise SettingsError(f"budget {of[:60]!r}: a name has at most {_LONGEST_NAME} characters, and no NUL")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SettingsError(f"budget {of!r}: a name that cannot be written as UTF-8") from error


def _checked_money(name: str, given: Money) -> Decimal:
    try:
        usd = money(given.strip().removeprefix("$") if isinstance(given, str) else given)
    except EventRefused as refused:
        raise SettingsError(f"{name}={given!r}: use an amount of dollars, as 5, '0.20' or Decimal('0.20')") from refused
    if not 0 <= usd <= _MOST_USD:
        raise SettingsError(f"{name}={given!r}: use at least 0, and at most {_MOST_USD} dollars")
    return usd


def _amount(name: str, given: Money) -> int:
    return pico_of(_checked_money(name, given))


def _time(given: datetime) -> datetime:
    try:
        return aware(given)
    except EventRefused as refused:
        raise SettingsError(f"since={given!r}: {refused}") from refused


def _keeper(asked: Asked) -> Keeper:
    """One per home or server and process."""
    settings = asked.settings
    if settings is None or not settings.persist or isinstance(asked.entry.sink, MemoryJournal):
        settings = None
    keeper = _keepers.get(settings)
    if keeper is None:
        with _opening:
            keeper = _keepers.get(settings)
            if keeper is None:
                keeper = _keepers[settings] = Keeper(
                    _accounts_of(settings),
                    is_of_process=settings is None,
                    server=None if settings is None else settings.endpoint,
                )
    return keeper


def _accounts_of(settings: Settings | None) -> Callable[[], Accounts]:
    """How to reach the budgets; anew in a forked child."""
    if settings is None:
        return InMemoryAccounts
    if settings.endpoint is not None:
        endpoint, key = settings.endpoint, settings.api_key
        return lambda: RemoteAccounts(ServerClient(endpoint, key))
    return lambda: of_home(settings)


def _renew_lock() -> None:
    global _opening
    _opening = threading.RLock()


lifetime.after_fork(_renew_lock)
