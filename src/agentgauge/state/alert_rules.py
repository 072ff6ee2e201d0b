"""Rules of alerts as somebody made them over HTTP. What a rule says is its writer's, kept as JSON; here are its name,
its project, its version, and the audit log of every change.

Versions are never given twice, so that a rule that was deleted and made again is another version than the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from agentgauge.errors import Conflict, NotFound, Outdated
from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.audit import note
from agentgauge.state.changes import changed
from agentgauge.state.identifiers import next_id
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Connection, Store

_TABLE = "alert_rules"
_COLUMNS = "name, project, terms, updated_at, updated_by, version"


class KeptRule(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    project: str | None
    """None: of all projects."""
    terms: dict[str, Any]
    """What it says."""
    updated: datetime
    updated_by: str
    version: int
    """Another one after every change, and higher."""


class RuleBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> tuple[KeptRule, ...]:
        """By name. Raises `StateError`."""
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return _rules(connection, Where())

    def put(
        self,
        name: str,
        terms: Mapping[str, Any],
        actor: str,
        at: datetime,
        *,
        project: str | None = None,
        version: int | None = None,
        is_new: bool = False,
    ) -> KeptRule:
        """Make a rule, or give it other terms. `version` is the one that it must have now: 0 where there is to be none;
        None: any. `is_new`: there must be none.

        Raises `Conflict` where there is one and must be none, `Outdated` where it is not of this version any more, and
        `StateError`.
        """
        with self._store.transaction() as connection:
            before = _current(connection, name, version)
            if is_new and before is not None:
                raise Conflict(f"there is a rule {name!r} already: change that one")
            columns = {
                "project": project or "",
                "terms": msgspec.json.encode(terms).decode(),
                "updated_at": to_micros(at),
                "updated_by": actor,
                "version": next_id(connection, "alert_rule"),
            }
            if before is None:
                insert(connection, _TABLE, name=name, **columns)
            else:
                update(connection, _TABLE, Where().equal(name=name), **columns)
            act = "created" if before is None else "changed"
            _note(connection, at, actor, act, name, project, _differing({} if before is None else before.terms, terms))
            return _rules(connection, Where().equal(name=name))[0]

    def delete(self, name: str, actor: str, at: datetime, *, version: int | None = None) -> None:
        """Raises `NotFound` where there is none, and `Outdated` and `StateError` as `put`."""
        with self._store.transaction() as connection:
            before = _current(connection, name, version)
            if before is None:
                raise NotFound(f"no rule {name!r} was made over HTTP", field="name")
            connection.execute(f"DELETE FROM {_TABLE} WHERE name = ?", (name,))  # noqa: S608 - a constant
            _note(connection, at, actor, "deleted", name, before.project, before.terms)


def _current(connection: Connection, name: str, version: int | None) -> KeptRule | None:
    found = _rules(connection, Where().equal(name=name))
    before = found[0] if found else None
    if version is None or version == (0 if before is None else before.version):
        return before
    now = "deleted" if before is None else f"of version {before.version}"
    raise Outdated(f"rule {name!r} is {now} by now, not of version {version}: read it again")


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    if not before:
        return dict(after)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: {"from": before.get(name), "to": after.get(name)} for name in names}


def _note(
    connection: Connection,
    at: datetime,
    actor: str,
    act: str,
    name: str,
    project: str | None,
    detail: Mapping[str, Any],
) -> None:
    note(connection, at, actor, f"alert_rule.{act}", f"alert rule {name}", project, detail)
    changed(connection, "alert_rules")


def _rules(connection: Connection, where: Where) -> tuple[KeptRule, ...]:
    return tuple(
        KeptRule(
            name=name,
            project=project or None,
            terms=msgspec.json.decode(terms),
            updated=from_micros(updated),
            updated_by=updated_by,
            version=version,
        )
        for name, project, terms, updated, updated_by, version in select(connection, _COLUMNS, _TABLE, where, "name")
    )
