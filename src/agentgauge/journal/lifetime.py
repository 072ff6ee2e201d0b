"""What happens to open journals when their process forks or ends.

A forked child shares its parent's open files and mappings; it must not write there, and must let go of them so that
the parent's lock dies with the parent. At exit journals are settled, not closed: other exit handlers may still record.
What goes on with settled journals comes after that (`at_end`).
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from typing import Protocol
from weakref import WeakSet


class Mortal(Protocol):
    def after_fork(self) -> None:
        """In the child, before anything else runs there."""
        ...

    def settle(self) -> None:
        """Put on the disk what there is and give back what is not used; more may follow."""
        ...


_open: WeakSet[Mortal] = WeakSet()
_in_child: list[Callable[[], object]] = []
_when_settled: list[Callable[[], object]] = []


def watch(journal: Mortal) -> None:
    _open.add(journal)


def forget(journal: Mortal) -> None:
    _open.discard(journal)


def after_fork(renew: Callable[[], object]) -> None:
    """Call `renew` in every child: it makes a module's lock anew, which a thread of the parent may have held."""
    _in_child.append(renew)


def at_end(finish: Callable[[], object]) -> None:
    """Call `finish` at exit, once all journals are settled."""
    _when_settled.append(finish)


def _after_fork_in_child() -> None:
    for renew in _in_child:
        renew()
    for journal in list(_open):
        journal.after_fork()


def _at_exit() -> None:
    for journal in list(_open):
        journal.settle()
    for finish in _when_settled:
        finish()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
