"""The ORM's models agree with the tables that the migrations make, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from agentgauge.state.aggregations import Aggregation, AggregationBook
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.models import (
    Base,
    BudgetAllocation,
    CostRecommendation,
    MetricsAggregation,
    PerformanceAlert,
)
from agentgauge.state.recommendations import Key, RecommendationBook
from agentgauge.state.sql import SqlStore

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MODELS: list[type[Base]] = [BudgetAllocation, MetricsAggregation, CostRecommendation, PerformanceAlert]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    is_file = request.param == "sqlite"
    store = SqlStore.of_file(tmp_path / "state.db") if is_file else SqlStore(request.getfixturevalue("postgres_url"))
    store.upgrade()
    yield store
    store.close()


def test_a_model_has_the_columns_and_the_key_of_its_table(store: SqlStore) -> None:
    found = inspect(store.engine)
    for model in MODELS:
        table = model.__table__
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        key = found.get_pk_constraint(table.name)["constrained_columns"]
        assert {column.name: column.nullable for column in table.columns} == columns
        assert [column.name for column in table.primary_key] == key
        assert {index["name"] for index in found.get_indexes(table.name) if "duplicates_constraint" not in index} == {
            index.name for index in table.indexes
        }


def test_what_repositories_keep_is_read_as_models(store: SqlStore) -> None:
    BudgetBook(store).create(Terms(scope="agent", name="coder", total_usd=Decimal("30"), start=NOON), "ann", NOON)
    BudgetBook(store).counted(1, Decimal("24.500000000001"), NOON)
    AlertBook(store).detect(Detected(condition="c", type="anomaly", severity="info", metric="cost", message="m"), NOON)
    RecommendationBook(store).found({Key("pause_agent", "tester"): b"{}"}, NOON)
    day = Aggregation(granularity="day", start=NOON, end=NOON, metric="cost", count=2, mean=0.5, computed=NOON)
    AggregationBook(store).replace("day", NOON, [day])
    with Session(store.engine) as session:
        budget, alert, recommendation, aggregation = (
            session.scalars(select(model)).one()
            for model in (BudgetAllocation, PerformanceAlert, CostRecommendation, MetricsAggregation)
        )
        assert (budget.total_usd, budget.used_usd, budget.starts_at) == (30, Decimal("24.500000000001"), NOON)
        assert (budget.status, round(budget.utilization_percent, 2)) == ("warning", 81.67)
        assert (alert.detected_at, alert.acknowledged_at, alert.status) == (NOON, None, "active")
        assert (recommendation.type, recommendation.found_at) == ("pause_agent", NOON)
        assert (aggregation.mean, aggregation.starts_at, aggregation.total) == (0.5, NOON, None)
        found = select(PerformanceAlert).where(PerformanceAlert.detected_at >= NOON)
        assert session.scalars(found).one() is alert
