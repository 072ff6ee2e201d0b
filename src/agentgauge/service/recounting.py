"""Counting what budgets have spent from the events, for their accounts.

    python -m agentgauge.service.recounting --home DIR [--budget ID ...]

is what a guard starts, so that no agent has to import what reads the lake; it ends with 0 once the budgets have been
counted. Of several that are asked for at once in a home one counts and the others wait: whose request was made before
that count began need not count again. Costs the opening of a snapshot and one question for all budgets of one kind.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from agentgauge.errors import AgentGaugeError, NotFound, Outdated, StateError
from agentgauge.files import file_lock, make_directory
from agentgauge.meter import Meter
from agentgauge.service.budget_charges import Sighting
from agentgauge.service.budgets import Use, counted
from agentgauge.settings import Home, get_settings
from agentgauge.state.budget_counts import BudgetCounts, Count, Identities
from agentgauge.state.budget_terms import Budget
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.database import state_of
from agentgauge.state.kept import KeptDatabase
from agentgauge.state.store import Store

_SNAPSHOTS = 10
"""How often budgets are counted that others change or count meanwhile."""


def recount(meter: Meter, store: Store, ids: Collection[int] | None = None) -> None:
    """Count these budgets, or all there are, in a snapshot that is opened after this was called.

    Raises `NotFound` for an id that there is not, `StateError`, and `LakeError` where the events cannot be read.
    """
    if not store.exists and not ids:
        return
    counts = BudgetCounts(store)
    asked = counts.now()
    with _turn(meter.settings.home):
        left = [budget for budget in _budgets(store, ids) if not counts.is_counted_since(budget, asked)]
        for _ in range(_SNAPSHOTS):
            if not left:
                return
            again = _count(meter, counts, left)
            left = list(_still_there(store, again))
    raise StateError(f"{len(left)} budgets could not be counted: others changed them each time; try again")


def _count(meter: Meter, counts: BudgetCounts, budgets: Sequence[Budget]) -> list[int]:
    """Count budgets in one snapshot; the ids of those that have to be counted in another."""
    began = counts.now()
    with meter.engine() as engine:
        opened = counts.now()
        found = counted(engine, budgets, counts.beside(budgets, began), began)
        sighting = Sighting(engine, began)
        return [budget.id for budget in budgets if not _kept(counts, sighting, budget, began, opened, found[budget.id])]


def _kept(
    counts: BudgetCounts, sighting: Sighting, budget: Budget, began: datetime, opened: datetime, use: Use
) -> bool:
    """Whether what a snapshot says of a budget was kept, with the charges that came while it was asked."""
    start = budget.counts_from(began)
    told = counts.unseen(budget.id, start)
    seen: Identities = frozenset()
    missing: Identities = frozenset()
    while True:
        found = sighting.sort(told)
        seen, missing = seen | found.seen, missing | found.missing
        count = Count(start=start, usd=use.counted_usd, began=began, opened=opened, seen=seen, missing=missing)
        try:
            told = counts.keep(budget, count)
        except (Outdated, NotFound):
            return False
        if not told:
            return True


def _budgets(store: Store, ids: Collection[int] | None) -> list[Budget]:
    book = BudgetBook(store)
    return list(book.budgets()) if ids is None else [book.get(id_) for id_ in sorted(set(ids))]


def _still_there(store: Store, ids: Iterable[int]) -> Iterator[Budget]:
    book = BudgetBook(store)
    for id_ in ids:
        with suppress(NotFound):
            yield book.get(id_)


@contextmanager
def _turn(home: Home) -> Iterator[None]:
    make_directory(home.root)
    with file_lock(home.root / "budgets.lock"):
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m agentgauge.service.recounting", description="Count what budgets have spent from the events."
    )
    parser.add_argument("--home", metavar="DIR|URI", help="Where the data is. Default: AGENTGAUGE_HOME.")
    parser.add_argument("--budget", metavar="ID", type=int, action="append", help="Only this; may be repeated.")
    asked = parser.parse_args(arguments)
    try:
        settings = get_settings(asked.home)
        recount(Meter(settings), KeptDatabase(state_of(settings.home).path), asked.budget)
    except (AgentGaugeError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
