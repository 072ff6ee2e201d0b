"""The dashboard's queries are answered by a real Prometheus that polls a real server."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import httpx

import agentgauge
from agentgauge.exporters.grafana import ROWS, VARIABLES, dashboard
from tests.servers.prometheus import Prometheus, prometheus_of
from tests.servers.serving import Served, served


def _record(home: Path, times: int) -> None:
    with agentgauge.open(home=home) as gauge, gauge.scope(project="shop", agent="coder"):
        for n in range(times):
            gauge.task("implementation", 1200, success=n % 4 != 0, quality_score=80)
            gauge.llm_call(model="gpt-4o", input_tokens=1000, output_tokens=200, cache_read_tokens=400, duration_ms=900)
            gauge.llm_call(model="gpt-4o", input_tokens=10, duration_ms=90, success=False)
            gauge.llm_call(model="nobody-knows-1", input_tokens=10, duration_ms=90)
            gauge.tool_call("bash", 40)


def _asked(expr: str) -> str:
    for name in VARIABLES:
        expr = expr.replace(f"${name}", ".*")
    return expr.replace("$__rate_interval", "1m").replace("$__range", "1m")


def _total(prometheus: Prometheus, metric: str) -> float | None:
    return prometheus.value(f"sum(last_over_time({metric}[1m]))")


def _used(server: Served) -> bool:
    """Send an event and ask a question."""
    httpx.post(f"{server.url}/api/v1/events", json={"kind": "mark", "name": "sent"}, timeout=60).raise_for_status()
    httpx.get(f"{server.url}/api/v1/metrics/summary", timeout=60).raise_for_status()
    return True


def test_every_panel_of_the_dashboard_is_answered_by_prometheus(tmp_path: Path) -> None:
    _record(tmp_path, 5)
    with served(tmp_path) as server, prometheus_of(server.url.removeprefix("http://")) as prometheus:
        prometheus.until(lambda: _total(prometheus, "agentgauge_operations_total") == 5)
        _record(tmp_path, 20)
        prometheus.until(lambda: _total(prometheus, "agentgauge_operations_total") == 25)
        # A rate is of what is added after a series was first polled.
        rates = [f"sum(rate(agentgauge_{name}_total[1m]))" for name in ("received_events", "cache_requests")]
        prometheus.until(lambda: _used(server) and all((prometheus.value(rate) or 0) > 0 for rate in rates))
        unanswered = []
        for row in ROWS:
            for panel in row.panels:
                for target in panel.targets:
                    found = prometheus.query(_asked(target.expr))
                    numbers = [float(series["value"][1]) for series in found]
                    if not any(math.isfinite(number) for number in numbers):
                        unanswered.append(panel.title)
        assert unanswered == []
        assert _total(prometheus, 'agentgauge_operations_total{outcome="failure"}') == 7
        assert _total(prometheus, 'agentgauge_tokens_total{type="input",model="gpt-4o"}') == 25 * 1010
        assert _total(prometheus, "agentgauge_unpriced_calls_total") == 25
        assert _total(prometheus, 'agentgauge_operation_duration_seconds_bucket{le="1.0"}') == 0
        assert _total(prometheus, 'agentgauge_operation_duration_seconds_bucket{le="2.5"}') == 25


def _panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    inside = [panel for row in board["panels"] for panel in row.get("panels") or []]
    return [panel for panel in (*board["panels"], *inside) if panel["type"] != "row"]


def test_the_dashboard_holds_every_declared_panel_and_asks_for_its_data_source() -> None:
    board = json.loads(dashboard())
    panels = {panel["title"]: panel for panel in _panels(board)}
    assert list(panels) == [panel.title for row in ROWS for panel in row.panels]
    for row in ROWS:
        for panel in row.panels:
            asked = [target["expr"] for target in panels[panel.title]["targets"]]
            assert asked == [target.expr for target in panel.targets]
            assert panels[panel.title]["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    names = [variable["name"] for variable in board["templating"]["list"]]
    assert names == ["datasource", *VARIABLES]
