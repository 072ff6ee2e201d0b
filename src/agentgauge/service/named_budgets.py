"""Budgets by what people call them, `ticket:PROJ-456`, and setting one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Protocol, TypeVar, get_args

import msgspec

from agentgauge.errors import Ambiguous, NotFound, QueryError
from agentgauge.events.fields import MONEY_STEP
from agentgauge.service.budgets import agreed
from agentgauge.service.wording import money
from agentgauge.state.budget_terms import (
    CRITICAL_PERCENT,
    WARNING_PERCENT,
    Budget,
    BudgetPeriod,
    Scope,
    Terms,
    period_start,
)
from agentgauge.state.budgets import BudgetBook

SCOPES: tuple[Scope, ...] = get_args(Scope)
_MOST_USD = Decimal(10) ** 12
_LONGEST_NAME = 1000
_ALIKE = 0.7
"""How alike a name is that was probably meant."""


class Named(Protocol):
    """What tells budgets apart for people."""

    @property
    def id(self) -> int: ...

    @property
    def scope(self) -> Scope: ...

    @property
    def name(self) -> str: ...

    @property
    def project(self) -> str | None: ...

    @property
    def period(self) -> BudgetPeriod: ...

    @property
    def total_usd(self) -> Decimal: ...


B = TypeVar("B", bound=Named)
B_co = TypeVar("B_co", bound=Named, covariant=True)


class Book(Protocol[B_co]):
    """Where budgets are looked up: in a store, or with a server."""

    def get(self, id: int, /) -> B_co: ...  # noqa: A002 - as of `BudgetBook`

    def budgets(self, *, scope: Scope | None = None, name: str | None = None) -> Sequence[B_co]: ...


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of a budget; None of what is to be as it is, or as usual."""

    of: str
    usd: Decimal
    period: BudgetPeriod = "total"
    project: str | None = None
    start: datetime | None = None
    warning_percent: float | None = None
    critical_percent: float | None = None


class Done(msgspec.Struct, frozen=True):
    budget: Budget
    before: Budget | None
    """As it was; None of a new one."""


def scope_and_name(text: str) -> tuple[Scope, str]:
    """What `ticket:PROJ-456` means. Raises `QueryError`."""
    word, colon, name = text.partition(":")
    scope = word.strip().lower()
    if not colon or not name.strip() or len(name) > _LONGEST_NAME:
        raise QueryError(f"{text!r} names no budget: write SCOPE:NAME, such as ticket:PROJ-456", field="budget")
    if scope not in SCOPES:
        near = get_close_matches(scope, SCOPES, n=1)
        hint = f"did you mean {near[0]}:{name}?" if near else f"use one of {', '.join(SCOPES)}"
        raise QueryError(f"a budget is not of a {word!r}: {hint}", field="budget", allowed=SCOPES)
    return scope, name.strip()


def amount(text: str) -> Decimal:
    """Dollars as people write them: 5, 12.50, $30. Raises `QueryError`."""
    try:
        usd = Decimal(text.strip().removeprefix("$").replace("_", ""))
    except InvalidOperation:
        raise QueryError(f"{text!r} is no amount in USD: write one such as 5 or 12.50", field="total_usd") from None
    if not usd.is_finite() or not 0 <= usd < _MOST_USD or usd != usd.quantize(MONEY_STEP):
        raise QueryError(
            f"a budget is at least $0, below {money(_MOST_USD)}, and has at most 12 decimals, got {text!r}",
            field="total_usd",
        )
    return usd


def set_budget(book: BudgetBook, asked: Asked, actor: str, now: datetime) -> Done:
    """Make the budget, or change the one that there is. Raises `QueryError`, `Conflict`, `StateError`."""
    scope, name = scope_and_name(asked.of)
    before = budget_set(book, asked)
    terms = agreed(
        Terms(
            scope=scope,
            name=name,
            project=asked.project,
            total_usd=asked.usd,
            period=asked.period,
            start=asked.start or (before.start if before else period_start(asked.period, now) or now),
            warning_percent=_either(asked.warning_percent, before.warning_percent if before else None, WARNING_PERCENT),
            critical_percent=_either(
                asked.critical_percent, before.critical_percent if before else None, CRITICAL_PERCENT
            ),
        )
    )
    if before is None:
        return Done(book.create(terms, actor, now), None)
    return Done(book.replace(before.id, terms, actor, now, version=before.version), before)


def budget_set(book: Book[B], asked: Asked) -> B | None:
    """The one that there is of what is to be set. Raises `QueryError`."""
    scope, name = scope_and_name(asked.of)
    key = (name if scope == "project" else asked.project, asked.period)
    return next((one for one in book.budgets(scope=scope, name=name) if (one.project, one.period) == key), None)


def the_budget(book: Book[B], of: str, period: BudgetPeriod | None = None, project: str | None = None) -> B:
    """The one budget that is meant by an id, or by scope and name. Raises `NotFound`, `Ambiguous`, `QueryError`."""
    if of.isdecimal():
        return book.get(int(of))
    scope, name = scope_and_name(of)
    named = book.budgets(scope=scope, name=name)
    found = [budget for budget in named if period in (None, budget.period) and project in (None, budget.project)]
    if len(found) == 1:
        return found[0]
    if found:
        told = "; ".join(f"{budget.id} is {described(budget)}" for budget in found)
        raise Ambiguous(
            f"{len(found)} budgets are of {scope}:{name}: {told}; name one by its number",
            field="budget",
            allowed=[str(budget.id) for budget in found],
        )
    if named:
        told = "; ".join(described(budget) for budget in named)
        raise NotFound(f"no such budget of {scope}:{name}: there is {told}", field="budget")
    raise NotFound(f"no budget of {scope}:{name}{_near(f'{scope}:{name}', book.budgets())}", field="budget")


def described(budget: Named) -> str:
    """`$5.00 in total`, `$30.00 per month in project shop`."""
    per = "in total" if budget.period == "total" else f"per {budget.period}"
    where = f" in project {budget.project}" if budget.project is not None and budget.scope != "project" else ""
    return f"{money(budget.total_usd)} {per}{where}"


def _near(text: str, budgets: Sequence[Named]) -> str:
    if not budgets:
        return ": there are none; make one with 'agentgauge budget set'"
    names = sorted({f"{budget.scope}:{budget.name}" for budget in budgets})
    near = _same_name(text, names) or _alike(text, names)
    return f": did you mean {near[0]}?" if near else ": 'agentgauge budget list' shows those that there are"


def _same_name(text: str, names: Iterable[str]) -> list[str]:
    """Of another scope."""
    name = text.partition(":")[2]
    return [one for one in names if one.partition(":")[2] == name]


def _alike(text: str, names: Iterable[str]) -> list[str]:
    """Of the same scope, which is not part of what is compared."""
    scope, _, name = text.partition(":")
    others = [one.partition(":")[2] for one in names if one.startswith(f"{scope}:")]
    return [f"{scope}:{near}" for near in get_close_matches(name, others, n=1, cutoff=_ALIKE)]


def _either(asked: float | None, before: float | None, usual: float) -> float:
    return next(value for value in (asked, before, usual) if value is not None)
