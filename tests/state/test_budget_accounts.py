"""Accounts of budgets, on every store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from agentgauge.errors import NotFound, Outdated
from agentgauge.state.budget_account import Account, Charge, Refusal, Reservation, Wanted
from agentgauge.state.budget_accounts import BudgetAccounts
from agentgauge.state.budget_counts import BudgetCounts, Count, Identities
from agentgauge.state.budget_terms import Budget, Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.store import Store
from tests.state.clocked import Clocked

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
NOBODY: Identities = frozenset()
TICKET = Wanted(scope="ticket", name="PROJ-456", usd=Decimal(5))


@pytest.fixture
def clocked(store: Store) -> Clocked:
    return Clocked(store, NOON)


@pytest.fixture
def accounts(clocked: Clocked) -> BudgetAccounts:
    return BudgetAccounts(clocked)


def event(n: int, usd: str, time: datetime = NOON, segment: str = "a") -> Charge:
    return Charge(segment=segment, n=n, time=time, usd=Decimal(usd))


def reserve(
    accounts: BudgetAccounts, id_: str, usd: str, at_least: str | None = None, holder: str = "me", ttl_s: float = 60
) -> Reservation | Refusal:
    least = Decimal(usd if at_least is None else at_least)
    return accounts.reserve(1, id_, Decimal(usd), at_least=least, holder=holder, ttl_s=ttl_s)


def granted(answer: Reservation | Refusal) -> Decimal:
    assert isinstance(answer, Reservation), answer
    return answer.usd


def figures(account: Account) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return account.counted_usd, account.charged_usd, account.reserved_usd, account.remaining_usd


def keep(
    clocked: Clocked, usd: str, seen: Identities = NOBODY, missing: Identities = NOBODY, began: datetime | None = None
) -> tuple[tuple[str, int], ...]:
    """Count budget 1, which takes no time; the charges that were not looked for."""
    began = began or clocked.now
    budget = BudgetBook(clocked).get(1)
    count = Count(
        start=budget.counts_from(began), usd=Decimal(usd), began=began, opened=began, seen=seen, missing=missing
    )
    return tuple(one.identity for one in BudgetCounts(clocked).keep(budget, count))


def test_a_budget_that_begins_now_has_nothing_to_count(accounts: BudgetAccounts) -> None:
    account = accounts.open(TICKET, "agent")
    assert (account.budget_id, account.period_start, account.period_end, account.counted_at) == (1, NOON, None, NOON)
    assert figures(account) == (0, 0, 0, 5)
    assert accounts.open(TICKET, "agent") == account
    assert accounts.open(msgspec.structs.replace(TICKET, usd=None), "agent") == account


def test_what_was_spent_before_a_budget_was_made_is_known_once_it_was_counted(
    accounts: BudgetAccounts, clocked: Clocked
) -> None:
    daily = accounts.open(msgspec.structs.replace(TICKET, period="day"), "agent")
    assert (daily.period_start, daily.period_end) == (NOON - 12 * HOUR, NOON + 12 * HOUR)
    assert daily.counted_at is None
    keep(clocked, "2")
    account = accounts.account(1)
    assert figures(account) == (2, 0, 0, 3)
    assert account.counted_at == NOON
    budget = BudgetBook(clocked).get(1)
    assert (budget.used_usd, budget.used_at) == (2, NOON)


def test_a_program_asks_for_a_budget_that_there_is_or_says_what_it_allows(accounts: BudgetAccounts) -> None:
    with pytest.raises(NotFound, match=r"no budget of ticket 'PROJ-456' in total: say usd=, or set one"):
        accounts.open(msgspec.structs.replace(TICKET, usd=None), "agent")
    for ask in (lambda: accounts.account(1), lambda: reserve(accounts, "a", "1"), lambda: accounts.charge(1, [])):
        with pytest.raises(NotFound, match="no budget 1"):
            ask()


def test_a_program_changes_what_programs_set_and_not_what_a_person_did(
    accounts: BudgetAccounts, clocked: Clocked
) -> None:
    accounts.open(TICKET, "agent")
    assert accounts.open(msgspec.structs.replace(TICKET, usd=Decimal(7)), "agent").limit_usd == 7
    book = BudgetBook(clocked)
    assert (book.get(1).set_by, book.get(1).version) == ("code", 2)
    _change(clocked, total_usd=Decimal(9))
    assert accounts.open(TICKET, "agent").limit_usd == 9
    assert book.get(1).set_by == "person"


def test_the_budget_of_a_project_is_in_that_project_whoever_made_it(accounts: BudgetAccounts, clocked: Clocked) -> None:
    terms = Terms(scope="project", name="shop", project="shop", total_usd=Decimal(8), start=NOON)
    BudgetBook(clocked).create(terms, "ann", NOON)
    assert accounts.open(Wanted(scope="project", name="shop", usd=Decimal(1)), "agent").limit_usd == 8


def test_what_is_reserved_is_left_to_nobody_else(accounts: BudgetAccounts) -> None:
    accounts.open(TICKET, "agent")
    assert granted(reserve(accounts, "a", "3")) == 3
    refused = reserve(accounts, "b", "2.000000000001")
    assert isinstance(refused, Refusal)
    assert (refused.leased_usd, refused.orphaned_usd) == (0, 0)
    assert figures(refused.account) == (0, 0, 3, 2)
    assert granted(reserve(accounts, "b", "2")) == 2
    assert figures(accounts.account(1)) == (0, 0, 5, 0)


def test_a_lease_is_given_what_there_is(accounts: BudgetAccounts) -> None:
    accounts.open(TICKET, "agent")
    assert granted(reserve(accounts, "a", "4", at_least="1")) == 4
    assert granted(reserve(accounts, "b", "4", at_least="1", holder="other")) == 1
    refused = reserve(accounts, "c", "4", at_least="0.5")
    assert isinstance(refused, Refusal)
    assert refused.leased_usd == 1  # the other's; its own it need not ask for


def test_asking_again_changes_nothing(accounts: BudgetAccounts) -> None:
    accounts.open(TICKET, "agent")
    assert reserve(accounts, "a", "3") == reserve(accounts, "a", "3")
    first = accounts.settle(1, "a", [event(0, "1")], Decimal(1))
    assert accounts.settle(1, "a", [event(0, "1")], Decimal(1)) == first
    assert figures(first.account) == (0, 1, 1, 3)
    assert accounts.charge(1, [event(0, "1"), event(1, "2")]) == accounts.charge(1, [event(1, "2"), event(0, "1")])
    assert figures(accounts.account(1)) == (0, 3, 1, 1)
    # An earlier settlement that arrives late takes nothing back that was returned since.
    assert accounts.settle(1, "a", [event(0, "1")], Decimal(0)).usd == 0
    assert accounts.settle(1, "a", [event(0, "1")], Decimal(1)).usd == 0
    assert figures(accounts.account(1)) == (0, 3, 0, 2)


def test_what_was_not_reserved_is_charged_all_the_same(accounts: BudgetAccounts) -> None:
    accounts.open(TICKET, "agent")
    reserve(accounts, "a", "1")
    settled = accounts.settle(1, "a", [event(0, "6")], Decimal(0))
    assert (settled.usd, figures(settled.account)) == (0, (0, 6, 0, -1))


def test_reservations_of_other_budgets_are_not_touched(accounts: BudgetAccounts) -> None:
    """The same id, whoever chose it, is another reservation in another budget."""
    for name in ("PROJ-456", "PROJ-457"):
        accounts.open(msgspec.structs.replace(TICKET, name=name), "agent")
    reserve(accounts, "a", "3")
    assert accounts.settle(2, "a", [], Decimal(0)).usd == 0
    assert granted(accounts.reserve(2, "a", Decimal(1), at_least=Decimal(1), holder="x", ttl_s=60)) == 1
    assert (figures(accounts.account(1)), figures(accounts.account(2))) == ((0, 0, 3, 2), (0, 0, 1, 4))


def test_each_event_is_charged_in_the_period_of_its_own_time(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(msgspec.structs.replace(TICKET, period="day"), "agent")
    clocked.now = NOON + 12 * HOUR + SECOND
    account = accounts.charge(
        1, [event(0, "1", NOON), event(1, "2", NOON + 12 * HOUR), event(2, "4", NOON + 36 * HOUR - SECOND)]
    )
    assert (account.period_start, figures(account)) == (NOON + 12 * HOUR, (0, 6, 0, -1))
    assert figures(accounts.account(1, NOON)) == (0, 1, 0, 4)


def test_what_happened_before_a_budget_began_is_not_charged(accounts: BudgetAccounts) -> None:
    accounts.open(TICKET, "agent")
    assert figures(accounts.charge(1, [event(0, "1", NOON - SECOND), event(1, "2", NOON)])) == (0, 2, 0, 3)


def test_a_reservation_of_the_day_before_is_not_taken_from_this_one(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(msgspec.structs.replace(TICKET, period="day"), "agent")
    reserve(accounts, "a", "3", ttl_s=86_400)
    clocked.now = NOON + 13 * HOUR
    assert figures(accounts.account(1)) == (0, 0, 0, 5)
    settled = accounts.settle(1, "a", [event(0, "2", clocked.now)], Decimal(0))
    assert figures(settled.account) == (0, 2, 0, 3)
    assert figures(accounts.account(1, NOON)) == (0, 0, 0, 5)


def test_a_count_takes_the_place_of_the_charges_it_has_seen(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(TICKET, "agent")
    accounts.charge(1, [event(0, "1"), event(1, "2")])
    clocked.pass_by(SECOND)
    assert keep(clocked, "1.5", seen=frozenset({("a", 0)}), missing=frozenset({("a", 1)})) == ()
    assert figures(accounts.account(1)) == (Decimal("1.5"), 2, 0, Decimal("1.5"))
    accounts.charge(1, [event(0, "1")])  # told again, though it was counted
    assert figures(accounts.account(1)) == (Decimal("1.5"), 2, 0, Decimal("1.5"))


def test_a_count_that_has_not_looked_for_a_charge_keeps_nothing(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(TICKET, "agent")
    accounts.charge(1, [event(0, "1"), event(1, "2")])
    clocked.pass_by(SECOND)
    assert keep(clocked, "1", seen=frozenset({("a", 0)})) == (("a", 1),)
    assert figures(accounts.account(1)) == (0, 3, 0, 2)


def test_a_count_of_an_older_snapshot_does_not_take_the_place_of_a_newer_one(
    accounts: BudgetAccounts, clocked: Clocked
) -> None:
    accounts.open(TICKET, "agent")
    accounts.charge(1, [event(0, "1")])
    clocked.pass_by(HOUR)
    assert keep(clocked, "1", seen=frozenset({("a", 0)})) == ()
    with pytest.raises(Outdated, match="counted by another process meanwhile"):
        keep(clocked, "0", began=clocked.now - SECOND)
    assert figures(accounts.account(1)) == (1, 0, 0, 4)


def test_a_count_of_terms_that_were_changed_meanwhile_is_not_kept(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(TICKET, "agent")
    before = BudgetBook(clocked).get(1)
    _change(clocked, name="PROJ-999")
    count = Count(start=NOON, usd=Decimal(4), began=NOON, opened=NOON, seen=NOBODY, missing=NOBODY)
    with pytest.raises(Outdated, match="changed while it was counted"):
        BudgetCounts(clocked).keep(before, count)
    assert figures(accounts.account(1)) == (0, 0, 0, 5)


def test_what_a_dead_holder_had_is_free_after_a_count_that_began_later(
    accounts: BudgetAccounts, clocked: Clocked
) -> None:
    accounts.open(TICKET, "agent")
    reserve(accounts, "dead", "3", holder="dead")
    reserve(accounts, "alive", "1", holder="alive")
    began = clocked.pass_by(59 * SECOND)
    clocked.pass_by(2 * SECOND)
    accounts.renew("alive", 60)
    refused = reserve(accounts, "c", "2")
    assert isinstance(refused, Refusal)
    assert refused.orphaned_usd == 3
    keep(clocked, "2", began=began)
    assert figures(accounts.account(1)) == (2, 0, 4, -1)  # it was not dead yet when that count began
    keep(clocked, "2")
    assert figures(accounts.account(1)) == (2, 0, 1, 2)
    assert [held.id for held in accounts.reservations(1)] == ["alive"]


def test_a_holder_that_was_only_slow_settles_what_was_freed(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(TICKET, "agent")
    reserve(accounts, "a", "3")
    clocked.pass_by(61 * SECOND)
    keep(clocked, "0")
    settled = accounts.settle(1, "a", [event(0, "2")], Decimal(1))
    assert (settled.usd, figures(settled.account)) == (0, (0, 2, 0, 3))


def _change(clocked: Clocked, **changes: object) -> Budget:
    book = BudgetBook(clocked)
    before = book.get(1)
    terms = Terms(**{name: getattr(before, name) for name in Terms.__struct_fields__} | changes)
    return book.replace(1, terms, "ann", clocked.now)


def test_a_start_that_is_moved_takes_open_reservations_and_charges_along(
    accounts: BudgetAccounts, clocked: Clocked
) -> None:
    accounts.open(TICKET, "agent")
    reserve(accounts, "a", "1", ttl_s=86_400)
    accounts.charge(1, [event(0, "0.5"), event(1, "0.25", NOON + 2 * HOUR)])
    clocked.pass_by(3 * HOUR)
    keep(clocked, "0.75", seen=frozenset({("a", 0), ("a", 1)}))
    _change(clocked, start=NOON - DAY)
    account = accounts.account(1)
    assert figures(account) == (0, Decimal("0.75"), 1, Decimal("3.25"))
    assert account.counted_at is None
    _change(clocked, start=NOON + HOUR)
    assert figures(accounts.account(1)) == (0, Decimal("0.25"), 1, Decimal("3.75"))
    assert accounts.settle(1, "a", [], Decimal(0)).account.reserved_usd == 0


def test_another_period_takes_open_reservations_along(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(TICKET, "agent")
    reserve(accounts, "a", "1")
    accounts.charge(1, [event(0, "0.5"), event(1, "0.25", NOON + DAY)])
    clocked.pass_by(DAY)
    _change(clocked, period="day")
    assert figures(accounts.account(1)) == (0, Decimal("0.25"), 1, Decimal("3.75"))


def test_a_budget_of_something_else_has_spent_nothing_of_that_yet(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(TICKET, "agent")
    reserve(accounts, "a", "1")
    accounts.charge(1, [event(0, "0.5")])
    _change(clocked, name="PROJ-457")
    assert figures(accounts.account(1)) == (0, 0, 0, 5)
    assert accounts.settle(1, "a", [], Decimal(0)).usd == 0


def test_another_amount_holds_for_what_is_reserved_from_then_on(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(TICKET, "agent")
    reserve(accounts, "a", "4")
    _change(clocked, total_usd=Decimal(2))
    assert accounts.account(1).remaining_usd == -2
    assert isinstance(reserve(accounts, "b", "0.01"), Refusal)
    assert accounts.settle(1, "a", [event(0, "1")], Decimal(0)).account.remaining_usd == 1


def test_nothing_is_kept_of_a_budget_that_was_removed(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(TICKET, "agent")
    reserve(accounts, "a", "1")
    accounts.charge(1, [event(0, "0.5")])
    BudgetBook(clocked).delete(1, "ann", NOON)
    with pytest.raises(NotFound):
        accounts.settle(1, "a", [event(1, "1")], Decimal(0))
    accounts.renew("me", 60)
    assert accounts.open(TICKET, "agent").budget_id == 2
    assert figures(accounts.account(2)) == (0, 0, 0, 5)
    assert accounts.reservations(1) == ()


def test_charges_are_forgotten_when_nobody_tells_them_again(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(msgspec.structs.replace(TICKET, period="day"), "agent")
    accounts.charge(1, [event(0, "1")])
    keep(clocked, "1", seen=frozenset({("a", 0)}))
    accounts.charge(1, [event(1, "1")])  # of a day that is over before it is counted again
    clocked.pass_by(3 * DAY)
    keep(clocked, "0")
    with clocked.reading() as connection:
        assert connection.execute("SELECT count(*) FROM budget_charges").fetchone()[0] == 0


def test_who_may_see_some_projects_reaches_no_other_accounts(accounts: BudgetAccounts, clocked: Clocked) -> None:
    accounts.open(msgspec.structs.replace(TICKET, project="shop"), "agent")
    reserve(accounts, "a", "1", ttl_s=10)
    others = BudgetAccounts(clocked, {"blog"})
    for ask in (
        lambda: others.account(1),
        lambda: reserve(others, "b", "1"),
        lambda: others.settle(1, "a", [], Decimal(0)),
        lambda: others.charge(1, [event(0, "1")]),
    ):
        with pytest.raises(NotFound, match="no budget 1"):
            ask()
    others.renew("me", 3600)
    assert accounts.reservations(1)[0].expires == NOON + 10 * SECOND
