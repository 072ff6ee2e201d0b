"""Budgets: what may be spent in a scope, in all or per day, week or month.

What was spent is counted from events (`agentgauge.service.budgets`), not here: a budget keeps what that was when it was
last counted, for who reads the table alone. A change names the version that it is meant for, so that of two people who
change a budget at once the second is told.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from agentgauge.errors import Conflict, NotFound, Outdated
from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.plain import plain_digits
from agentgauge.state.audit import note
from agentgauge.state.changes import changed
from agentgauge.state.columns import moment
from agentgauge.state.identifiers import next_id
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Connection, Store

Scope = Literal["agent", "role", "project", "team", "user", "ticket", "run", "session"]
BudgetPeriod = Literal["total", "day", "week", "month"]
Status = Literal["ok", "warning", "critical", "exceeded"]
WARNING_PERCENT, CRITICAL_PERCENT = 80.0, 95.0
_TABLE = "budget_allocations"
_COLUMNS = (
    "id, scope, name, project, period, total_usd, used_usd, used_at, warning_percent, critical_percent, starts_at, "
    "created_at, updated_at, version"
)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decides about a budget."""

    scope: Scope
    name: str
    """Of the agent, role, ...; a ticket's is that of the work item."""
    project: str | None = None
    """None: in all projects together. Of the scope `project`, its name."""
    total_usd: Decimal
    period: BudgetPeriod = "total"
    start: datetime
    """Aware. Nothing before it counts."""
    warning_percent: float = WARNING_PERCENT
    critical_percent: float = CRITICAL_PERCENT


class Budget(Terms, frozen=True, kw_only=True):
    id: int
    used_usd: Decimal
    """As last counted, in the period of then."""
    used_at: datetime | None
    """When that was; None: never."""
    created: datetime
    updated: datetime
    version: int
    """Rises with every change of the terms, from 1."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What no two budgets share."""
        return self.scope, self.name, self.project or "", self.period

    @property
    def utilization_percent(self) -> float | None:
        return utilization_percent(self.used_usd, self.total_usd)

    @property
    def status(self) -> Status:
        return status_of(self.used_usd, self)

    def counts_from(self, now: datetime) -> datetime:
        """The start of its current period, not before its own start."""
        begun = period_start(self.period, now)
        return self.start if begun is None else max(begun, self.start)


def period_start(period: BudgetPeriod, now: datetime) -> datetime | None:
    """The last UTC midnight, Monday or first of a month until `now` (aware); None of `total`, which has no periods."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    match period:
        case "total":
            return None
        case "day":
            return today
        case "week":
            return today - timedelta(days=today.weekday())
        case "month":
            return today.replace(day=1)


def utilization_percent(used: Decimal, total: Decimal) -> float | None:
    """How much of a budget is used; None of one of nothing of which something was used, which no number says."""
    if not total:
        return None if used else 0.0
    return float(used / total * 100)


class Limits(Protocol):
    """What a status follows from."""

    @property
    def total_usd(self) -> Decimal: ...

    @property
    def warning_percent(self) -> float: ...

    @property
    def critical_percent(self) -> float: ...


def status_of(used: Decimal, terms: Limits) -> Status:
    """`exceeded` above the total; `critical` and `warning` from their thresholds."""
    if used > terms.total_usd:
        return "exceeded"
    percent = utilization_percent(used, terms.total_usd) or 0.0
    if percent >= terms.critical_percent:
        return "critical"
    return "warning" if percent >= terms.warning_percent else "ok"


class BudgetBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, terms: Terms, actor: str, at: datetime) -> Budget:
        """A new budget. Raises `Conflict` where there is one of the same scope, name, project and period, and
        `StateError`.
        """
        with self._store.transaction() as connection:
            _check_free(connection, terms, None)
            number = next_id(connection, "budget")
            insert(
                connection,
                _TABLE,
                id=number,
                **_columns(terms),
                used_usd="0",
                created_at=to_micros(at),
                updated_at=to_micros(at),
                version=1,
            )
            _note(connection, at, actor, "created", number, terms)
            return _one(connection, number, None)

    def get(self, id: int, projects: Collection[str] | None = None) -> Budget:  # noqa: A002 - the column's name
        """Raises `NotFound` for an id that there is not among `projects` (None: all), and `StateError`."""
        if not self._store.exists:
            raise _absent(id)
        with self._store.reading() as connection:
            return _one(connection, id, projects)

    def budgets(
        self,
        *,
        scope: Scope | None = None,
        name: str | None = None,
        project: str | None = None,
        projects: Collection[str] | None = None,
        limit: int | None = None,
        after: int | None = None,
    ) -> tuple[Budget, ...]:
        """By id, those with one above `after`. `projects` are those that may be seen. Raises `StateError`."""
        where = Where().equal(scope=scope, name=name, project=project).of_projects(projects)
        if after is not None:
            where.also("id > ?", after)
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return tuple(_budget(*row) for row in select(connection, _COLUMNS, _TABLE, where, "id", limit))

    def replace(
        self,
        id: int,  # noqa: A002
        terms: Terms,
        actor: str,
        at: datetime,
        *,
        version: int | None = None,
        projects: Collection[str] | None = None,
    ) -> Budget:
        """Give a budget other terms. Raises `NotFound`, `Outdated` where it is not of this version any more (None: of
        any), `Conflict` as `create`, and `StateError`.
        """
        with self._store.transaction() as connection:
            before = _current(connection, id, version, projects)
            _check_free(connection, terms, id)
            update(
                connection,
                _TABLE,
                Where().equal(id=id),
                **_columns(terms),
                updated_at=to_micros(at),
                version=before.version + 1,
            )
            _note(connection, at, actor, "changed", id, terms, before)
            return _one(connection, id, None)

    def delete(
        self,
        id: int,  # noqa: A002
        actor: str,
        at: datetime,
        *,
        version: int | None = None,
        projects: Collection[str] | None = None,
    ) -> None:
        """Raises `NotFound`, `Outdated` and `StateError` as `replace`."""
        with self._store.transaction() as connection:
            before = _current(connection, id, version, projects)
            connection.execute("DELETE FROM budget_allocations WHERE id = ?", (id,))
            _note(connection, at, actor, "deleted", id, before)

    def counted(self, id: int, used: Decimal, at: datetime) -> None:  # noqa: A002
        """Keep what was spent when it was last counted. No version: nothing was decided. Raises `StateError`."""
        with self._store.transaction() as connection:
            update(connection, _TABLE, Where().equal(id=id), used_usd=plain_digits(used), used_at=to_micros(at))


def _current(connection: Connection, id_: int, version: int | None, projects: Collection[str] | None) -> Budget:
    budget = _one(connection, id_, projects)
    if version is not None and version != budget.version:
        raise Outdated(f"budget {id_} is of version {budget.version} by now, not {version}: read it again")
    return budget


def _check_free(connection: Connection, terms: Terms, id_: int | None) -> None:
    where = Where().equal(scope=terms.scope, name=terms.name, project=terms.project or "", period=terms.period)
    for other, *_ in select(connection, _COLUMNS, _TABLE, where, "id"):
        if other != id_:
            per = "in total" if terms.period == "total" else f"per {terms.period}"
            raise Conflict(f"budget {other} is that of {terms.scope} {terms.name!r} {per} already: change that one")


def _note(
    connection: Connection,
    at: datetime,
    actor: str,
    act: str,
    id_: int,
    terms: Terms,
    before: Terms | None = None,
) -> None:
    detail = {name: getattr(terms, name) for name in Terms.__struct_fields__}
    if before is not None:
        now = detail
        was = {name: getattr(before, name) for name in now}
        detail = {name: {"from": was[name], "to": now[name]} for name in now if was[name] != now[name]}
    note(connection, at, actor, f"budget.{act}", f"budget {id_}", terms.project, detail)
    changed(connection, "budgets")


def _one(connection: Connection, id_: int, projects: Collection[str] | None) -> Budget:
    where = Where().equal(id=id_).of_projects(projects)
    rows = select(connection, _COLUMNS, _TABLE, where, "id") if 0 < id_ < 1 << 63 else ()
    if not rows:
        raise _absent(id_)
    return _budget(*rows[0])


def _absent(id_: int) -> NotFound:
    return NotFound(f"no budget {id_}", field="budget_id")


def _columns(terms: Terms) -> dict[str, object]:
    return {
        "scope": terms.scope,
        "name": terms.name,
        "project": terms.project or "",
        "period": terms.period,
        "total_usd": plain_digits(terms.total_usd),
        "warning_percent": terms.warning_percent,
        "critical_percent": terms.critical_percent,
        "starts_at": to_micros(terms.start),
    }


def _budget(
    id_: int,
    scope: Scope,
    name: str,
    project: str,
    period: BudgetPeriod,
    total: str,
    used: str,
    used_at: int | None,
    warning: float,
    critical: float,
    starts: int,
    created: int,
    updated: int,
    version: int,
) -> Budget:
    return Budget(
        id=id_,
        scope=scope,
        name=name,
        project=project or None,
        period=period,
        total_usd=Decimal(total),
        used_usd=Decimal(used),
        used_at=moment(used_at),
        warning_percent=warning,
        critical_percent=critical,
        start=from_micros(starts),
        created=from_micros(created),
        updated=from_micros(updated),
        version=version,
    )
