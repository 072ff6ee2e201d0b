"""The documented models, for programs that use SQLAlchemy's ORM:

    with Session(store.engine) as session:
        session.scalars(select(PerformanceAlert).where(PerformanceAlert.status == "active"))

`BudgetAllocation`, `MetricsAggregation`, `CostRecommendation` and `PerformanceAlert` have the columns that the
migrations give their tables, and no other definition of them: importing this module runs these in memory and reads the
tables from there, some 20 ms. Columns whose names end in `_at` are aware UTC times, those in `_usd` exact amounts. The
fifth model, `AgentMetric`, is no table but a row of the view `agent_metrics` over the lake
(`agentgauge.service.agent_metrics`).

To change something use the repositories beside this module: they keep versions, the audit log and the caches right.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Dialect, MetaData, Table, Text, create_engine, event
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.plain import plain_digits
from agentgauge.state.budget_terms import Status, status_of, utilization_percent
from agentgauge.state.schema import migrations


class Moment(TypeDecorator[datetime]):
    """Microseconds since 1970 as an aware UTC time."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class Amount(TypeDecorator[Decimal]):
    """Plain digits as an exact amount."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else plain_digits(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


def _read() -> MetaData:
    metadata = MetaData()
    event.listen(metadata, "column_reflect", _typed)
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        for migration in migrations():
            for statement in migration.statements:
                connection.exec_driver_sql(statement)
        metadata.reflect(connection)
    engine.dispose()
    return metadata


def _typed(_inspector: object, _table: Table, column: Any) -> None:
    if column["name"].endswith("_at"):
        column["type"] = Moment()
    elif column["name"].endswith("_usd"):
        column["type"] = Amount()


class Base(DeclarativeBase):
    metadata = _read()


class BudgetAllocation(Base):
    """A budget. `used_usd` is what had been used when that was last counted, at `used_at`."""

    __table__ = Base.metadata.tables["budget_allocations"]
    if TYPE_CHECKING:  # what the two below read
        total_usd: Decimal
        used_usd: Decimal
        warning_percent: float
        critical_percent: float

    @property
    def utilization_percent(self) -> float | None:
        return utilization_percent(self.used_usd, self.total_usd)

    @property
    def status(self) -> Status:
        return status_of(self.used_usd, self)


class MetricsAggregation(Base):
    """Figures of a past period: of a metric, of everything, a project, an agent, a role or an operation."""

    __table__ = Base.metadata.tables["metrics_aggregations"]


class CostRecommendation(Base):
    """A recommendation; `figures` is the finding as JSON."""

    __table__ = Base.metadata.tables["cost_recommendations"]


class PerformanceAlert(Base):
    """An alert."""

    __table__ = Base.metadata.tables["performance_alerts"]
