"""Paths of this server: where somebody may be sent on to, and nowhere else."""

from __future__ import annotations


def own_path(given: str, otherwise: str = "/") -> str:
    """`given` where it leads to this server, else `otherwise`; `//host` and `/\\host` lead elsewhere."""
    is_own = given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable()
    return given if is_own else otherwise
