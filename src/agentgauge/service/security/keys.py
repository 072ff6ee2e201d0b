"""Making and revoking API keys: what one may be for, and what is said once."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta, tzinfo
from typing import get_args

import msgspec

from agentgauge.errors import NotFound, QueryError
from agentgauge.service.security.principal import Scope
from agentgauge.service.security.tokens import Token, new_token, prefix_in
from agentgauge.service.window import parse_moment
from agentgauge.state.keys import ApiKey, KeyBook

SCOPES: tuple[Scope, ...] = get_args(Scope)
_LONGEST_NAME = 100
_AHEAD = re.compile(r"(\d{1,5})\s*([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Issued(msgspec.Struct, frozen=True):
    token: Token
    """Shown once: only its digest is kept."""
    key: ApiKey


class ShownKey(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody may see of a key."""

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    projects: tuple[str, ...] | None
    """What it may see and record into; None: everything."""
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None
    """To the minute."""
    valid: bool
    """Whether it may be used now."""


def shown(key: ApiKey, now: datetime) -> ShownKey:
    return ShownKey(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=tuple(sorted(key.scopes)),
        projects=None if key.projects is None else tuple(sorted(key.projects)),
        created=key.created,
        expires=key.expires,
        revoked=key.revoked,
        last_used=key.last_used,
        valid=key.is_valid(now),
    )


def issue(
    book: KeyBook,
    name: str,
    scopes: Collection[str],
    *,
    actor: str,
    now: datetime,
    projects: Collection[str] | None = None,
    expires: datetime | None = None,
) -> Issued:
    """Make a key. `projects`: what it may see and record into; None: everything.

    Raises `QueryError` for a scope that there is not, a time that is over, and `admin` for some projects only: budgets,
    SQL and keys are the whole server's, and whoever makes keys makes one for everything.
    """
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise QueryError(f"a key has a name of 1 to {_LONGEST_NAME} characters that says whose it is", field="name")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise QueryError(
            f"a key has scopes of {', '.join(SCOPES)}, not {', '.join(unknown) or 'none'}",
            field="scopes",
            allowed=SCOPES,
        )
    if projects is not None and (not projects or not all(projects)):
        raise QueryError("a key is for at least one project, or leave projects out: for all", field="projects")
    if projects is not None and "admin" in scopes:
        raise QueryError(
            "admin is of the whole server: leave the projects out, or take read and ingest", field="scopes"
        )
    if expires is not None and expires <= now:
        raise QueryError(f"a key cannot have expired before it is made: {expires.isoformat()}", field="expires")
    token = new_token()
    key = book.create(
        name=name,
        prefix=token.prefix,
        hash=token.digest,
        scopes=set(scopes),
        projects=None if projects is None else set(projects),
        at=now,
        expires=expires,
        actor=actor,
    )
    return Issued(token, key)


def revoke(book: KeyBook, which: str, *, actor: str, now: datetime) -> ApiKey:
    """Revoke the key that a prefix names, as `3f2a9c01` or `agk_3f2a9c01`; one that is revoked stays as it is.

    Raises `NotFound`.
    """
    prefix = prefix_in(which)
    key = None if prefix is None else book.by_prefix(prefix)
    if key is None:
        # What is no prefix may be a whole key, so it is not repeated.
        said = "that is no prefix of a key" if prefix is None else f"no key has the prefix {prefix}"
        raise NotFound(f"{said}: `agentgauge keys list` shows those there are", field="prefix")
    return book.revoke(key.id, now, actor)


def expiry_of(text: str, zone: tzinfo, now: datetime) -> datetime:
    """When a key ends, as a person writes it: `90d` and `12h` from now, or a date or time in their zone.

    Raises `QueryError`.
    """
    ahead = _AHEAD.fullmatch(text.strip().lower())
    return now + int(ahead[1]) * _UNITS[ahead[2]] if ahead else parse_moment(text, zone, now)
