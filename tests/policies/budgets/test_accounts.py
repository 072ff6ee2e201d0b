"""What a guard relies on, of every kind of accounts."""

from __future__ import annotations

import multiprocessing
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe

import pytest
from msgspec.structs import replace

import agentgauge
from agentgauge.errors import NotFound
from agentgauge.policies.budgets.accounts import Accounts
from agentgauge.state.budget_account import Account, Charge, Refusal, Reservation
from agentgauge.state.budget_accounts import BudgetAccounts
from tests.policies.budgets.conftest import SHARED, Place, Shelf, a_charge

NOTHING = Decimal(0)
RACERS, CALLS = 8, 12


def reserved(accounts: Accounts, account: Account, id_: str, usd: str, at_least: str | None = None) -> Reservation:
    answer = asked(accounts, account, id_, usd, at_least)
    assert isinstance(answer, Reservation), answer
    return answer


def asked(
    accounts: Accounts, account: Account, id_: str, usd: str, at_least: str | None = None, ttl_s: float = 60
) -> Reservation | Refusal:
    return accounts.reserve(
        account.budget_id, id_, Decimal(usd), at_least=Decimal(at_least or usd), holder=f"of {id_}", ttl_s=ttl_s
    )


def test_a_budget_is_made_where_there_is_none_and_found_after_that(shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="no budget of ticket"):
        shelf.accounts.open(shelf.wanted(None), "a program")
    made = shelf.made("5")
    assert (made.limit_usd, made.spent_usd, made.reserved_usd, made.remaining_usd) == (5, 0, 0, 5)
    assert made.counted_at is not None, "before it began nothing can have been spent of it"
    assert shelf.made("5").budget_id == made.budget_id
    assert shelf.accounts.open(shelf.wanted(None), "another program").period_start == made.period_start


def test_one_that_a_program_made_follows_the_programs(shelf: Shelf) -> None:
    made = shelf.made("5")
    changed = shelf.made("7")
    assert (changed.budget_id, changed.limit_usd) == (made.budget_id, 7)


@pytest.mark.parametrize("place", SHARED, indirect=True)
def test_one_that_a_person_set_does_not_follow_programs(shelf: Shelf) -> None:
    shelf.set_by_a_person("3")
    assert shelf.made("50").limit_usd == 3


@pytest.mark.parametrize("place", SHARED, indirect=True)
def test_what_happened_since_counts_for_one_that_says_so(shelf: Shelf) -> None:
    since = datetime(2026, 3, 1, tzinfo=UTC)
    made = shelf.made("5", since=since)
    assert (made.period_start, made.counted_at) == (since, None)


def test_a_reservation_is_granted_while_it_is_within_the_limit(shelf: Shelf) -> None:
    account = shelf.made("1")
    first = reserved(shelf.accounts, account, "a", "0.6")
    assert (first.id, first.usd, first.account.remaining_usd) == ("a", Decimal("0.6"), Decimal("0.4"))
    refused = asked(shelf.accounts, account, "b", "0.400000000001")
    assert isinstance(refused, Refusal)
    assert (refused.account.reserved_usd, refused.leased_usd, refused.orphaned_usd) == (Decimal("0.6"), 0, 0)
    assert reserved(shelf.accounts, account, "c", "0.4").account.remaining_usd == 0


def test_asked_again_with_its_id_it_is_the_same_reservation(shelf: Shelf) -> None:
    account = shelf.made("1")
    first = reserved(shelf.accounts, account, "a", "0.6")
    assert reserved(shelf.accounts, account, "a", "0.6") == first
    assert shelf.accounts.account(account.budget_id).reserved_usd == Decimal("0.6")


def test_ids_of_reservations_are_a_budgets_own(shelf: Shelf) -> None:
    one, other = shelf.made("1", " one"), shelf.made("1", " other")
    reserved(shelf.accounts, one, "a", "0.6")
    reserved(shelf.accounts, other, "a", "0.7")
    shelf.accounts.settle(one.budget_id, "a", (), NOTHING)
    assert shelf.accounts.account(one.budget_id).reserved_usd == 0
    assert shelf.accounts.account(other.budget_id).reserved_usd == Decimal("0.7")


def test_a_lease_is_given_what_is_left_and_is_told_of_to_others(shelf: Shelf) -> None:
    account = shelf.made("1")
    lease = reserved(shelf.accounts, account, "a", "5", "0.1")
    assert lease.usd == 1
    refused = asked(shelf.accounts, account, "b", "0.1")
    assert isinstance(refused, Refusal)
    assert refused.leased_usd == 1


def test_settling_charges_what_was_spent_and_frees_the_rest(shelf: Shelf) -> None:
    account = shelf.made("1")
    reserved(shelf.accounts, account, "a", "0.6")
    settled = shelf.accounts.settle(account.budget_id, "a", [a_charge(1, "0.2"), a_charge(2, "0.15")], NOTHING)
    assert settled.usd == 0
    assert (settled.account.charged_usd, settled.account.reserved_usd) == (Decimal("0.35"), 0)
    assert shelf.accounts.account(account.budget_id) == settled.account


def test_settling_again_changes_nothing(shelf: Shelf) -> None:
    account = shelf.made("1")
    reserved(shelf.accounts, account, "a", "0.6")
    first = shelf.accounts.settle(account.budget_id, "a", [a_charge(1, "0.2")], NOTHING)
    assert shelf.accounts.settle(account.budget_id, "a", [a_charge(1, "0.2")], NOTHING) == first


def test_of_a_lease_so_much_is_kept_as_is_asked_and_there_is(shelf: Shelf) -> None:
    account = shelf.made("1")
    reserved(shelf.accounts, account, "a", "0.6", "0.1")
    for keep, kept in (("0.5", "0.5"), ("0.9", "0.5"), ("0.2", "0.2")):
        settled = shelf.accounts.settle(account.budget_id, "a", (), Decimal(keep))
        assert (settled.usd, settled.account.reserved_usd) == (Decimal(kept), Decimal(kept))


def test_what_was_spent_beyond_a_reservation_is_charged_all_the_same(shelf: Shelf) -> None:
    account = shelf.made("1")
    reserved(shelf.accounts, account, "a", "0.6")
    shelf.accounts.settle(account.budget_id, "a", [a_charge(1, "2.5")], NOTHING)
    late = shelf.accounts.settle(account.budget_id, "never-heard-of", [a_charge(2, "0.5")], NOTHING)
    assert (late.usd, late.account.remaining_usd) == (0, -2)


def test_an_event_is_charged_once_however_it_is_told(shelf: Shelf) -> None:
    account = shelf.made("1")
    shelf.accounts.charge(account.budget_id, [a_charge(1, "0.2"), a_charge(1, "0.2")])
    shelf.accounts.charge(account.budget_id, [a_charge(1, "0.2"), a_charge(2, "0.1")])
    shelf.accounts.settle(account.budget_id, "b", [a_charge(2, "0.1")], NOTHING)
    assert shelf.accounts.account(account.budget_id).charged_usd == Decimal("0.3")


def test_any_number_of_events_is_charged_together(shelf: Shelf) -> None:
    account = shelf.made("100")
    charges = [a_charge(n, "0.01") for n in range(2345)]
    assert shelf.accounts.charge(account.budget_id, charges).charged_usd == Decimal("23.45")
    reserved(shelf.accounts, account, "a", "1")
    settled = shelf.accounts.settle(account.budget_id, "a", [a_charge(n, "0.01") for n in range(3456)], NOTHING)
    assert (settled.account.charged_usd, settled.account.reserved_usd) == (Decimal("34.56"), 0)
    assert shelf.accounts.charge(account.budget_id, []).charged_usd == Decimal("34.56")


def test_what_happened_before_the_budget_began_is_not_its(shelf: Shelf) -> None:
    account = shelf.made("1")
    before = account.period_start - timedelta(seconds=1)
    assert shelf.accounts.charge(account.budget_id, [a_charge(1, "0.2", before)]).charged_usd == 0


@pytest.mark.parametrize("place", SHARED, indirect=True)
def test_a_charge_is_of_the_period_of_its_event_whatever_the_clock_of_who_reserves_says(shelf: Shelf) -> None:
    """A machine whose clock is ahead: it reserves today, by the clock of the accounts, and its event is tomorrow's."""
    account = shelf.made("1", period="day")
    assert account.period_end is not None
    reserved(shelf.accounts, account, "a", "0.6")
    settled = shelf.accounts.settle(account.budget_id, "a", [a_charge(1, "0.2", account.period_end)], NOTHING)
    assert (settled.account.period_start, settled.account.spent_usd, settled.account.reserved_usd) == (
        account.period_start, 0, 0,
    )  # fmt: skip
    tomorrow = BudgetAccounts(shelf.place.store()).account(account.budget_id, account.period_end)
    assert (tomorrow.period_start, tomorrow.charged_usd) == (account.period_end, Decimal("0.2"))


def test_what_a_dead_holder_had_is_told_apart_and_stays_reserved(shelf: Shelf) -> None:
    account = shelf.made("1")
    asked(shelf.accounts, account, "a", "0.6", ttl_s=0.001)
    refused = _refusal_of_orphans(shelf, account)
    assert (refused.orphaned_usd, refused.account.reserved_usd) == (Decimal("0.6"), Decimal("0.6"))


def test_a_holder_that_renews_is_alive(shelf: Shelf) -> None:
    account = shelf.made("1")
    asked(shelf.accounts, account, "a", "0.6", ttl_s=0.001)
    _refusal_of_orphans(shelf, account)
    shelf.accounts.renew("of another", 60)
    assert isinstance(refused := asked(shelf.accounts, account, "b", "0.6"), Refusal)
    assert refused.orphaned_usd == Decimal("0.6")
    shelf.accounts.renew("of a", 60)
    assert isinstance(refused := asked(shelf.accounts, account, "b", "0.6"), Refusal)
    assert refused.orphaned_usd == 0


@pytest.mark.parametrize("place", SHARED, indirect=True)
def test_a_count_sees_what_was_charged_and_frees_what_dead_holders_had(shelf: Shelf) -> None:
    account = shelf.made("1")
    with agentgauge.open(shelf.place.home, ticket=shelf.name) as gauge:
        values = {"model": "m", "input_tokens": 1, "output_tokens": 1, "cost_usd": Decimal("0.25")}
        event = gauge.event("llm_call", values)
    assert event is not None
    charge = Charge(segment=event.segment or "", n=event.n or 0, time=event.time, usd=Decimal("0.25"))
    asked(shelf.accounts, account, "a", "0.6", ttl_s=0.001)
    shelf.accounts.charge(account.budget_id, [charge])
    _refusal_of_orphans(shelf, account)
    shelf.accounts.recount(account.budget_id)
    counted = shelf.accounts.account(account.budget_id)
    assert (counted.counted_usd, counted.charged_usd, counted.reserved_usd) == (Decimal("0.25"), 0, 0)
    again = shelf.accounts.charge(account.budget_id, [charge])
    assert again.spent_usd == Decimal("0.25"), "a charge that arrives after its event was counted adds nothing"


def test_amounts_keep_every_digit(shelf: Shelf) -> None:
    account = shelf.made("999999999999.999999999999")
    tiny = shelf.accounts.charge(account.budget_id, [a_charge(1, "0.000000000001")])
    assert tiny.remaining_usd == Decimal("999999999999.999999999998")


def test_a_budget_that_is_not_there_is_said_to_be_none(shelf: Shelf) -> None:
    account = replace(shelf.made("1"), budget_id=987654)
    for ask in (
        lambda: asked(shelf.accounts, account, "a", "1"),
        lambda: shelf.accounts.settle(account.budget_id, "a", (), NOTHING),
        lambda: shelf.accounts.charge(account.budget_id, [a_charge(1, "1")]),
    ):
        with pytest.raises(NotFound, match="no budget 987654"):
            ask()


def test_threads_that_race_never_reserve_more_than_there_is(shelf: Shelf) -> None:
    account = shelf.made("3")
    granted: list[Decimal] = []

    def race(number: int) -> None:
        for call in range(CALLS):
            answer = asked(shelf.accounts, account, f"{number}-{call}", "0.1")
            granted.extend([answer.usd] if isinstance(answer, Reservation) else [])

    threads = [threading.Thread(target=race, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(granted) == 3
    assert shelf.accounts.account(account.budget_id).reserved_usd == 3


@pytest.mark.parametrize("place", SHARED, indirect=True)
@pytest.mark.parametrize(("method", "count"), [("spawn", 3), ("fork", RACERS)], ids=["spawn", "fork"])
def test_processes_that_race_spend_what_there_is_and_not_a_dollar_more(shelf: Shelf, method: str, count: int) -> None:
    """Each reserves for a call, spends less than it reserved, and goes on until it is refused.

    Those that are spawned, which takes a second each, show that nothing open is needed of a parent.
    """
    account = shelf.made("3")
    context = multiprocessing.get_context(method)
    racers = []
    for number in range(count):
        hear, tell = context.Pipe(duplex=False)
        # A forked child goes on with what its parent has open; a spawned one has nothing of it.
        accounts = shelf.accounts if method == "fork" else None
        racer = context.Process(target=_race, args=(shelf.place, accounts, account, number, tell))
        racer.start()
        racers.append((racer, hear))
    spent = NOTHING
    for racer, hear in racers:
        assert hear.poll(120)
        spent += hear.recv()
        racer.join(60)
        assert racer.exitcode == 0
        hear.close()
    assert Decimal("2.9") < spent <= 3
    final = shelf.accounts.account(account.budget_id)
    assert (final.charged_usd, final.reserved_usd) == (spent, 0)


def _race(place: Place, accounts: Accounts | None, account: Account, number: int, tell: Pipe) -> None:
    accounts = accounts or place.accounts()
    spent, call = NOTHING, 0
    while isinstance(asked(accounts, account, f"{number}-{call}", "0.1"), Reservation):
        event = a_charge(number * 1000 + call, "0.07")
        accounts.settle(account.budget_id, f"{number}-{call}", [event], NOTHING)
        spent, call = spent + event.usd, call + 1
    tell.send(spent)


def _refusal_of_orphans(shelf: Shelf, account: Account) -> Refusal:
    """Once what was reserved for no time has expired, which takes the clock of the accounts to turn."""
    while True:
        answer = asked(shelf.accounts, account, "too-much", "0.9")
        assert isinstance(answer, Refusal)
        if answer.orphaned_usd:
            return answer
