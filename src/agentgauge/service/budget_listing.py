"""Budgets as a list of them shows each: how it stands, when it runs out, and who set it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from agentgauge.engines import Engine
from agentgauge.service.budget_outlook import Outlook, outlooks
from agentgauge.service.budgets import BudgetState, states
from agentgauge.state.audit import AuditLog
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.store import Store


class Listed(msgspec.Struct, frozen=True):
    state: BudgetState
    outlook: Outlook
    set_by: str
    """`a program`, `a person`, or, where actors may be named, who it was."""


class Listing(msgspec.Struct, frozen=True):
    rows: tuple[Listed, ...]
    total: int
    """Of budgets that there are."""


def nearest_limit(
    engine: Engine,
    store: Store,
    now: datetime,
    *,
    projects: Collection[str] | None,
    most: int,
    names_actors: bool,
) -> Listing:
    """So many budgets of `projects` (None: all), those of which the largest share is used first. All are counted; dates
    are forecast of those that are listed. Raises `StateError`.
    """
    budgets = BudgetBook(store).budgets(projects=projects)
    found = sorted(zip(budgets, states(engine, store, budgets, now), strict=True), key=lambda pair: _order(pair[1]))
    listed = found[:most]
    dates = outlooks(engine, store, [budget for budget, _ in listed], [state for _, state in listed], now)
    return Listing(
        tuple(
            Listed(state, dates[budget.id], set_by(store, state, names_actors=names_actors)) for budget, state in listed
        ),
        len(found),
    )


def set_by(store: Store, state: BudgetState, *, names_actors: bool) -> str:
    """Who set a budget. Raises `StateError`."""
    if names_actors:
        acts = AuditLog(store).acts(subject=f"budget {state.id}", limit=1)
        if acts:
            return acts[0].actor
    return "a program" if state.set_by == "code" else "a person"


def _order(state: BudgetState) -> tuple[float, int]:
    """What was used of nothing is more than all."""
    share = float("inf") if state.utilization_percent is None else state.utilization_percent
    return -share, state.id
