"""A Prometheus server of the tests' own, which polls what it is told to."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from tests.components import require
from tests.servers.ports import free_port

_CONFIGURATION = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
- job_name: agentgauge
  static_configs: [{{targets: [{target}]}}]
"""
_PATIENCE_SECONDS = 60


@dataclass
class Prometheus:
    url: str

    def query(self, promql: str) -> list[dict[str, Any]]:
        """The result of an instant query. Raises `AssertionError` with what Prometheus says of one that is wrong."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": promql}, timeout=60).json()
        assert answer["status"] == "success", f"{promql}: {answer}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def value(self, promql: str) -> float | None:
        """Of a query whose result is one number."""
        found = self.query(promql)
        return float(found[0]["value"][1]) if found else None

    def until(self, is_met: Callable[[], bool]) -> None:
        """Return once a condition on what was polled is met."""
        deadline = monotonic() + _PATIENCE_SECONDS
        while not is_met():
            assert monotonic() < deadline, json.dumps(self.query('{job="agentgauge"}'), indent=1)[:4000]


@contextmanager
def prometheus_of(target: str) -> Iterator[Prometheus]:
    """A running server that polls `target`, host:port, twice a second."""
    require(shutil.which("prometheus") is not None, "prometheus (Debian: apt-get install prometheus)")
    with tempfile.TemporaryDirectory(prefix="agentgauge-prometheus-") as folder:
        Path(folder, "prometheus.yml").write_text(_CONFIGURATION.format(target=json.dumps(target)))
        port = free_port()
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        said = ""
        try:
            for line in process.stderr:
                said += line
                if "Server is ready to receive web requests" in line:
                    break
            else:
                raise RuntimeError(f"prometheus ended: {said}")
            yield Prometheus(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
            process.communicate()
