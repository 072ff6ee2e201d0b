"""Overview, agents, models and savings: what they show is what the API answers for the same question."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from agentgauge.dashboard.app import create_app
from agentgauge.service import short_wording
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
from tests.dashboard.recorded_home import recorded_home


@pytest.fixture(scope="module")
def server(recorded: Path) -> Iterator[TestClient]:
    with TestClient(create_app(get_server_settings(recorded, {})), base_url="http://localhost") as client:
        yield client


def text(server: TestClient, address: str) -> str:
    answer = server.get(address, headers={"accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", answer.text)


def rows(server: TestClient, address: str) -> list[dict[str, str]]:
    answer = server.get(address)
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def asked(server: TestClient, question: str, **parameters: str) -> dict:  # type: ignore[type-arg]
    found: dict = server.get(f"/api/v1/{question}", params=parameters).json()  # type: ignore[type-arg]
    return found


def test_the_overview_has_the_figures_that_the_api_answers(server: TestClient) -> None:
    page = text(server, "/?range=30d")
    answer = asked(server, "overview", since="30d")
    assert short_wording.cost(Decimal(answer["cost_usd"]), answer["unpriced_calls"]) in page
    assert short_wording.count(answer["tasks"]) in page
    assert short_wording.percent(answer["success_rate"]) in page
    assert short_wording.duration(answer["task_duration"]["p95_ms"]) in page


def test_the_overview_says_what_changed_in_a_sentence(server: TestClient) -> None:
    told = server.get("/api/v1/explain", params={"window": "7d"}).json()["sentence"]
    start = told.split(",")[0]
    assert start in text(server, "/?range=7d").replace("&#39;", "'")
    assert "by model claude-" in told  # which of them, and by how much, is of the days that the month has


def test_a_change_that_is_not_shown_reads_no_change(server: TestClient) -> None:
    assert "no change shown" in text(server, "/?range=30d")


def test_all_of_the_time_has_nothing_to_be_compared_with(server: TestClient) -> None:
    page = text(server, "/?range=all")
    assert "no change" not in page
    assert "there is nothing before it to compare with" in page


def test_p95_of_few_tasks_is_hidden_and_the_page_says_why(server: TestClient) -> None:
    assert "(p95 needs 20 tasks)" in text(server, "/?range=30d&agent=interview")


def test_agents_are_those_of_the_api_with_what_a_success_cost(server: TestClient) -> None:
    groups = asked(server, "breakdown", since="30d", by="agent")["rows"]
    expected = {row["key"]["agent"]: row for row in groups if row["key"]["agent"]}
    found = {row["agent"]: row for row in rows(server, "/agents?csv=agents")}
    assert found.keys() == expected.keys()
    coder, of_api = found["coder"], expected["coder"]
    assert Decimal(coder["cost"]) == Decimal(of_api["cost_usd"])
    per_success = Decimal(of_api["cost_usd"]) / of_api["successful_tasks"]
    assert Decimal(coder["per_success"]) == pytest.approx(per_success)
    assert float(coder["success"]) == of_api["success_rate"]


def test_a_table_is_sorted_by_what_the_address_says(server: TestClient) -> None:
    ordered = [row["tasks"] for row in rows(server, "/agents?csv=agents&sort=agents:tasks")]
    assert list(map(int, ordered)) == sorted(map(int, ordered))
    backwards = [row["tasks"] for row in rows(server, "/agents?csv=agents&sort=agents:-tasks")]
    assert backwards == ordered[::-1] or sorted(map(int, backwards), reverse=True) == list(map(int, backwards))


def test_filters_hold_for_every_card_and_go_with_every_link(server: TestClient) -> None:
    page = text(server, "/agents?range=7d&project=billing")
    links = re.findall(r'href="(/(?:agents/|roles/|runs|costs|models|savings)[^"]*)"', page)
    assert links
    assert [link for link in links if not ("range=7d" in link and "project=billing" in link)] == []


@pytest.mark.parametrize("address", ["/agents/nobody", "/roles/nobody"])
def test_who_never_worked_is_not_found(server: TestClient, address: str) -> None:
    assert server.get(address, headers={"accept": "text/html"}).status_code == 404


def test_one_agent_has_its_trends_in_plain_words(server: TestClient) -> None:
    page = text(server, "/agents/reviewer")
    assert "cannot be told from chance" in page
    assert "claude-opus-4-5" in page


def test_models_are_compared_as_the_api_compares_them(server: TestClient) -> None:
    asked = {"by": "model", "metric": "cost", "unit": "session", "since": "30d"}
    answer = server.get("/api/v1/comparisons", params=asked).json()
    found = rows(server, "/models?metric=cost&unit=session&csv=pairs")
    assert {row["pair"] for row in found} == {f"{pair['a']} against {pair['b']}" for pair in answer["pairs"]}
    verdicts = {f"{pair['a']} against {pair['b']}": pair["verdict"] for pair in answer["pairs"]}
    assert {row["pair"]: row["verdict"] for row in found} == verdicts


def test_where_nothing_can_be_compared_the_page_says_what_is_missing(server: TestClient) -> None:
    page = text(server, "/models?by=experiment")
    assert "Retry" not in page
    assert "experiment" in page


def test_savings_are_those_that_the_api_recommends(server: TestClient) -> None:
    answer = server.get("/api/v1/metrics/recommendations/cost").json()
    found = rows(server, "/savings?csv=recommended")
    assert [int(row["id"]) for row in found] == [row["meta"]["id"] for row in answer["data"]]


def test_an_empty_home_is_told_how_to_send_data(tmp_path: Path) -> None:
    with TestClient(create_app(get_server_settings(tmp_path, {})), base_url="http://localhost") as client:
        assert "agentgauge import claude-code" in text(client, "/")
        for address in ("/agents", "/models", "/savings"):
            assert "This could not be shown" not in text(client, address)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Path]]:
    home = recorded_home(tmp_path_factory.mktemp("decided") / "home", days=20)
    with TestClient(create_app(get_server_settings(home, {})), base_url="http://localhost") as client:
        yield client, home


def test_what_is_accepted_leaves_the_list_and_is_measured(own: tuple[TestClient, Path]) -> None:
    client, _ = own
    first = rows(client, "/savings?csv=recommended")[0]
    answer = client.post(f"/savings/{first['id']}/accept", data={"then": "/savings"}, follow_redirects=False)
    assert answer.status_code == 303
    assert first["id"] not in [row["id"] for row in rows(client, "/savings?csv=recommended")]
    assert len(rows(client, "/savings?csv=achieved")) == 1


def test_what_is_dismissed_is_not_listed_again(own: tuple[TestClient, Path]) -> None:
    client, _ = own
    dismiss = f"/savings/{rows(client, '/savings?csv=recommended')[0]['id']}/dismiss"
    assert dismiss in text(client, "/savings")
    client.post(dismiss, data={"then": "/savings"}, follow_redirects=False)
    assert dismiss not in text(client, "/savings")  # where it was the last one there is no table any more


def test_a_key_that_may_only_read_decides_nothing(own: tuple[TestClient, Path]) -> None:
    client, home = own
    book = KeyBook(shared_state(get_server_settings(home, {})))
    token = issue(book, "test", ["read"], actor="test", now=datetime.now(UTC)).token
    headers = {"Authorization": f"Bearer {token.text}", "accept": "text/html"}
    assert "Accept</button>" not in client.get("/savings", headers=headers).text
    assert client.post("/savings/1/accept", data={"then": "/savings"}, headers=headers).status_code == 403
