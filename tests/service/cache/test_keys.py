"""Keys tell questions apart, and are the same for the same question."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from agentgauge.service.cache import answer_key, question_key

_NAMES = st.text(max_size=12)
_PARAMETERS = st.lists(st.one_of(st.none(), st.integers(), _NAMES, st.tuples(_NAMES, _NAMES)), max_size=3)


def test_a_key_can_be_read() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    question = question_key("percentiles", frozenset({"web", "shop"}), ("cost", start, None, 3.0))
    assert question == 'metrics:percentiles:shop,web:["cost","2026-11-01T00%3A00%3A00Z",null,3.0]'
    assert answer_key(question_key("summary", None, ()), "41.9f86") == "metrics:summary:*:[]:41.9f86"
    assert answer_key("metrics:alerts:*:[]", "41.9f86", (3, 0)) == "metrics:alerts:*:[]:41.9f86:3-0"


def test_the_same_moment_and_the_same_set_are_the_same_question() -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    berlin = noon.astimezone(timezone(timedelta(hours=1)))
    assert question_key("a", None, (noon,)) == question_key("a", None, (berlin,))
    assert question_key("a", None, (frozenset("xyz"),)) == question_key("a", None, (frozenset("zyx"),))


def test_a_project_of_any_name_is_not_all_projects() -> None:
    assert question_key("a", frozenset({"*"}), ()) != question_key("a", None, ())
    assert question_key("a", frozenset({"x,y"}), ()) != question_key("a", frozenset({"x", "y"}), ())
    assert question_key("a", frozenset(), ()) != question_key("a", None, ())


def test_a_long_question_has_a_short_key() -> None:
    one, two = (question_key("sql", None, ("SELECT 1 " * 1000 + end,)) for end in ("a", "b"))
    assert one != two
    assert len(one) < 100


@given(_PARAMETERS, _PARAMETERS, st.none() | st.frozensets(_NAMES), st.none() | st.frozensets(_NAMES))
def test_different_questions_have_different_keys(
    one: list[object], two: list[object], seen: frozenset[str] | None, seen_too: frozenset[str] | None
) -> None:
    same = question_key("q", seen, one) == question_key("q", seen_too, two)  # type: ignore[arg-type]
    assert same == ((one, seen) == (two, seen_too))
    assert question_key("q", seen, one).count(":") == 3  # type: ignore[arg-type]
