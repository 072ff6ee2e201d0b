"""Tables as CSV: columns say what they hold, and nothing that was recorded is computed by who opens it."""

from __future__ import annotations

import csv
import io

import pytest

from agentgauge.charts import Chart, Series
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.table import Column, Row, Table


def test_the_table_of_a_chart_has_its_series_as_headings() -> None:
    rows = ({"label": "3 Nov", "x": "2026-11-03T00:00:00Z", "y": 2.5, "series": "=gpt-5"},)
    chart = Chart(
        form="lines", unit="usd", rows=rows, series=(Series("=gpt-5", "var(--series-1)"),), summary="S", x_title="Day"
    )
    (found,) = csv.DictReader(io.StringIO(drawn(chart).table.csv()))
    assert found == {"Day": "3 Nov", "'=gpt-5": "2.5"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"], ids=repr)
def test_what_a_spreadsheet_would_compute_is_a_text_of_it(start: str) -> None:
    table = Table(
        columns=(Column(key="agent", title="Agent"),), rows=(Row(values={"agent": f"{start}1+1"}),), caption="A"
    )
    (_, (value,)) = csv.reader(io.StringIO(table.csv(), newline=""))
    assert value == f"'{start}1+1"
