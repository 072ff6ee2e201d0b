"""Recommendations as they are kept: ids, statuses, decisions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from agentgauge.errors import NotFound
from agentgauge.state.recommendations import Key, RecommendationBook
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PAUSE, CACHE = Key("pause_agent", agent="tester"), Key("use_cache", agent="coder", model="gpt-4o")


@pytest.fixture
def book(store: Store) -> RecommendationBook:
    return RecommendationBook(store)


def test_what_is_found_again_keeps_its_id_and_has_its_newest_figures(
    book: RecommendationBook, opened: Callable[[], Store]
) -> None:
    first = book.found({PAUSE: b'{"saved":1}', CACHE: b"{}"}, NOON)
    again = RecommendationBook(opened()).found({PAUSE: b'{"saved":2}'}, NOON + DAY)
    assert {first[PAUSE].id, first[CACHE].id} == {1, 2}
    assert again[PAUSE].id == first[PAUSE].id
    assert (again[PAUSE].first_found, again[PAUSE].last_found) == (NOON, NOON + DAY)
    assert again[PAUSE].figures == b'{"saved":2}'


def test_a_job_that_is_caught_up_makes_nothing_found_earlier_than_it_was(book: RecommendationBook) -> None:
    book.found({PAUSE: b"{}"}, NOON)
    assert book.found({PAUSE: b"{}"}, NOON - DAY)[PAUSE].last_found == NOON


def test_another_agent_or_alternative_is_another_recommendation(book: RecommendationBook) -> None:
    others = [Key("cheaper_model", "coder", "opus", "plan", other) for other in ("sonnet", "haiku")]
    found = book.found(dict.fromkeys(others, b"{}"), NOON)
    assert len({kept.id for kept in found.values()}) == 2


def test_a_decision_keeps_its_time_and_the_figures_of_its_moment(book: RecommendationBook) -> None:
    found = book.found({PAUSE: b'{"saved":1}'}, NOON)[PAUSE]
    assert found.status == "pending"
    book.decide(found.id, "accepted", NOON + DAY)
    book.found({PAUSE: b'{"saved":9}'}, NOON + 2 * DAY)
    (kept,) = book.all()
    assert kept.status == "accepted"
    (decision,) = kept.decisions
    assert (decision.status, decision.time, decision.figures) == ("accepted", NOON + DAY, b'{"saved":1}')


def test_deciding_the_same_again_changes_nothing_and_another_is_added(book: RecommendationBook) -> None:
    found = book.found({PAUSE: b"{}"}, NOON)[PAUSE]
    book.decide(found.id, "accepted", NOON)
    again = book.decide(found.id, "accepted", NOON + DAY)
    assert [decision.time for decision in again.decisions] == [NOON]
    other = book.decide(found.id, "dismissed", NOON + DAY)
    assert [decision.status for decision in other.decisions] == ["accepted", "dismissed"]
    assert other.status == "dismissed"


def test_an_id_that_there_is_not_is_refused_naming_those_there_are(book: RecommendationBook) -> None:
    with pytest.raises(NotFound, match="none was found yet"):
        book.decide(1, "accepted", NOON)
    book.found({PAUSE: b"{}"}, NOON)
    for number in (7, 0, -1, 10**30):
        with pytest.raises(NotFound, match=f"no recommendation {number}: they are numbered 1 to 1"):
            book.decide(number, "accepted", NOON)


def test_asking_writes_nothing(book: RecommendationBook, store: Store) -> None:
    assert book.all() == ()
    assert book.found({}, NOON) == {}
    assert not store.exists


def test_what_was_found_in_one_project_is_another_recommendation_in_all(book: RecommendationBook) -> None:
    shop = book.found({PAUSE: b'{"of":"shop"}'}, NOON, project="shop")[PAUSE]
    everything = book.found({PAUSE: b"{}"}, NOON)[PAUSE]
    assert (shop.id, shop.project, everything.id, everything.project) == (1, "shop", 2, None)
    book.decide(1, "dismissed", NOON)
    assert [(kept.id, kept.status) for kept in book.all("shop")] == [(1, "dismissed")]
    assert [(kept.id, kept.status) for kept in book.all()] == [(2, "pending")]
    assert book.all("blog") == ()


def test_who_may_see_some_projects_decides_about_these_only(book: RecommendationBook) -> None:
    book.found({PAUSE: b"{}"}, NOON)
    book.found({PAUSE: b"{}"}, NOON, project="shop")
    for number in (1, 3):  # how many there are besides is not theirs to know
        with pytest.raises(NotFound, match=f"no recommendation {number} among those of shop"):
            book.decide(number, "accepted", NOON, projects={"shop"})
    assert book.decide(2, "accepted", NOON, projects={"shop"}).status == "accepted"


def test_a_name_that_a_database_cannot_hold_is_found_again(book: RecommendationBook) -> None:
    odd = {Key("pause_agent", agent="te\0ster"): b"{}"}
    (first,), (again,) = book.found(odd, NOON).values(), book.found(odd, NOON + DAY).values()
    assert (again.id, again.key.agent) == (first.id, "te\ufffdster")


def test_only_what_is_new_or_decided_is_a_change_for_caches(book: RecommendationBook, store: Store) -> None:
    book.found({PAUSE: b"{}"}, NOON)
    before = store.changes("recommendations")
    book.found({PAUSE: b'{"saved":2}'}, NOON + DAY)
    assert store.changes("recommendations") == before
    book.decide(1, "accepted", NOON)
    assert store.changes("recommendations") != before
