"""Journals of other machines, received as ranges of their bytes and kept as replicas (`agentgauge.journal.replica`).

What is acknowledged is on the disk. A range that is sent again changes nothing; one that does not go on where the
replica ends, or says something else than what is there, is a `RangeConflict` that names the end.

A namespace is the set of projects that the sender may record into: a key that takes another's place goes on where that
one stopped, and no other tenant can write to a journal, or learn of it, by guessing its name.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from agentgauge.errors import BodyRefused, RangeConflict, ServerBusy
from agentgauge.interruption import is_interruption
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.losses import warn
from agentgauge.journal.replica import Mark, Replica, forget_old_marks, read_mark, replica_path, writing
from agentgauge.journal.shortage import reason_for
from agentgauge.service.ingest.range_rules import RangeRules
from agentgauge.service.security.principal import Principal
from agentgauge.settings import Settings

MARKS_KEPT_S = 90 * 86400
"""How long it is known of a segment that has landed whole that it was received."""
_FULL_RETRY_S = 10
_NULS = re.compile(rb"\0+")


class Replicas:
    """Safe for several threads and processes."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._directory = JournalDirectory(settings.home.root)
        self._clock = clock

    def mark(self, principal: Principal, journal: str, segment: str) -> Mark:
        """How far a segment is here. Raises `BodyRefused` where it cannot be one."""
        return read_mark(self._path(principal, journal, segment))

    def put(
        self, principal: Principal, journal: str, segment: str, offset: int, data: bytes, *, closed: bool = False
    ) -> Mark:
        """Keep bytes of a segment, on the disk on return; `closed`: it ends with them.

        Raises `RangeConflict`, `RangeRefused`, `ServerBusy`.
        """
        if off := self._settings.switched_off_by:
            raise ServerBusy(f"this server records nothing: its environment has {', '.join(off)}", _FULL_RETRY_S)
        path = self._path(principal, journal, segment)
        own = principal.projects
        project = self._settings.project if own is None else next(iter(own)) if len(own) == 1 else None
        try:
            with writing(path) as replica:
                new = _beyond(replica, offset, data)
                if new:
                    RangeRules(journal, segment, own, project).check(new, replica.mark.end)
                    self._check_room(len(new))
                    replica.append(new, project, of_projects=own is not None)
                if closed:
                    _close(replica, offset + len(data))
                    forget_old_marks(path, self._clock() - MARKS_KEPT_S)
                return replica.mark
        except OSError as error:
            if is_interruption(error):
                raise
            warn("%d bytes of a journal sent over the network were not kept: %s", len(data), error)
            raise ServerBusy(
                f"{reason_for(error)}: nothing of this request was kept; send it again later", _FULL_RETRY_S
            ) from error

    def _path(self, principal: Principal, journal: str, segment: str) -> Path:
        try:
            return replica_path(self._settings.home.root, _namespace(principal), journal, segment)
        except ValueError as error:
            raise BodyRefused(str(error)) from error

    def _check_room(self, more: int) -> None:
        held, most = self._directory.total_bytes(), self._settings.journal_max_bytes
        if held + more > most:
            raise ServerBusy("journal full: nothing of this request was kept; send it again later", _FULL_RETRY_S)


def _namespace(principal: Principal) -> str:
    projects = None if principal.projects is None else sorted(principal.projects)
    return sha256(msgspec.json.encode(projects)).hexdigest()[:16]


def _beyond(replica: Replica, offset: int, data: bytes) -> bytes:
    """What of `data` is not here yet. Raises `RangeConflict`."""
    end = replica.mark.end
    if offset > end:
        raise RangeConflict(f"the range begins at byte {offset}; it has to go on at {end}", end)
    both = data[: end - offset]
    here = replica.known(offset, offset + len(both)) if both else b""
    if here is not None and not _same(here, both):
        raise RangeConflict(f"other bytes than these are here; what is here ends at byte {end}", end)
    new = data[len(both) :]
    if new and replica.mark.closed:
        raise RangeConflict(f"the segment was closed at byte {end}", end)
    return new


def _same(here: bytes, sent: bytes) -> bool:
    """NULs here were lines of a person who was forgotten, or of events that have landed: they do not come back."""
    if here == sent:
        return True
    blanked = bytearray(sent)
    for nuls in _NULS.finditer(here):
        blanked[nuls.start() : nuls.end()] = nuls[0]
    return here == blanked


def _close(replica: Replica, end: int) -> None:
    if end != replica.mark.end:
        raise RangeConflict(f"the segment goes on to byte {replica.mark.end} here", replica.mark.end)
    replica.close()
