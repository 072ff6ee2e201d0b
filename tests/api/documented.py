"""The documented answers, and what it means that an answer has the form of one; and servers to ask, in the process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from agentgauge.api.app import create_app
from agentgauge.settings.server import get_server_settings

DOCUMENTED = Path(__file__).parents[1] / "data" / "api"
BASE = "/api/v1/metrics"
_NAMED_BY_USERS = ("fastest_agents_by_operation",)
"""Objects whose keys are names that were recorded."""


def documented(name: str) -> Any:
    return json.loads((DOCUMENTED / f"{name}.json").read_text())


@contextmanager
def asking(home: Path, now: datetime | None = None) -> Iterator[TestClient]:
    """A client of a server in this process; its clock stands still where `now` is given."""
    app: FastAPI = create_app(get_server_settings(home))
    with TestClient(app, base_url="http://localhost") as client:
        if now is not None:
            app.state.runtime.now = lambda: now
        yield client


def get(client: TestClient, path: str, **parameters: object) -> Any:
    """The JSON of an answer to a question that can be asked."""
    answer = client.get(f"{BASE}/{path}", params={name: str(value) for name, value in parameters.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def without_meta(answer: Any) -> Any:
    """Only what is documented."""
    if isinstance(answer, dict):
        return {key: without_meta(value) for key, value in answer.items() if key != "meta"}
    return [without_meta(row) for row in answer] if isinstance(answer, list) else answer


def assert_form(given: Any, wanted: Any, where: str = "$", *, nullable: bool = False) -> None:
    """Hold an answer against a documented one: the same keys at each level, `meta` aside, in the same order, and values
    of the same types. A documented number may be null only where `nullable`, of averages and budgets that there are
    not.
    """
    if isinstance(wanted, dict):
        assert isinstance(given, dict), where
        if where.rpartition(".")[2] in _NAMED_BY_USERS:
            wanted = dict.fromkeys(given, next(iter(wanted.values())))
        assert [key for key in given if key != "meta"] == list(wanted), where
        for key, value in wanted.items():
            assert_form(given[key], value, f"{where}.{key}", nullable=nullable)
    elif isinstance(wanted, list):
        assert isinstance(given, list), where
        for at, row in enumerate(given):
            assert_form(row, wanted[0], f"{where}[{at}]", nullable=nullable)
    elif given is not None or not nullable:
        _assert_value(given, wanted, where)


def _assert_value(given: Any, wanted: Any, where: str) -> None:
    match wanted:
        case None:
            assert given is None or _is_time(given), where
        case bool():
            assert given is wanted, where
        case str():
            assert isinstance(given, str), where
            assert _is_time(given) == _is_time(wanted), where
        case int() if not where.endswith(("_budget", "_savings")):  # amounts, of which the document has whole ones
            assert type(given) is int, f"{where}: {given!r}"
        case int() | float():
            assert type(given) in (int, float), f"{where}: {given!r}"
            assert round(given, 6 if _is_fine(where) else 2) == given, f"{where}: {given!r}"


def _is_time(value: object) -> bool:
    return isinstance(value, str) and len(value) >= 20 and value[10] == "T" and value.endswith("Z")


def _is_fine(where: str) -> bool:
    """Money and what has no unit of its own have six decimals."""
    return any(part in where for part in ("usd", "cost", "budget", "savings", "r_squared", "p_value", "_value"))
