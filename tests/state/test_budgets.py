"""Budgets as they are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from agentgauge.errors import Conflict, NotFound, Outdated
from agentgauge.state.audit import AuditLog
from agentgauge.state.budget_terms import BudgetPeriod, Terms, status_of, utilization_percent
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
DAY = timedelta(days=1)
CODERS = Terms(scope="agent", name="coder", project="shop", total_usd=Decimal("30.000000000001"), start=NOON - 40 * DAY)


def test_a_budget_comes_back_exactly(store: Store) -> None:
    book = BudgetBook(store)
    made = book.create(CODERS, "ann", NOON)
    assert (made.id, made.version, made.created, made.updated) == (1, 1, NOON, NOON)
    assert (made.used_usd, made.used_at, made.status, made.utilization_percent) == (Decimal(0), None, "ok", 0.0)
    assert msgspec.structs.asdict(CODERS).items() <= msgspec.structs.asdict(made).items()
    assert book.get(1) == made
    assert book.budgets() == (made,)


def test_of_one_scope_name_project_and_period_there_is_one_budget(store: Store) -> None:
    book = BudgetBook(store)
    book.create(CODERS, "ann", NOON)
    with pytest.raises(Conflict, match="budget 1 is that of agent 'coder' in total already"):
        book.create(CODERS, "ann", NOON)
    daily = book.create(msgspec.structs.replace(CODERS, period="day"), "ann", NOON)
    with pytest.raises(Conflict, match="budget 1"):
        book.replace(daily.id, CODERS, "ann", NOON)
    assert book.get(daily.id).version == 1


def test_a_change_that_was_meant_for_an_earlier_version_is_refused(store: Store) -> None:
    book = BudgetBook(store)
    book.create(CODERS, "ann", NOON)
    more = msgspec.structs.replace(CODERS, total_usd=Decimal(50))
    changed = book.replace(1, more, "bob", NOON + DAY, version=1)
    assert (changed.total_usd, changed.version, changed.created, changed.updated) == (50, 2, NOON, NOON + DAY)
    with pytest.raises(Outdated, match="of version 2 by now, not 1"):
        book.replace(1, CODERS, "ann", NOON + DAY, version=1)
    with pytest.raises(Outdated):
        book.delete(1, "ann", NOON + DAY, version=1)
    book.delete(1, "ann", NOON + DAY, version=2)
    with pytest.raises(NotFound, match="no budget 1"):
        book.get(1)
    acts = AuditLog(store).acts(subject="budget 1")
    assert [(act.actor, act.act) for act in acts] == [
        ("ann", "budget.deleted"), ("bob", "budget.changed"), ("ann", "budget.created"),
    ]  # fmt: skip
    assert acts[1].detail == {"total_usd": {"from": "30.000000000001", "to": "50"}}


def test_ids_are_not_given_again_after_a_budget_was_deleted(store: Store) -> None:
    book = BudgetBook(store)
    book.delete(book.create(CODERS, "ann", NOON).id, "ann", NOON)
    assert book.create(CODERS, "ann", NOON).id == 2


def test_what_was_counted_is_kept_without_a_new_version(store: Store) -> None:
    book = BudgetBook(store)
    book.create(CODERS, "ann", NOON)
    book.counted(1, Decimal("28.6"), NOON + DAY)
    budget = book.get(1)
    assert (budget.used_usd, budget.used_at, budget.status, budget.version) == (
        Decimal("28.6"), NOON + DAY, "critical", 1,
    )  # fmt: skip


def test_who_may_see_some_projects_has_no_other_budgets(store: Store) -> None:
    book = BudgetBook(store)
    with pytest.raises(NotFound):
        book.get(1)
    book.create(CODERS, "ann", NOON)
    book.create(msgspec.structs.replace(CODERS, project=None), "ann", NOON)
    book.create(msgspec.structs.replace(CODERS, project="blog"), "ann", NOON)
    assert [budget.id for budget in book.budgets(projects={"shop"})] == [1]
    assert [budget.id for budget in book.budgets(after=1, limit=1)] == [2]
    assert [budget.id for budget in book.budgets(project="blog", scope="agent", name="coder")] == [3]
    for id_ in (2, 3):
        with pytest.raises(NotFound):
            book.get(id_, {"shop"})
        with pytest.raises(NotFound):
            book.replace(id_, CODERS, "ann", NOON, projects={"shop"})
        with pytest.raises(NotFound):
            book.delete(id_, "ann", NOON, projects={"shop"})


@pytest.mark.parametrize(
    ("period", "start"),
    [
        ("total", NOON - 40 * DAY),
        ("day", datetime(2026, 3, 4, tzinfo=UTC)),
        ("week", datetime(2026, 3, 2, tzinfo=UTC)),
        ("month", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_period_begins_at_its_utc_start_but_not_before_the_budget(
    store: Store, period: BudgetPeriod, start: datetime
) -> None:
    book = BudgetBook(store)
    old = book.create(msgspec.structs.replace(CODERS, period=period), "ann", NOON)
    young = book.create(msgspec.structs.replace(CODERS, name="new", period=period, start=NOON), "ann", NOON)
    assert old.counts_from(NOON) == start
    assert young.counts_from(NOON) == NOON


@pytest.mark.parametrize(
    ("used", "status"),
    [("0", "ok"), ("7.99", "ok"), ("8", "warning"), ("9.5", "critical"), ("10", "critical"), ("10.01", "exceeded")],
)
def test_the_status_follows_from_the_thresholds(used: str, status: str) -> None:
    assert status_of(Decimal(used), msgspec.structs.replace(CODERS, total_usd=Decimal(10))) == status


def test_of_a_budget_of_nothing_no_share_is_said_once_something_was_used() -> None:
    assert utilization_percent(Decimal(0), Decimal(0)) == 100.0
    assert utilization_percent(Decimal(1), Decimal(0)) is None
    assert status_of(Decimal(1), msgspec.structs.replace(CODERS, total_usd=Decimal(0))) == "exceeded"
