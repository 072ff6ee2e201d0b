"""Acts: a page's form changes something, says so once where the person was, and is refused as the API's act is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.page import Page
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.settings.server import get_server_settings
from tests.dashboard.sample_pages import SAMPLE, serving

_NAMES = (Column(key="name", title="Name", kind="name"),)
OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with serving(get_server_settings(tmp_path / "home", {}), SAMPLE) as client:
        yield client


def create(client: TestClient, **fields: str) -> httpx2.Response:
    given = {"name": "coder", "total_usd": "30", "then": "/sample?range=7d"} | fields
    return client.post("/sample/budgets", data=given, headers=OWN, follow_redirects=False)


def test_an_act_sends_the_person_back_to_where_they_were(client: TestClient) -> None:
    said = create(client)
    assert (said.status_code, said.headers["location"]) == (303, "/sample?range=7d")
    assert "coder 30 v1" in client.get("/sample").text


def test_what_was_done_is_said_on_the_next_page_and_only_there(client: TestClient) -> None:
    before = client.get("/sample?range=7d")
    create(client)
    page = client.get("/sample?range=7d", headers={"If-None-Match": before.headers["etag"]})
    assert '<p class="good">Budget of coder is made, note none.</p>' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "is made" not in client.get("/sample?range=7d").text


def test_what_was_done_is_said_on_a_page_that_the_browser_has_and_that_did_not_change(client: TestClient) -> None:
    create(client)
    page = client.get("/")
    create(client, name="tester", then="/")
    again = client.get("/", headers={"If-None-Match": page.headers.get("etag", "")})
    assert again.status_code == 200
    assert "Budget of tester is made" in again.text


def test_a_page_that_keeps_itself_up_to_date_leaves_it_to_the_one_that_is_opened(client: TestClient) -> None:
    create(client)
    assert "is made" not in client.get("/sample", headers={"Agentgauge-Refresh": "1"}).text
    assert "is made" in client.get("/sample").text


def test_a_table_of_a_page_leaves_it_to_the_page(tmp_path: Path) -> None:
    rows = (Row(values={"name": "coder"}),)
    card = Card(id="names", title="N", build=lambda asked: Table(columns=_NAMES, rows=rows, caption="Names."))
    with serving(
        get_server_settings(tmp_path / "home", {}), SAMPLE, Page(path="/t", title="T", cards=(card,))
    ) as client:
        create(client)
        file = client.get("/t?csv=names")
        assert file.headers["content-disposition"] == 'attachment; filename="names.csv"'
        assert file.text == "name\r\ncoder\r\n"
        assert "is made" in client.get("/t").text


def test_who_does_not_say_where_they_were_is_sent_to_the_first_page(tmp_path: Path) -> None:
    with serving(get_server_settings(tmp_path / "home", {}), SAMPLE) as plain:
        with TestClient(plain.app, base_url="http://localhost", root_path="/gauge") as client:
            assert create(client, then="").headers["location"] == "/gauge/"


def test_what_is_said_is_text_whatever_it_holds(client: TestClient) -> None:
    create(client, name="<script>alert(1)</script>", note='"><img src=x>')
    page = client.get("/sample").text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("cookie", ["", "x", "e30=", "eyJ0ZXh0IjogMX0=", "=" * 3000, "bm90IGpzb24="])
def test_a_cookie_that_this_server_did_not_write_says_nothing(cookie: str, client: TestClient) -> None:
    page = client.get("/sample", headers={"Cookie": f"agentgauge_said={cookie}"})
    assert page.status_code == 200
    assert '<p class="good">' not in page.text


def test_the_cookie_of_what_is_said_is_for_this_server_alone(client: TestClient) -> None:
    cookie = create(client).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Max-Age=60" in cookie


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1", "", "x"])
def test_nobody_is_sent_elsewhere_after_an_act(then: str, client: TestClient) -> None:
    assert create(client, then=then).headers["location"] == "/"


def test_what_cannot_be_taken_back_is_asked_first_and_done_then(client: TestClient) -> None:
    create(client)
    sent = {"then": "/sample", "version": "1"}
    asked = client.post("/sample/budgets/1/delete", data=sent, headers=OWN)
    assert asked.status_code == 200
    assert "<h1>Delete this budget?</h1>" in asked.text
    for name, value in {**sent, "confirmed": "yes"}.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in asked.text
    assert "coder 30 v1" in client.get("/sample").text
    client.post("/sample/budgets/1/delete", data={**sent, "confirmed": "yes"}, headers=OWN)
    assert "No budgets." in client.get("/sample").text


def test_a_change_of_an_older_version_is_refused_as_the_api_refuses_it(client: TestClient) -> None:
    create(client)
    sent = {"version": "7", "confirmed": "yes"}
    said = client.post("/sample/budgets/1/delete", data=sent, headers=OWN)
    assert said.status_code == 412
    assert "coder 30 v1" in client.get("/sample").text


@pytest.mark.parametrize(
    ("fields", "named"),
    [({"total_usd": "many"}, "total_usd"), ({"total_usd": ""}, "total_usd"), ({"more": "1"}, "more")],
    ids=["no number", "missing", "unknown"],
)
def test_a_field_that_cannot_be_read_is_named(fields: dict[str, str], named: str, client: TestClient) -> None:
    said = create(client, **fields)
    assert said.status_code == 422
    assert named in said.text


def test_an_empty_field_is_as_one_that_is_left_out(client: TestClient) -> None:
    create(client, note="")
    assert "note none" in client.get("/sample").text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"name=x&total_usd=1&note=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b'{"name": "x", "total_usd": 1}', "application/json", 415),
        (b"name=%ff&total_usd=1", "application/x-www-form-urlencoded", 415),
        (b"&".join([b"a=1"] * 300), "application/x-www-form-urlencoded", 415),
    ],
    ids=["too large", "no form", "no text", "too many fields"],
)
def test_a_body_that_is_no_form_is_refused(body: bytes, kind: str, status: int, client: TestClient) -> None:
    said = client.post("/sample/budgets", content=body, headers={**OWN, "Content-Type": kind})
    assert said.status_code == status


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
    ids=["another site", "another host of the site", "another origin"],
)
def test_a_page_of_another_origin_changes_nothing(headers: dict[str, str], client: TestClient) -> None:
    said = client.post("/sample/budgets", data={"name": "coder", "total_usd": "30"}, headers=headers)
    assert said.status_code == 403
    assert "No budgets." in client.get("/sample").text
