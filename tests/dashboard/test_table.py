"""Tables as CSV: columns say what they hold, and nothing that was recorded is computed by who opens it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from fastapi.testclient import TestClient

from agentgauge.charts import Chart, Series
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service.graphs.courses import figures
from agentgauge.settings.server import get_server_settings
from tests.dashboard.sample_pages import serving


def test_the_table_of_a_chart_has_its_series_as_headings() -> None:
    rows = ({"label": "3 Nov", "x": "2026-11-03T00:00:00Z", "y": 2.5, "series": "=gpt-5"},)
    chart = Chart(
        form="lines", unit="usd", rows=rows, series=(Series("=gpt-5", "var(--series-1)"),), summary="S", x_title="Day"
    )
    (found,) = csv.DictReader(io.StringIO(drawn(chart).table.csv()))
    assert found == {"Day": "3 Nov", "'=gpt-5": "2.5"}


_BERLIN = ZoneInfo("Europe/Berlin")
_STARTS: dict[str, tuple[datetime, str, str]] = {
    "day": (datetime(2026, 2, 16, tzinfo=_BERLIN), "Mon 16 Feb", "2026-02-16"),
    "week": (datetime(2026, 2, 16, tzinfo=_BERLIN), "week of 16 Feb 2026", "2026-02-16"),
    "month": (datetime(2026, 2, 1, tzinfo=_BERLIN), "Feb 2026", "2026-02-01"),
    "hour": (datetime(2026, 10, 25, 2, tzinfo=_BERLIN, fold=1), "25 Oct 02:00 CET", "2026-10-25T01:00:00Z"),
}


class _Bucket(msgspec.Struct, frozen=True):
    start: datetime


@pytest.mark.parametrize("width", _STARTS)
def test_the_table_of_a_chart_over_time_has_words_on_the_page_and_dates_in_csv(width: str) -> None:
    start, words, date = _STARTS[width]
    table = drawn(figures([_Bucket(start)], {"p50": lambda _: 7.0}, "ms", width=width, what="took")).table
    assert table.rows[0].values["x"] == words
    (found,) = csv.DictReader(io.StringIO(table.csv()))
    assert found == {width.capitalize(): date, "p50": "7.0"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"], ids=repr)
def test_what_a_spreadsheet_would_compute_is_a_text_of_it(start: str) -> None:
    table = Table(
        columns=(Column(key="agent", title="Agent"),), rows=(Row(values={"agent": f"{start}1+1"}),), caption="A"
    )
    (_, (value,)) = csv.reader(io.StringIO(table.csv(), newline=""))
    assert value == f"'{start}1+1"


@pytest.fixture(scope="module")
def server(recorded: Path) -> Iterator[TestClient]:
    with serving(get_server_settings(recorded, {})) as client:
        yield client


@pytest.mark.parametrize(
    ("address", "card"),
    [
        ("/", "cost-by-model"),
        ("/?range=24h", "latency"),
        ("/costs", "forecast"),
        ("/performance", "trends"),
        ("/quality?range=all", "satisfaction"),
        ("/quality?range=all", "learning"),
        ("/budgets/1", "period"),
        ("/alerts/1", "evidence"),
        ("/alerts/4", "evidence"),
    ],
)
def test_every_chart_over_time_has_times_in_csv_that_programs_read(server: TestClient, address: str, card: str) -> None:
    answer = server.get(f"{address}{'&' if '?' in address else '?'}csv={card}")
    assert answer.status_code == 200
    _, *rows = csv.reader(io.StringIO(answer.text))
    times = [datetime.fromisoformat(row[0]).replace(tzinfo=UTC) for row in rows]
    assert len(times) > 1
