"""The integer ids of agents."""

from __future__ import annotations

from collections.abc import Callable

from agentgauge.state.agents import Agent, AgentBook, AgentName
from agentgauge.state.store import Store

CODER, OTHER, NOBODYS = AgentName("coder", "shop"), AgentName("coder", "blog"), AgentName("reviewer")


def test_ids_count_in_the_order_of_first_sight_and_stay(store: Store, opened: Callable[[], Store]) -> None:
    book = AgentBook(store)
    assert book.ids([NOBODYS, CODER]) == {NOBODYS: 1, CODER: 2}
    assert AgentBook(opened()).ids([OTHER, CODER]) == {OTHER: 3, CODER: 2}
    assert book.ids([OTHER]) == {OTHER: 3}
    assert store.changes("agents") == (3,)


def test_a_name_that_a_database_cannot_hold_has_an_id_too(store: Store, opened: Callable[[], Store]) -> None:
    odd = AgentName("co\0der", "shop")
    assert AgentBook(store).ids([CODER, odd]) == {CODER: 1, odd: 2}
    assert AgentBook(opened()).ids([odd, CODER]) == {CODER: 1, odd: 2}


def test_an_agent_is_found_by_id_and_by_name_in_each_project(store: Store) -> None:
    book = AgentBook(store)
    assert book.all() == () == book.named("coder")
    assert book.by_id(1) is None
    book.ids([CODER, OTHER, NOBODYS])
    assert book.by_id(3) == Agent(3, "reviewer", None)
    assert book.named("coder") == (Agent(1, "coder", "shop"), Agent(2, "coder", "blog"))
    assert book.by_id(10**30) is None


def test_what_may_see_some_projects_finds_agents_of_these_only(store: Store) -> None:
    book = AgentBook(store)
    book.ids([CODER, OTHER, NOBODYS])
    assert book.named("coder", {"blog"}) == (Agent(2, "coder", "blog"),)
    assert book.by_id(1, {"blog"}) is None
    assert book.by_id(3, {"blog"}) is None
    assert book.all(set()) == ()
