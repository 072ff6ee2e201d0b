"""The figures of a real production hour, recorded call by call and asked for again."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import agentgauge
from agentgauge.engines import Engine
from agentgauge.meter import Meter
from agentgauge.service import reports
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

CALLS = Path(__file__).parents[1] / "data" / "azure" / "calls.csv.gz"
EVER = Window()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The hour in the lake, and nothing else."""
    home = tmp_path_factory.mktemp("azure")
    with agentgauge.open(home) as gauge, gzip.open(CALLS, "rb") as packed:
        for row in csv.DictReader(io.TextIOWrapper(packed, "ascii")):
            gauge.llm_call(
                "splitwise-conv",
                input_tokens=int(row["context_tokens"]),
                output_tokens=int(row["generated_tokens"]),
                at=datetime.fromisoformat(f"2023-11-16T{row['time']}").replace(tzinfo=UTC),
            )
    meter = Meter(get_settings(home))
    meter.lake.compact()
    with meter.engine() as asked:
        yield asked


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
