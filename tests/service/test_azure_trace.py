"""The figures of a real production hour, recorded call by call and asked for again."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import agentgauge
from agentgauge.engines import Engine
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.lake import Lake
from agentgauge.meter import Meter
from agentgauge.service import reports
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

CALLS = Path(__file__).parents[1] / "data" / "azure" / "calls.csv.gz"
EVER = Window()


def trace() -> Iterator[dict[str, str]]:
    with gzip.open(CALLS, "rt", encoding="ascii", newline="") as lines:
        yield from csv.DictReader(lines)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The hour in the lake, and nothing else."""
    home = tmp_path_factory.mktemp("azure")
    with agentgauge.open(home) as gauge:
        for row in trace():
            gauge.llm_call(
                "splitwise-conv",
                input_tokens=int(row["context_tokens"]),
                output_tokens=int(row["generated_tokens"]),
                at=datetime.fromisoformat(f"2023-11-16T{row['time']}").replace(tzinfo=UTC),
            )
    meter = Meter(get_settings(home))
    Lake(meter.settings.home, meter.book, rollups_from_rows=1).compact()
    with meter.reading() as snapshot:
        yield DuckDBEngine(snapshot.connection, snapshot.rollups, rollups_from_rows=1)


@pytest.mark.parametrize(("exact", "off_by"), [(True, 1e-9), (False, 0.01)])
def test_percentiles_of_generated_tokens_are_the_published_ones(engine: Engine, exact: bool, off_by: float) -> None:
    answer = reports.percentiles(engine, "output_tokens", EVER, per="call", exact=exact)
    (found,) = answer.rows
    assert (found.count, found.few) == (19_366, False)
    assert (found.p50, found.p95, found.p99) == pytest.approx((129, 451, 601), rel=off_by)
    assert (found.p75, found.p90) == pytest.approx((395, 424), rel=off_by)
    assert (found.mean, found.std_dev) == pytest.approx((211.126, 162.870), abs=0.0005)
    assert (found.min, found.max) == (7, 1000)
    assert answer.exact or not exact


@pytest.mark.parametrize(("exact", "off_by"), [(True, 1e-9), (False, 0.01)])
def test_percentiles_of_all_tokens_of_a_call_come_from_summaries_within_one_percent(
    engine: Engine, exact: bool, off_by: float
) -> None:
    tokens = [int(row["context_tokens"]) + int(row["generated_tokens"]) for row in trace()]
    answer = reports.percentiles(engine, "tokens", EVER, per="call", exact=exact)
    (found,) = answer.rows
    expected = np.percentile(tokens, [50, 75, 90, 95, 99])
    assert [found.p50, found.p75, found.p90, found.p95, found.p99] == pytest.approx(expected, rel=off_by)
    assert (found.mean, found.std_dev) == pytest.approx((np.mean(tokens), np.std(tokens, ddof=1)), rel=1e-12)
    assert (answer.way == "raw", answer.exact) == (exact, exact)


def test_tokens_add_up_to_the_published_sums(engine: Engine) -> None:
    found = reports.overview(engine, EVER)
    assert (found.calls, found.input_tokens, found.output_tokens) == (19_366, 22_361_870, 4_088_665)
    assert found.unpriced_calls == 19_366
    assert found.cost_usd is None


def test_the_hour_is_whole_in_quarter_hours_of_any_zone(engine: Engine) -> None:
    for zone in ("UTC", "Asia/Kathmandu"):
        quarters = reports.over_time(engine, EVER, "15min", zone, datetime(2023, 11, 17, tzinfo=UTC)).rows
        assert len(quarters) == 4
        assert sum(quarter.output_tokens for quarter in quarters) == 4_088_665
