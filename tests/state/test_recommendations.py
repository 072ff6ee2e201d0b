"""Recommendations as they are kept: ids, statuses, decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentgauge.errors import QueryError
from agentgauge.state import Database
from agentgauge.state.recommendations import Key, RecommendationBook

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PAUSE, CACHE = Key("pause_agent", agent="tester"), Key("use_cache", agent="coder", model="gpt-4o")


@pytest.fixture
def book(tmp_path: Path) -> RecommendationBook:
    return RecommendationBook(Database(tmp_path / "state.db"))


def test_what_is_found_again_keeps_its_id_and_has_its_newest_figures(book: RecommendationBook, tmp_path: Path) -> None:
    first = book.found({PAUSE: b'{"saved":1}', CACHE: b"{}"}, NOON)
    again = RecommendationBook(Database(tmp_path / "state.db")).found({PAUSE: b'{"saved":2}'}, NOON + DAY)
    assert {first[PAUSE].id, first[CACHE].id} == {1, 2}
    assert again[PAUSE].id == first[PAUSE].id
    assert (again[PAUSE].first_found, again[PAUSE].last_found) == (NOON, NOON + DAY)
    assert again[PAUSE].figures == b'{"saved":2}'


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
    with pytest.raises(QueryError, match="none was found yet"):
        book.decide(1, "accepted", NOON)
    book.found({PAUSE: b"{}"}, NOON)
    for number in (7, 0, -1, 10**30):
        with pytest.raises(QueryError, match=f"no recommendation {number}: they are numbered 1 to 1"):
            book.decide(number, "accepted", NOON)


def test_asking_makes_no_file(book: RecommendationBook, tmp_path: Path) -> None:
    assert book.all() == ()
    assert book.found({}, NOON) == {}
    assert not list(tmp_path.iterdir())
