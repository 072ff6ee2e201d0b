"""What /metrics says is what was recorded, from every process and for ever."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import agentgauge
from agentgauge.api.app import create_app
from agentgauge.lake import Lake
from agentgauge.meter import Meter
from agentgauge.pricing import PriceBook
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.overview import job_named
from agentgauge.service.jobs.running import JobRunner
from agentgauge.service.monitoring.floors import Floors
from agentgauge.service.reports.counters import OTHER, counters
from agentgauge.settings import get_settings, resolve_home
from agentgauge.settings.server import get_server_settings
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.job_runs import JobRuns
from tests.components import require
from tests.servers.serving import served

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with agentgauge.open(home=tmp_path) as gauge:
        with gauge.scope(project="shop", agent="coder", user="ada@example.org"):
            gauge.task("build", 1500, quality_score=90)
            gauge.task("build", 40, success=False)
            gauge.llm_call(
                model="gpt-4o", input_tokens=1000, output_tokens=50, cache_read_tokens=600, reasoning_tokens=20,
                duration_ms=800, cost_usd=Decimal("0.25"),
            )  # fmt: skip
            gauge.llm_call(model="nobody-knows-1", input_tokens=7, success=False)
            gauge.tool_call("bash", 12)
        gauge.llm_call(model='quo"te\\d\nmodel', input_tokens=1)
    with TestClient(create_app(get_server_settings(tmp_path)), base_url="http://localhost") as client:
        yield client


def samples(client: TestClient) -> Samples:
    answer = client.get("/metrics", headers={**OPENMETRICS, "Cache-Control": "no-cache"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(found: Samples, name: str, /, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def test_counters_are_what_was_recorded(client: TestClient) -> None:
    found = samples(client)
    work, call = {"project": "shop", "agent": "coder"}, {"project": "shop", "agent": "coder", "model": "gpt-4o"}
    assert value(found, "agentgauge_operations_total", **work, outcome="success") == 1
    assert value(found, "agentgauge_operations_total", **work, outcome="failure") == 1
    assert value(found, "agentgauge_quality_score_points_total", **work) == 90
    assert value(found, "agentgauge_model_calls_total", **call, outcome="success") == 1
    assert value(found, "agentgauge_model_calls_total", **(call | {"model": "nobody-knows-1"}), outcome="failure") == 1
    assert value(found, "agentgauge_tool_calls_total", **(call | {"model": ""}), outcome="success") == 1
    assert value(found, "agentgauge_tokens_total", **call, type="input") == 1000
    assert value(found, "agentgauge_tokens_total", **call, type="output") == 50
    assert value(found, "agentgauge_cached_tokens_total", **call, type="read") == 600
    assert value(found, "agentgauge_reasoning_tokens_total", **call) == 20
    assert value(found, "agentgauge_cost_dollars_total", **call) == 0.25
    assert value(found, "agentgauge_unpriced_calls_total", **(call | {"model": "nobody-knows-1"})) == 1
    assert value(found, "agentgauge_operation_duration_seconds_bucket", agent="coder", le="0.05") == 1
    assert value(found, "agentgauge_operation_duration_seconds_bucket", agent="coder", le="1.0") == 1
    assert value(found, "agentgauge_operation_duration_seconds_bucket", agent="coder", le="2.5") == 2
    assert value(found, "agentgauge_operation_duration_seconds_bucket", agent="coder", le="+Inf") == 2
    assert value(found, "agentgauge_operation_duration_seconds_sum", agent="coder") == 1.54


def test_any_text_may_be_a_label_and_no_label_has_no_end(client: TestClient) -> None:
    found = samples(client)
    assert value(found, "agentgauge_tokens_total", project="", agent="", model='quo"te\\d\nmodel', type="input") == 1
    labels = {label for _, pairs in found for label, _ in pairs}
    assert labels <= {
        *("project", "agent", "model", "outcome", "type", "le"),
        *("method", "route", "status", "door", "result", "severity", "scope", "name", "period", "job"),
    }
    assert not any("ada@example.org" in text for _, pairs in found for _, text in pairs)


def test_alerts_budgets_and_jobs_are_gauges(client: TestClient, tmp_path: Path) -> None:
    runtime = client.app.state.runtime  # type: ignore[attr-defined]
    now = runtime.now()
    terms = Terms(scope="agent", name="coder", total_usd=Decimal("0.30"), start=now - timedelta(days=1))
    BudgetBook(runtime.state).create(terms, "test", now)
    JobRunner(Work(runtime.settings, runtime.state), runtime.now).run(job_named("budgets"), now)
    found = samples(client)
    of_budget = {"scope": "agent", "name": "coder", "project": "", "period": "total"}
    assert value(found, "agentgauge_budget_limit_dollars", **of_budget) == 0.3
    assert value(found, "agentgauge_budget_used_dollars", **of_budget) == 0.25
    assert value(found, "agentgauge_alerts", severity="warning", status="active") == 1
    assert value(found, "agentgauge_alerts", severity="critical", status="active") == 0
    assert value(found, "agentgauge_job_last_run_failed", job="budgets") == 0
    assert (value(found, "agentgauge_job_last_success_timestamp_seconds", job="budgets") or 0) >= now.timestamp()


def test_budgets_of_what_has_no_end_are_no_series_and_a_run_that_died_has_failed(client: TestClient) -> None:
    runtime = client.app.state.runtime  # type: ignore[attr-defined]
    now = runtime.now()
    for scope in ("user", "ticket", "run", "session"):
        terms = Terms(scope=scope, name="ada", total_usd=Decimal(1), start=now)  # type: ignore[arg-type]
        BudgetBook(runtime.state).create(terms, "test", now)
    runs = JobRuns(runtime.state)
    runs.start("budgets", now, "a process that died", now)
    runs.abandon("budgets", now)
    found = samples(client)
    assert not any("ada" in text for _, pairs in found for _, text in pairs)
    assert value(found, "agentgauge_job_last_run_failed", job="budgets") == 1


def test_promtool_finds_nothing_to_mend(client: TestClient) -> None:
    require(shutil.which("promtool") is not None, "promtool (Debian: apt-get install prometheus)")
    client.get("/metrics")  # so that requests are among what is checked
    text = client.get("/metrics").text
    assert "agentgauge_http_requests_total" in text
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_server_counts_requests_by_the_template_of_their_route(client: TestClient) -> None:
    client.get("/nowhere/at/all")
    client.get("/metrics")
    found = samples(client)
    assert value(found, "agentgauge_http_requests_total", method="GET", route="/metrics", status="200") == 1
    assert value(found, "agentgauge_http_requests_total", method="GET", route="none", status="404") == 1


def test_a_counter_does_not_fall_when_what_it_counted_is_forgotten(client: TestClient, tmp_path: Path) -> None:
    name, labels = "agentgauge_operations_total", {"project": "shop", "agent": "coder", "outcome": "success"}
    assert value(samples(client), name, **labels) == 1
    home = resolve_home(tmp_path)
    Lake(home, PriceBook.load()).forget("ada@example.org")
    with agentgauge.open(home=tmp_path) as gauge, gauge.scope(project="shop", agent="coder"):
        gauge.task("build", 10)
    assert value(samples(client), name, **labels) == 1
    with agentgauge.open(home=tmp_path) as gauge, gauge.scope(project="shop", agent="coder"):
        gauge.task("build", 10)
    assert value(samples(client), name, **labels) == 2


def test_what_was_given_out_is_known_after_a_restart_and_to_every_process(tmp_path: Path) -> None:
    assert Floors(tmp_path).raised({"a": Decimal("1.5"), "b": Decimal(3)}) == {"a": Decimal("1.5"), "b": Decimal(3)}
    assert Floors(tmp_path).raised({"a": Decimal(1), "c": Decimal(9)}) == {"a": Decimal("1.5"), "c": Decimal(9)}
    assert Floors(tmp_path).raised({"b": Decimal(4)}) == {"b": Decimal(4)}


def test_label_sets_beyond_the_first_thousand_are_one_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[counters.__module__], "MOST_SERIES", 3)
    with agentgauge.open(home=tmp_path) as gauge:
        for n in range(5):
            gauge.task("build", 10 * (n + 1), agent=f"agent-{n}")
        gauge.task("build", 10, agent="agent-0")
    with Meter(get_settings(tmp_path)).engine() as engine:
        found = counters(engine, ("agent",))
    assert {row.labels: row.successes for row in found.work} == {
        ("agent-0",): 2,
        ("agent-1",): 1,
        ("agent-2",): 1,
        (OTHER,): 2,
    }
    assert [row.label for row in found.operation_durations] == ["agent-0", "agent-1", "agent-2", OTHER]
    assert found.operation_durations[-1].count == 2
    assert found.series_left_out == 2


def test_every_worker_answers_for_all_of_them(tmp_path: Path) -> None:
    with agentgauge.open(home=tmp_path) as gauge:
        gauge.task("build", 10, agent="coder")
    with served(tmp_path, "--workers", "2") as server:
        for _ in range(40):  # connections of their own, so that both workers get some
            httpx.get(f"{server.url}/healthz", timeout=60).raise_for_status()
        for _ in range(6):
            text = httpx.get(f"{server.url}/metrics", timeout=60).text
            assert 'agentgauge_http_requests_total{method="GET",route="/healthz",status="200"} 40.0' in text
            assert 'agentgauge_operations_total{agent="coder",outcome="unstated",project=""}' in text
            for name in ("cache_failures", "cache_evictions", "landing_failures"):
                assert f"agentgauge_{name}_total 0.0" in text
            assert "\nagentgauge_snapshots " in text


def test_what_a_process_had_goes_when_it_ends_and_what_it_counted_stays(tmp_path: Path) -> None:
    shared = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    count = (
        "from agentgauge.service.monitoring.process import ProcessFigures as P; "
        "f = P(); f.snapshots.set(2); f.cache_evictions.inc(); f.cache_failures.inc(3)"
    )
    look = (
        "f = P(); f.snapshots.set(1); f.cache_evictions.inc(); "
        "print({s.name: s.value for m in f.collect() for s in m.samples if not s.labels})"
    )
    subprocess.run([sys.executable, "-c", count], env=shared, check=True)
    look = f"{count.partition(';')[0]}; {look}"
    found = subprocess.run([sys.executable, "-c", look], env=shared, check=True, capture_output=True, text=True).stdout
    assert "'agentgauge_snapshots': 1.0" in found
    assert "'agentgauge_cache_evictions_total': 2.0" in found
    assert "'agentgauge_cache_failures_total': 3.0" in found
