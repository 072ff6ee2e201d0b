"""Budgets: what may be spent in a scope, in all or per day, week or month.

What was spent is counted from events (`agentgauge.service.budgets`), not here: a budget keeps what that was when it was
last counted, for who reads the table alone. A change names the version that it is meant for, so that of two people who
change a budget at once the second is told.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from agentgauge.errors import Conflict, NotFound, Outdated
from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.plain import plain_digits
from agentgauge.state.audit import note
from agentgauge.state.budget_moves import close_account, move_account
from agentgauge.state.budget_terms import Budget, BudgetPeriod, Scope, SetBy, Terms
from agentgauge.state.changes import changed
from agentgauge.state.columns import moment
from agentgauge.state.identifiers import next_id
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Connection, Store

_TABLE = "budget_allocations"
_COLUMNS = (
    "id, scope, name, project, period, total_usd, used_usd, used_at, warning_percent, critical_percent, starts_at, "
    "created_at, updated_at, version, set_by"
)


class BudgetBook:
    def __init__(self, store: Store) -> None:
        self.store = store

    def create(self, terms: Terms, actor: str, at: datetime) -> Budget:
        """A new budget. Raises `Conflict` where there is one of the same scope, name, project and period, and
        `StateError`.
        """
        with self.store.transaction() as connection:
            _check_free(connection, terms, None)
            return make_budget(connection, terms, actor, at)

    def get(self, id: int, projects: Collection[str] | None = None) -> Budget:  # noqa: A002 - the column's name
        """Raises `NotFound` for an id that there is not among `projects` (None: all), and `StateError`."""
        if not self.store.exists:
            raise _absent(id)
        with self.store.reading() as connection:
            return budget_in(connection, id, projects)

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
        if not self.store.exists:
            return ()
        with self.store.reading() as connection:
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
        with self.store.transaction() as connection:
            before = _current(connection, id, version, projects)
            _check_free(connection, terms, id)
            return change_budget(connection, before, terms, actor, at)

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
        with self.store.transaction() as connection:
            before = _current(connection, id, version, projects)
            close_account(connection, id)
            connection.execute("DELETE FROM budget_allocations WHERE id = ?", (id,))
            _note(connection, at, actor, "deleted", id, before)

    def counted(self, id: int, used: Decimal, at: datetime) -> None:  # noqa: A002
        """Keep what was spent when it was last counted. No version: nothing was decided. Raises `StateError`."""
        with self.store.transaction() as connection:
            keep_used(connection, id, used, at)


def make_budget(connection: Connection, terms: Terms, actor: str, at: datetime, set_by: SetBy = "person") -> Budget:
    """A new one, inside a transaction that has seen that there is none like it."""
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
        set_by=set_by,
    )
    _note(connection, at, actor, "created", number, terms)
    return budget_in(connection, number)


def change_budget(
    connection: Connection, before: Budget, terms: Terms, actor: str, at: datetime, set_by: SetBy = "person"
) -> Budget:
    """Give a budget other terms, inside a transaction that has read it."""
    update(
        connection,
        _TABLE,
        Where().equal(id=before.id),
        **_columns(terms),
        updated_at=to_micros(at),
        version=before.version + 1,
        set_by=set_by,
    )
    _note(connection, at, actor, "changed", before.id, terms, before)
    after = budget_in(connection, before.id)
    move_account(connection, before, after, at)
    return after


def keep_used(connection: Connection, id_: int, used: Decimal, at: datetime) -> None:
    """What was spent when it was last counted, inside a transaction."""
    update(connection, _TABLE, Where().equal(id=id_), used_usd=plain_digits(used), used_at=to_micros(at))


def budget_like(
    connection: Connection, scope: Scope, name: str, project: str | None, period: BudgetPeriod
) -> Budget | None:
    """The one of that scope, name, project and period, inside a transaction."""
    where = Where().equal(scope=scope, name=name, project=project or "", period=period)
    rows = select(connection, _COLUMNS, _TABLE, where, "id", 1)
    return _budget(*rows[0]) if rows else None


def budget_in(connection: Connection, id_: int, projects: Collection[str] | None = None) -> Budget:
    """The budget of an id, inside a transaction. Raises `NotFound`."""
    where = Where().equal(id=id_).of_projects(projects)
    rows = select(connection, _COLUMNS, _TABLE, where, "id") if 0 < id_ < 1 << 63 else ()
    if not rows:
        raise _absent(id_)
    return _budget(*rows[0])


def _current(connection: Connection, id_: int, version: int | None, projects: Collection[str] | None) -> Budget:
    budget = budget_in(connection, id_, projects)
    if version is not None and version != budget.version:
        raise Outdated(f"budget {id_} is of version {budget.version} by now, not {version}: read it again")
    return budget


def _check_free(connection: Connection, terms: Terms, id_: int | None) -> None:
    other = budget_like(connection, terms.scope, terms.name, terms.project, terms.period)
    if other is not None and other.id != id_:
        per = "in total" if terms.period == "total" else f"per {terms.period}"
        raise Conflict(f"budget {other.id} is that of {terms.scope} {terms.name!r} {per} already: change that one")


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
    set_by: SetBy,
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
        set_by=set_by,
    )
