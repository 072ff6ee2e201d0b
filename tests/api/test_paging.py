"""Pages of long lists."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.api.paging import CursorText, Key, Limit, Page, link_next
from agentgauge.errors import QueryError

_NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _key(row: int) -> Key:
    return (row // 3, f"{row:03}")


def _pages(rows: list[int], limit: int) -> list[list[int]]:
    found, cursor = [], None
    while True:
        page, cursor = Page.asked(cursor, limit, _NOW, "rows").of(rows, _key)
        found.append(list(page))
        if cursor is None:
            return found


@given(st.integers(0, 30), st.integers(1, 12))
def test_pages_together_are_all_rows_once_and_in_order(count: int, limit: int) -> None:
    pages = _pages(list(range(count)), limit)
    assert [row for page in pages for row in page] == list(range(count))
    assert all(len(page) == limit for page in pages[:-1])
    assert len(pages) == max(1, -(-count // limit))


def test_rows_that_come_or_go_between_pages_neither_repeat_nor_hide_others() -> None:
    first, cursor = Page.asked(None, 2, _NOW, "rows").of([10, 20, 30, 40], _key)
    second, _ = Page.asked(cursor, 2, _NOW, "rows").of([5, 15, 30, 40], _key)
    assert list(first) == [10, 20]
    assert list(second) == [30, 40]


def test_all_pages_are_as_of_the_first() -> None:
    _, cursor = Page.asked(None, 1, _NOW, "rows").of([1, 2], _key)
    assert Page.asked(cursor, 1, _NOW + timedelta(minutes=5), "rows").as_of == _NOW


def test_a_cursor_of_another_question_is_refused_by_name() -> None:
    _, cursor = Page.asked(None, 1, _NOW, "rows", "coder").of([1, 2], _key)
    with pytest.raises(QueryError, match="another question") as refused:
        Page.asked(cursor, 1, _NOW, "rows", "tester")
    assert refused.value.field == "cursor"


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "made_up",
    [
        "",
        "x",
        "!!!!",
        "é",
        _encoded("{}"),
        _encoded('["q","2026-11-21T11:00:00",[1]]'),
        _encoded('["q","0001-01-01T00:00:00Z",[1]]'),
        _encoded('["q","2026-11-21T13:00:00Z",[1]]'),
        _encoded('["q","2026-11-21T11:00:00Z",[[1]]]'),
    ],
)
def test_what_is_no_cursor_is_refused(made_up: str) -> None:
    with pytest.raises(QueryError, match="no cursor"):
        Page.asked(made_up, 1, _NOW, "rows")


@given(st.text())
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(QueryError):
        Page.asked(text, 1, _NOW, "rows")


def test_a_made_up_key_of_other_types_is_compared_and_not_tripped_over() -> None:
    _, cursor = Page.asked(None, 1, _NOW, "rows").of([1, 2], lambda row: (row, "a"))
    page, _ = Page.asked(cursor, 5, _NOW, "rows").of([1, 2], lambda row: (f"{row}", None))
    assert list(page) == [1, 2]


def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/rows")
    def rows(request: Request, limit: Limit = 2, cursor: CursorText = None) -> Response:
        page, following = Page.asked(cursor, limit, _NOW, "rows").of([1, 2, 3], _key)
        return link_next(request, Response(_JSON % (list(page), "null" if following is None else f'"{following}"')))

    return app


_JSON = '{"data": %s, "meta": {"next_cursor": %s}}'


def test_a_link_leads_to_the_next_page_and_the_last_page_has_none() -> None:
    client = TestClient(_app())
    first = client.get("/rows?limit=2")
    second = client.get(first.links["next"]["url"])
    assert first.json()["data"] == [1, 2]
    assert second.json()["data"] == [3]
    assert "link" not in second.headers
