"""Who asks: a key, a person, or whoever reaches a server that only this machine can reach."""

from __future__ import annotations

from typing import Literal

import msgspec

Scope = Literal["ingest", "read", "admin"]
"""`ingest` may record, `read` may ask, `admin` may change what is decided, and everything else."""


class Principal(msgspec.Struct, frozen=True):
    name: str
    """For logs and the audit: `local`, `key <prefix>`, or a person's e-mail. Never a secret."""
    scopes: frozenset[Scope]
    projects: frozenset[str] | None = None
    """What it may see and record into; None: all projects, and events that name none."""

    def may(self, scope: Scope) -> bool:
        """`admin` may do what `read` and `ingest` may."""
        return scope in self.scopes or "admin" in self.scopes

    @property
    def may_administer(self) -> bool:
        """Whether it may change what is decided, which is of the whole server: not with the scope for some projects."""
        return self.may("admin") and self.projects is None


LOCAL = Principal("local", frozenset({"ingest", "read", "admin"}))
"""Whoever reaches a server without keys, which is bound to loopback."""
