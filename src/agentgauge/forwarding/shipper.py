"""One pass over a home: what is not with the server yet is sent, oldest segment first, and a segment that has ended and
was acknowledged to its end is removed here.

Nothing is removed that the server has not said to be on its disk. After a death anywhere the next pass asks the server
how far it is, and sends what is missing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from agentgauge import files
from agentgauge.forwarding.outgoing import Outgoing, events_in, outgoing
from agentgauge.forwarding.reissue import reissue
from agentgauge.forwarding.remembered import Remembered
from agentgauge.forwarding.restored import lost_on_the_server
from agentgauge.forwarding.sending import Diverged, Held, Sent, send
from agentgauge.forwarding.spool import read_spool, read_status, ship_no_more, ship_to, write_status
from agentgauge.forwarding.turn import turn
from agentgauge.forwarding.wire import NotNow, Wire
from agentgauge.interruption import is_interruption
from agentgauge.journal.directory import JournalDirectory
from agentgauge.server_client import ServerClient
from agentgauge.settings.secret import Secret

_ELSEWHERE_WAIT_S = 60.0
_LONGEST_AHEAD = timedelta(seconds=600)
"""A moment further ahead than that was written under another clock."""


class Outcome(msgspec.Struct, frozen=True):
    """What one pass did."""

    events: int = 0
    """Acknowledged."""
    held: int = 0
    """Segments that wait for somebody to do something."""
    reason: str = ""
    """Why it ended before everything was sent; empty where everything was."""
    wait_s: float = 0
    """How long the next pass is to wait."""


class Shipper:
    """For one thread at a time; `clock` counts seconds since 1970."""

    def __init__(
        self, root: Path, endpoint: str, key: Secret | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._root = root
        self._endpoint = endpoint
        self._clock = clock
        self._client = ServerClient(endpoint, key)
        self._wire = Wire(self._client, key)
        self._directory = JournalDirectory(root)
        self._since = self._now()
        self._checked = False
        self._memory = Remembered(root, self._wire.name, self._now)
        self._renamed = False

    def not_before(self) -> float:
        """Seconds until a pass makes sense, after what the last one of any process of this sender met."""
        trouble = read_status(self._root).trouble
        if trouble is None or trouble.by != self._wire.name:
            return 0
        ahead = trouble.not_before - self._now()
        return ahead.total_seconds() if timedelta(0) < ahead < _LONGEST_AHEAD else 0

    def ship(
        self,
        *,
        patience_s: float = 0,
        on_sent: Callable[[int], object] = lambda sent: None,
    ) -> Outcome:
        """One pass, waiting so long for another process that is at it; `on_sent` is told of acknowledged bytes.

        Raises `OthersTurn`, OSError where the home cannot be written, `SettingsError` where it cannot be understood. A
        disk that has no room for the status raises nothing: what was sent is sent, and the next pass asks the server.
        """
        with turn(self._root, patience_s):
            spool = read_spool(self._root)
            # None: the home was removed, or could not be written, meanwhile.
            if spool is None or spool.target.settling:
                ship_to(self._root, self._endpoint, self._since)
            self._memory.begin()
            self._renamed = True
            try:
                outcome = Outcome()
                while self._renamed and not outcome.reason:
                    self._renamed = False
                    outcome = self._pass(on_sent)
                return outcome
            finally:
                self._memory.save_if_there_is_room()

    def stop(self, *, patience_s: float = 0) -> Outcome:
        """Make the home ship no more. `events` are those that the server does not have, which are local from now on;
        `reason` says why it could not be asked which these are: the status knew then.

        Raises as `ship`.
        """
        with turn(self._root, patience_s):
            self._memory.begin()
            reason = ""
            spool = read_spool(self._root)
            here = [] if spool is None else [path for path in self._directory.segments() if not spool.is_local(path)]
            try:
                for path in _oldest_first(here):
                    with suppress(Diverged, FileNotFoundError):
                        self._memory.note(path.name, self._begun(outgoing(path)))
            except NotNow as trouble:
                reason = str(trouble)
            self._memory.change(trouble=None, held={})
            self._memory.save()
            left = 0
            for path in here:
                known = self._memory.status.acknowledged.get(path.name)
                with suppress(FileNotFoundError):
                    left += events_in(outgoing(path).content(0 if known is None else known.end).data)
            ship_no_more(self._root, self._endpoint)
            return Outcome(left, reason=reason)

    def note_silence(self, least_s: float) -> str:
        """For another thread, which waits for the pass no longer: where the server has not answered it for that long,
        remember that as trouble, for the next program. What the trouble is; empty where there is none.
        """
        silence_s = self._wire.silence_s
        if silence_s < least_s:
            return ""
        status = read_status(self._root)
        trouble = self._memory.trouble(status, NotNow(f"{self._endpoint} did not answer within {silence_s:.0f} s"))
        with suppress(OSError):
            write_status(self._root, msgspec.structs.replace(status, trouble=trouble))
        return trouble.reason

    def close(self) -> None:
        self._client.close()

    def _pass(self, on_sent: Callable[[int], object]) -> Outcome:
        spool = read_spool(self._root)
        if spool is None or spool.target.endpoint != self._endpoint:
            return Outcome(reason=f"this home no longer ships to {self._endpoint}", wait_s=_ELSEWHERE_WAIT_S)
        there = self._directory.segments()
        self._memory.forget_all_but({path.name for path in there})
        try:
            self._look_for_a_restored_server()
            for path in _oldest_first([path for path in there if not spool.is_local(path)]):
                self._ship_file(path, on_sent)
        except NotNow as trouble:
            return Outcome(self._memory.events, len(self._memory.status.held), str(trouble), self._memory.meet(trouble))
        if self._memory.events or self._memory.status.trouble is not None:
            self._memory.change(trouble=None, last_success=self._now())
        return Outcome(self._memory.events, len(self._memory.status.held))

    def _ship_file(self, path: Path, on_sent: Callable[[int], object]) -> None:
        """One that cannot be sent, or read, or made anew on a full disk, keeps no other from being sent."""
        self._memory.release(path.name)
        try:
            segment = outgoing(path)
            try:
                self._ship_segment(segment, on_sent)
            except Diverged as diverged:
                self._go_on_elsewhere(segment, str(diverged))
        except FileNotFoundError:  # another process has shipped it, or the home was removed
            return
        except Held as held:
            self._memory.hold(path.name, str(held))
        except OSError as error:
            if is_interruption(error):
                raise
            self._memory.hold(path.name, str(error))

    def _ship_segment(self, segment: Outgoing, on_sent: Callable[[int], object]) -> None:
        name = segment.path.name
        sent = self._begun(segment)
        self._memory.announce(name, sent)
        own = segment.header is not None and segment.header.journal == self._directory.id
        try:
            send(self._wire, segment, sent, on_sent, closes=own)
        except Held:
            if sent.end == 0:  # nothing of it is there, so that any other key may begin
                self._memory.forget(name)
            raise
        finally:
            if sent.end:
                self._memory.note(name, sent)
        if sent.done:
            self._remove(segment, sent.end)

    def _begun(self, segment: Outgoing) -> Sent:
        """How far the segment is with the server. Raises `Diverged` where it has to go on under another name."""
        name = segment.path.name
        if name in self._memory.known or segment.header is None:
            return Sent(self._memory.known.get(name, 0))
        remembered = self._memory.status.acknowledged.get(name)
        if remembered is not None and not remembered.by.startswith(f"{self._endpoint}#"):
            raise Diverged("what came before went to another server")
        mark = self._wire.mark(segment.header.journal, segment.header.segment)
        if remembered is not None and mark == 0 and remembered.by != self._wire.name:
            raise Diverged("what came before was sent with a key for other projects")
        return Sent(mark)

    def _remove(self, segment: Outgoing, end: int) -> None:
        self._memory.leave(segment, end)
        segment.path.unlink(missing_ok=True)
        files.sync_directory(segment.path.parent)
        self._memory.forget(segment.path.name)

    def _go_on_elsewhere(self, segment: Outgoing, why: str) -> None:
        """Have what is not with the server go on under another name, once nobody writes it any more."""
        name = segment.path.name
        if not segment.dead:
            raise Held(f"{why}: it is sent once the process that writes it has ended")
        remembered = self._memory.status.acknowledged.get(name)
        damaged = reissue(segment.path, 0 if remembered is None else remembered.end, self._directory)
        self._memory.lose(Counter({"corrupt record": damaged}))
        self._memory.forget(name)
        self._renamed = True

    def _look_for_a_restored_server(self) -> None:
        """Once: whether the server still has what it acknowledged last."""
        if self._checked:
            return
        lost = lost_on_the_server(self._wire, self._memory.status, self._now())
        self._checked = True
        if lost:
            left = tuple(gone for gone in self._memory.status.gone if gone not in lost)
            self._memory.change(
                gone=left, lost_there=self._memory.status.lost_there + sum(gone.events for gone in lost)
            )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _oldest_first(paths: list[Path]) -> list[Path]:
    """Segments in the order in which they were begun."""
    return sorted(paths, key=_started)


def _started(path: Path) -> int:
    try:
        return outgoing(path).started
    except OSError as error:
        if is_interruption(error):
            raise
        return 0
