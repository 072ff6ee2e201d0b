"""What budgets have spent, once the events that say so are gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentgauge.service.carrying import of_age, of_user
from agentgauge.service.recounting import recount
from tests.service.budgeted import HOUR, Budgeted


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Budgeted]:
    found = Budgeted(tmp_path)
    yield found
    found.store.close()


def test_spending_outlives_its_events(home: Budgeted) -> None:
    """By age: of a ticket, which no sums are kept of, and of an agent, of which they are."""
    begin = home.now - 20 * HOUR
    ticket = home.add("ticket:X", "50", start=begin)
    agent = home.add("agent:coder", "50", start=begin)
    for at in (begin - HOUR, begin, begin + HOUR / 12, home.now - HOUR):
        home.record("1", ticket="X", agent="coder", at=at)
    assert (home.used(ticket), home.used(agent)) == (3, 3)
    for _ in range(2):
        now = datetime.now(UTC)
        assert home.meter.lake.expire(now, leaving=of_age(home.store, now, now)).events in (4, 2)
        recount(home.meter, home.store)
        home.record("1", "1", ticket="X", agent="coder")
        assert (home.used(ticket), home.used(agent)) == (home.accounts.account(ticket.id).counted_usd + 2,) * 2
    assert (home.used(ticket), home.used(agent)) == (7, 7)


def test_a_person_is_forgotten_and_the_money_stays_spent(home: Budgeted) -> None:
    team, agent = home.add("team:web", "50"), home.add("agent:coder", "50", period="week")
    home.record("1", "2", team="web", agent="coder", user="ann")
    home.record("4", team="web", agent="coder", user="bob")
    before = home.used(team), home.used(agent)
    assert home.meter.lake.forget("ann", of_user(home.store, "ann", datetime.now(UTC))).events == 2
    assert (home.used(team), home.used(agent)) == before == (7, 7)


@pytest.mark.parametrize("is_counted", [False, True], ids=["not counted yet", "counted"])
def test_what_guards_told_of_a_person_is_not_spent_twice(home: Budgeted, is_counted: bool) -> None:
    """The charge stands beside the events; what is carried stands for the same event, whose segment is gone."""
    team = home.add("team:web", "50")
    home.accounts.charge(team.id, home.record("1", "2", None, team="web", user="ann"))
    if is_counted:
        recount(home.meter, home.store)
    told = home.accounts.account(team.id).spent_usd, home.used(team)
    home.meter.lake.forget("ann", of_user(home.store, "ann", datetime.now(UTC)))
    assert (home.accounts.account(team.id).spent_usd, home.used(team)) == told == (4, 4)
    recount(home.meter, home.store)
    assert (home.accounts.account(team.id).spent_usd, home.used(team)) == (4, 4)


def test_a_deletion_that_did_not_take_place_doubles_nothing(home: Budgeted) -> None:
    """What is to be carried is written first; a crash before the events go leaves it there."""
    ticket = home.add("ticket:X", "50")
    home.record("1", ticket="X")
    now = datetime.now(UTC)

    def crash(step: str) -> None:
        if step == "kept":
            raise RuntimeError("the process died")

    with pytest.raises(RuntimeError):
        home.meter.lake.expire(now, crash, leaving=of_age(home.store, now, now))
    assert home.used(ticket) == 1
    home.meter.lake.expire(now, leaving=of_age(home.store, now, now))
    assert home.used(ticket) == 1
