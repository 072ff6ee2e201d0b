"""The keys of the API, as they are kept: never the key, only its hash and the prefix that it is shown by.

How a key is made, hashed and compared is `agentgauge.service.security`'s business.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from agentgauge.errors import NotFound
from agentgauge.events.event import from_micros, to_micros
from agentgauge.state.audit import note
from agentgauge.state.changes import changed
from agentgauge.state.columns import micros, moment
from agentgauge.state.identifiers import next_id
from agentgauge.state.statements import Where, insert, select, update
from agentgauge.state.store import Connection, Store

_COLUMNS = "id, name, prefix, hash, scopes, projects, created_at, expires_at, revoked_at, last_used_at"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    """What it is for."""
    prefix: str
    """Its first characters, which no two keys share."""
    hash: str
    scopes: frozenset[str]
    projects: frozenset[str] | None
    """None: all, and events that name none."""
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None
    """To the minute or so: it is not written for every request."""

    def is_valid(self, now: datetime) -> bool:
        """Whether it may be used at this time."""
        return self.revoked is None and (self.expires is None or now < self.expires)


class KeyBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self,
        *,
        name: str,
        prefix: str,
        hash: str,  # noqa: A002 - the column's name
        scopes: Collection[str],
        projects: Collection[str] | None,
        at: datetime,
        expires: datetime | None,
        actor: str,
    ) -> ApiKey:
        """Keep a new key. Raises `StateError`, also where another key has the prefix."""
        with self._store.transaction() as connection:
            number = next_id(connection, "api_key")
            insert(
                connection,
                "api_keys",
                id=number,
                name=name,
                prefix=prefix,
                hash=hash,
                scopes=_listed(scopes),
                projects=None if projects is None else _listed(projects),
                created_at=to_micros(at),
                expires_at=micros(expires),
            )
            detail = {"name": name, "prefix": prefix, "scopes": sorted(scopes), "projects": projects}
            note(connection, at, actor, "key.created", f"key {number}", None, detail)
            changed(connection, "keys")
            return _found(connection, Where().equal(id=number))[0]

    def by_prefix(self, prefix: str) -> ApiKey | None:
        """The key of a prefix, valid or not. Raises `StateError`."""
        found = self._found(Where().equal(prefix=prefix))
        return found[0] if found else None

    def all(self) -> tuple[ApiKey, ...]:
        """By id, those that are no longer valid included. Raises `StateError`."""
        return self._found(Where())

    def revoke(self, id: int, at: datetime, actor: str) -> ApiKey:  # noqa: A002
        """Let a key be used no longer; one that was revoked stays as it is.

        Raises `NotFound` for an id that there is not, and `StateError`.
        """
        none = NotFound(f"no key {id}: list them with 'agentgauge keys list'")
        if not self._store.exists or not 0 < id < 1 << 63:
            raise none
        with self._store.transaction() as connection:
            valid = Where().equal(id=id).also("revoked_at IS NULL")
            revoked = update(connection, "api_keys", valid, revoked_at=to_micros(at))
            found = _found(connection, Where().equal(id=id))
            if not found:
                raise none
            if revoked:
                note(connection, at, actor, "key.revoked", f"key {id}", None, {"prefix": found[0].prefix})
                changed(connection, "keys")
            return found[0]

    def used(self, id: int, at: datetime) -> None:  # noqa: A002
        """Note when a key was last used. Nothing that is answered depends on it, so no topic changes. Raises
        `StateError`.
        """
        with self._store.transaction() as connection:
            update(connection, "api_keys", Where().equal(id=id), last_used_at=to_micros(at))

    def _found(self, where: Where) -> tuple[ApiKey, ...]:
        if not self._store.exists:
            return ()
        with self._store.reading() as connection:
            return _found(connection, where)


def _found(connection: Connection, where: Where) -> tuple[ApiKey, ...]:
    rows = select(connection, _COLUMNS, "api_keys", where, "id")
    return tuple(
        ApiKey(
            id=id_, name=name, prefix=prefix, hash=hash_,
            scopes=msgspec.json.decode(scopes, type=frozenset[str]),
            projects=None if projects is None else msgspec.json.decode(projects, type=frozenset[str]),
            created=from_micros(created), expires=moment(expires), revoked=moment(revoked), last_used=moment(last_used),
        )
        for id_, name, prefix, hash_, scopes, projects, created, expires, revoked, last_used in rows
    )  # fmt: skip


def _listed(words: Collection[str]) -> str:
    return msgspec.json.encode(sorted(words)).decode()
