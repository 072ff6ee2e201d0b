"""`CodeMetrics` as measurements in the stream: a figure each, named as its field."""

from __future__ import annotations

import math
from typing import Any

from agentgauge.recorder import Gauge
from agentgauge.runs.documents import to_document
from agentgauge.runs.models import CodeMetrics

_UNITS = {"test_coverage_percent": "%"}
_COUNT = "1"


def record_code_metrics(
    gauge: Gauge,
    metrics: CodeMetrics,
    *,
    run: str | None = None,
    issue: str | int | None = None,
    attributes: dict[str, Any] | None = None,
) -> int:
    """Record each figure of `metrics` as a measurement, of a run and an issue; how many there were.

    Numbers in `extra` and in fields of a subclass are figures too. What is not known is left out: a coverage of NaN,
    tests where none ran. For work that no `MetricsCollector` follows, such as a CI job: `finalize_issue(...,
    code_metrics=)` keeps them with the issue.
    """
    document = to_document(metrics)
    figures = document.pop("extra") | document
    if not metrics.tests_run:
        del figures["tests_run"], figures["tests_passed"]
    known = {
        name: value
        for name, value in figures.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    for name, value in known.items():
        unit = _UNITS.get(name, _COUNT)
        gauge.measurement(name, value, unit=unit, run=run, issue=issue, attributes=attributes)
    return len(known)
