"""Reports over HTTP are the reports, and their parameters the command line's options by the same names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from agentgauge.api.beyond.router import router
from agentgauge.cli.commands import (
    anomalies,
    compare,
    correlate,
    economics,
    explain,
    flame,
    forecast,
    insights,
    outliers,
    percentiles,
    trends,
)
from agentgauge.engines import Engine, Filter
from agentgauge.events.plain import document
from agentgauge.meter import Meter
from agentgauge.service import reports
from agentgauge.service.window import Window
from agentgauge.settings.server import ServerSettings

EVER = Window()
SHOP = (Filter("project", "=", "shop"),)
ASKED: dict[str, Callable[[Engine], object]] = {
    "overview?where=project=shop": lambda engine: reports.overview(engine, EVER, SHOP),
    "breakdown?by=agent,model&by=role": lambda engine: reports.breakdown(engine, EVER, ("agent", "model", "role")),
    "breakdown": lambda engine: reports.breakdown(engine, EVER, ("model",)),
    "over-time?bucket=hour&tz=Asia/Kathmandu": lambda engine: reports.over_time(
        engine, EVER, "hour", "Asia/Kathmandu", datetime.now(UTC)
    ),
    "tools?where=name=bash&where=name=pytest": lambda engine: reports.tools(
        engine, EVER, (Filter("name", "in", ("bash", "pytest")),)
    ),
    "latency?exact=true": lambda engine: reports.latency(engine, EVER, exact=True),
    "components": lambda engine: reports.components(engine, EVER),
    "flame?operation=coding": lambda engine: reports.flame(engine, EVER, "coding"),
    "percentiles?metric=cost&per=call&by=model": lambda engine: reports.percentiles(
        engine, "cost", EVER, by=("model",), per="call"
    ),
    "outliers?metric=execution_time&by=none&method=z": lambda engine: reports.outliers(
        engine, "execution_time", EVER, method="z", limit=20
    ),
    "comparisons?by=project&unit=run&metric=tokens": lambda engine: reports.compare(
        engine, EVER, by="project", unit="run", metric="tokens"
    ),
    "correlations?metric=cost&metric=tokens&unit=run": lambda engine: reports.correlate(
        engine, EVER, ("cost", "tokens"), unit="run"
    ),
    "economics": lambda engine: reports.economics(engine, EVER),
}


@pytest.mark.parametrize("question", ASKED)
def test_an_answer_is_the_reports(server: TestClient, settings: ServerSettings, question: str) -> None:
    answer = server.get(f"/api/v1/{question}")
    assert answer.status_code == 200, answer.text
    with Meter(settings.recording).engine() as engine:
        expected = msgspec.json.decode(msgspec.json.encode(document(ASKED[question](engine))))
    assert answer.json() == expected


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("trends?metric=cost&by=agent&lookback=7", {"metric": "cost", "by": "agent"}),
        ("anomalies?metric=cost&bucket=day", {"bucket": "day"}),
        ("forecast?metric=tokens&days=3", {"metric": "tokens"}),
        ("forecast?budget=12.5&until=month-end", {"metric": "cost"}),
        ("insights?since=1d", {"time_zone": "UTC"}),
    ],
)
def test_what_depends_on_now_is_answered_too(server: TestClient, question: str, about: dict[str, str]) -> None:
    answer = server.get(f"/api/v1/{question}")
    assert answer.status_code == 200, answer.text
    assert about.items() <= answer.json().items()


def test_an_explanation_comes_with_its_sentence_and_what_to_keep_in_mind(server: TestClient) -> None:
    told = server.get("/api/v1/explain", params={"window": "1d"}).json()
    assert told["sentence"].startswith("Cost of priced calls rose by $0.0")
    assert told["remarks"][0].startswith("1 call without a price")
    assert sum(float(part["amount"]) for part in told["parts"]) == pytest.approx(float(told["change"]))


COMMANDS: dict[str, tuple[Any, set[str]]] = {
    "percentiles": (percentiles.percentiles, set()),
    "outliers": (outliers.outliers, set()),
    "trends": (trends.trends, set()),
    "anomalies": (anomalies.anomalies, set()),
    "forecast": (forecast.forecast, set()),
    "comparisons": (compare.compare, set()),
    "correlations": (correlate.correlate, set()),
    "explain": (explain.explain, set()),
    "economics": (economics.economics, set()),
    "insights": (insights.insights, set()),
    "flame": (flame.flame, {"svg"}),
}
_OF_THE_SCREEN = {"home", "as_json", "limit"}


@pytest.mark.parametrize("report", COMMANDS)
def test_every_option_of_the_command_is_a_parameter_with_the_same_default(report: str) -> None:
    command, not_here = COMMANDS[report]
    options = {
        ("metric" if name == "metrics" else name): option
        for name, option in inspect.signature(command).parameters.items()
        if name not in _OF_THE_SCREEN | not_here
    }
    (route,) = [route for route in _routes() if route.path == f"/{report}" or route.path == f"/api/v1/{report}"]
    (model,) = [field.field_info.annotation for field in route.dependant.query_params]
    parameters = model.model_fields
    assert parameters.keys() - {"limit"} == options.keys()
    for name, option in options.items():
        if option.default not in (None, inspect.Parameter.empty, ...):
            assert parameters[name].default == option.default, name


def _routes() -> list[APIRoute]:
    from agentgauge.api.beyond import courses, reasons, usage

    return [route for part in (usage, courses, reasons) for route in part.router.routes if isinstance(route, APIRoute)]


@pytest.mark.parametrize(
    ("question", "field", "said"),
    [
        ("overview?since=yesterdy", "since", "is no time"),
        ("overview?since=2026-11-02&until=2026-11-01", "since", "the window is empty"),
        ("overview?until=tomorow", "until", "is no time"),
        ("overview?tz=Mars/Base", "tz", "no time zone"),
        ("overview?where=agent", "where", "is no condition"),
        ("overview?where=agent=codr", "where", "did you mean coder"),
        ("overview?projct=shop", "projct", "there is no parameter"),
        ("breakdown?by=agnet", "by", "did you mean agent"),
        ("breakdown?by=,", "by", "names no dimension"),
        ("over-time?bucket=dya", "bucket", "did you mean day"),
        ("trends", "metric", "is missing"),
        ("trends?metric=nothing_such", "metric", "nothing_such"),
        ("forecast?days=3&until=month-end", "until", "give one of them"),
        ("forecast?budget_since=today", "budget", "how much"),
        ("explain?window=never", "window", "is no time"),
        ("correlations?metric=cost", "metric", "at least 2"),
        ("flame?operation=nothing", "operation", "nothing"),
        ("anomalies?alpha=0", "alpha", "greater than"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_to_do(server: TestClient, question: str, field: str, said: str) -> None:
    answer = server.get(f"/api/v1/{question}")
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["field"] == field
    assert said in error["message"]


def test_every_route_says_what_it_answers_with(server: TestClient) -> None:
    paths = server.get("/openapi.json").json()["paths"]
    described = [one for operations in paths.values() for one in operations.values() if "beyond" in one["tags"]]
    assert len(described) == len(router.routes)
    for operation in described:
        assert operation["summary"]
        assert any(answer.get("content") for answer in operation["responses"].values()), operation["operationId"]


@pytest.mark.parametrize(
    "question",
    [
        "overview?where=n>=1e999999999",
        "overview?where=cost_usd>=1e-999999999",
        "overview?where=cost_usd>=1e30",
        "overview?where=duration_ms>=snan",
        "anomalies?since=0001-01-01",
        "anomalies?until=0001-01-01",
    ],
)
def test_a_number_or_time_beyond_all_bounds_is_refused(server: TestClient, question: str) -> None:
    assert server.get(f"/api/v1/{question}").status_code == 422


def test_amounts_of_all_digits_that_money_has_can_be_compared_with(server: TestClient) -> None:
    asked = {"where": "cost_usd<99999999999999999999.123456789012"}
    assert server.get("/api/v1/overview", params=asked).json()["calls"] > 0


@pytest.mark.parametrize(
    "question",
    [
        "overview?where=time=1",
        "breakdown?by=time",
        "breakdown?by=nothing",
        "percentiles?metric=success_rate",
        "forecast?metric=tokens&budget=5",
        "comparisons?by=id",
    ],
)
def test_what_is_said_of_a_wrong_question_names_no_option_of_the_command_line(
    server: TestClient, question: str
) -> None:
    answer = server.get(f"/api/v1/{question}")
    assert answer.status_code == 422
    assert not re.search(r"--\w|agentgauge \w", answer.json()["error"]["message"])


def test_remarks_name_no_command(server: TestClient) -> None:
    for metric in ("success_rate", "cost"):
        told = server.get("/api/v1/explain", params={"metric": metric, "window": "2020-01-02"})
        assert "agentgauge " not in told.text
