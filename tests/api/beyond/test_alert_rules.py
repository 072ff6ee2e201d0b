"""Rules over HTTP: versions, sources, and what a change may be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from agentgauge.policies.alerts.rules import DEFAULTS
from agentgauge.settings import resolve_home
from agentgauge.state import state_of
from agentgauge.state.audit import AuditLog
from tests.api.documented import asking

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
PATH = "/api/v1/alert-rules"
CHECKOUT = {"name": "checkout-errors", "type": "error_rate", "agent": "checkout", "threshold": 2, "clear_threshold": 1}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with asking(tmp_path, NOW) as client:
        yield client


def refused(answer: Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


def test_the_defaults_are_there_with_their_units(client: TestClient) -> None:
    answer = client.get(PATH).json()
    assert [rule["name"] for rule in answer["data"]] == sorted(rule.name for rule in DEFAULTS)
    assert answer["meta"] == {"problems": []}
    rule = client.get(f"{PATH}/error_rate").json()
    assert (rule["threshold"], rule["unit"], rule["source"], rule["version"]) == (20, "% of operations", "default", 0)


def test_a_rule_is_made_changed_and_deleted_by_its_name(client: TestClient) -> None:
    made = client.post(PATH, json=CHECKOUT)
    assert (made.status_code, made.headers["Location"]) == (201, f"{PATH}/checkout-errors")
    assert (made.json()["by"], made.json()["min_samples"], made.json()["source"]) == ("agent", 20, "http")
    assert (made.json()["updated"], made.json()["updated_by"]) == ("2026-03-04T12:00:00Z", "local")
    assert client.get(f"{PATH}/checkout-errors").json() == made.json()
    patched = client.patch(f"{PATH}/checkout-errors", json={"by": None, "threshold": 3}).json()
    assert (patched["by"], patched["threshold"], patched["clear_threshold"]) == (None, 3, 1)
    put = client.put(f"{PATH}/checkout-errors", json={"type": "no_data", "agent": "checkout"}).json()
    assert (put["type"], put["threshold"], put["agent"], put["clear_threshold"]) == ("no_data", 72, "checkout", None)
    assert client.delete(f"{PATH}/checkout-errors").status_code == 204
    assert refused(client.get(f"{PATH}/checkout-errors"), 404)["field"] == "rule_name"
    assert "did you mean error_rate?" in refused(client.get(f"{PATH}/error_rates"), 404)["message"]
    refused(client.put(f"{PATH}/checkout-errors", json={"type": "no_data"}), 404)


def test_a_default_that_was_changed_is_as_it_was_once_that_is_deleted(client: TestClient) -> None:
    tag = client.get(f"{PATH}/outlier").headers["ETag"]
    assert tag.startswith('"0.')
    off = client.patch(f"{PATH}/outlier", json={"enabled": False}, headers={"If-Match": tag})
    assert (off.json()["enabled"], off.json()["instead_of"]) == (False, "default")
    assert client.delete(f"{PATH}/outlier").status_code == 204
    assert client.get(f"{PATH}/outlier").headers["ETag"] == tag
    assert "cannot be deleted" in refused(client.delete(f"{PATH}/outlier"), 409)["message"]


def test_a_change_that_was_meant_for_an_earlier_version_is_refused(client: TestClient) -> None:
    first = client.post(PATH, json=CHECKOUT).headers["ETag"]
    path = f"{PATH}/checkout-errors"
    second = client.patch(path, json={"threshold": 5}, headers={"If-Match": first}).headers["ETag"]
    assert second != first
    terms = {"type": "error_rate"}
    for answer in (
        client.patch(path, json={"threshold": 6}, headers={"If-Match": first}),
        client.put(path, json=terms, headers={"If-Match": first}),
        client.delete(path, headers={"If-Match": first}),
    ):
        assert refused(answer, 412)["code"] == "outdated"
    assert "no rule is" in refused(client.put(path, json=terms, headers={"If-Match": "new"}), 412)["message"]
    assert client.get(path).json()["threshold"] == 5
    assert client.delete(path, headers={"If-Match": second}).status_code == 204
    client.post(PATH, json=CHECKOUT)
    refused(client.delete(path, headers={"If-Match": second}), 412)


def test_a_rule_of_the_file_says_where_it_is_changed(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "alerts.toml").write_text('[[rule]]\nname = "error_rate"\nthreshold = 30\n')
    rule = client.get(f"{PATH}/error_rate").json()
    assert (rule["threshold"], rule["source"], rule["instead_of"]) == (30, "file", "default")
    for answer in (
        client.patch(f"{PATH}/error_rate", json={"threshold": 50}),
        client.put(f"{PATH}/error_rate", json={"type": "error_rate"}),
        client.delete(f"{PATH}/error_rate"),
        client.post(PATH, json={"name": "error_rate", "type": "error_rate"}),
    ):
        assert "alerts.toml" in refused(answer, 409)["message"]


def test_a_broken_file_is_told_of_where_people_look(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "alerts.toml").write_text('[[rule]]\nname = "error_rate"\nthreshold = 300\n')
    (problem,) = client.get(PATH).json()["meta"]["problems"]
    assert f"{tmp_path}/alerts.toml:3: rule 'error_rate', threshold: it is 0 to 100" in problem
    assert problem in client.get("/api/v1/system").json()["home"]["problems"]
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"threshold": -1}, "threshold"),
        ({"threshold": "2"}, "threshold"),
        ({"clear_threshold": 50}, "clear_threshold"),
        ({"severity": "bad"}, "severity"),
        ({"by": "planet"}, "by"),
        ({"metric": "cost"}, "metric"),
        ({"remind_after_hours": None}, "remind_after_hours"),
        ({"nmae": "x"}, "nmae"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_by_its_field(client: TestClient, change: dict[str, object], field: str) -> None:
    assert refused(client.post(PATH, json={**CHECKOUT, **change}), 422)["field"] == field
    assert refused(client.patch(f"{PATH}/error_rate", json=change), 422)["field"] == field
    assert refused(client.put(f"{PATH}/error_rate", json={"type": "error_rate", **change}), 422)["field"] == field


def test_a_name_that_is_taken_or_none_is_refused(client: TestClient) -> None:
    assert refused(client.post(PATH, json={**CHECKOUT, "name": "outlier"}), 409)["code"] == "conflict"
    assert refused(client.post(PATH, json={**CHECKOUT, "name": "Out lier"}), 422)["field"] == "name"
    assert refused(client.post(PATH, json={"type": "no_data"}), 422)["field"] == "name"
    assert refused(client.get(f"{PATH}/Out%20lier"), 422)["field"] == "rule_name"


def test_every_change_is_in_the_audit_log_with_who_made_it(client: TestClient, tmp_path: Path) -> None:
    client.post(PATH, json=CHECKOUT)
    client.patch(f"{PATH}/checkout-errors", json={"threshold": 3})
    client.delete(f"{PATH}/checkout-errors")
    acts = AuditLog(state_of(resolve_home(tmp_path))).acts(subject="alert rule checkout-errors")
    assert [(act.act, act.actor) for act in acts] == [
        ("alert_rule.deleted", "local"), ("alert_rule.changed", "local"), ("alert_rule.created", "local"),
    ]  # fmt: skip
    assert acts[1].detail["threshold"] == {"from": 2.0, "to": 3.0}
