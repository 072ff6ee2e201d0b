"""The receiver: what arrives over the network goes into the same journal as what is recorded here.

    received = receiver.receive(events, principal)     checked and appended; what breaks a rule is said, item by item
    receiver.commit(received)                          on the disk: only now may it be acknowledged

    received = await receiver.kept(read, principal)    both, for a route; `read()` gives the events, on a thread

Requests that wait at the same time share one sync (`group_commit`). Where the disk or the journal is full nothing of
the batch is kept and `ServerBusy` says when to send it again; what was acknowledged is never deleted to make room.

Costs about 15 us of a thread per event, of which the journal takes 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

import agentgauge
from agentgauge.errors import EventRefused, ServerBusy
from agentgauge.events import Event
from agentgauge.events.checked import Checked
from agentgauge.interruption import is_interruption
from agentgauge.journal import layout
from agentgauge.journal.losses import warn
from agentgauge.journal.receiving import ReceivingJournal
from agentgauge.journal.series import JournalFull, SegmentOptions
from agentgauge.journal.shortage import reason_for
from agentgauge.journal.writer import without_gil
from agentgauge.service.ingest.admission import Admission, line_of
from agentgauge.service.ingest.group_commit import GroupCommit
from agentgauge.service.ingest.waiting import WaitingBytes
from agentgauge.service.security.principal import Principal
from agentgauge.settings import Settings
from agentgauge.settings.ingest import IngestSettings

_FULL_RETRY_S = 10
_THREADS = 2
"""They take turns with the event loop at the interpreter's lock; more would only make it wait longer."""

T = TypeVar("T")


class Rejected(msgspec.Struct, frozen=True):
    index: int
    """Of the item in its batch, from 0."""
    reason: str
    """What was wrong and what to do, without the values that were sent."""


class Received(msgspec.Struct, frozen=True):
    accepted: int
    rejected: tuple[Rejected, ...] = ()
    syncs_refused: int = 0
    """Of the journal, when the batch was written to it: for `commit`."""


class Receiver:
    """Safe for several threads."""

    def __init__(
        self,
        settings: Settings,
        limits: IngestSettings | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        journal: ReceivingJournal | None = None,
    ) -> None:
        """Raises `JournalUnavailable` where the home cannot be written."""
        self._settings = settings
        self._limits = limits or IngestSettings()
        self._clock = clock
        self._journal = journal or _open_journal(settings)
        self._commits = GroupCommit(self._sync)
        self._threads = ThreadPoolExecutor(_THREADS, "agentgauge-ingest")
        self.waiting = WaitingBytes(self._limits.waiting_bytes)
        """What requests that are being received hold in memory."""

    def receive(self, events: Iterable[Event | Checked | EventRefused], principal: Principal) -> Received:
        """Check and append a batch. An item that could not even be read stands in it as the error that says why.

        Nothing is acknowledged before `commit`. Raises `ServerBusy` where there is no place for the batch.
        """
        if off := self._settings.switched_off_by:
            raise ServerBusy(f"this server records nothing: its environment has {', '.join(off)}", _FULL_RETRY_S)
        journal, lines, rejected = self._journal, [], []
        admission = Admission(
            principal,
            self._clock(),
            default_project=self._settings.project,
            largest_attributes=self._limits.attribute_bytes,
        )
        for index, event in enumerate(events):
            try:
                if isinstance(event, EventRefused):
                    raise event
                admitted = admission.admit(event)
                lines.append(layout.frame(line_of(admitted.event, journal.segment_id, journal.take())))
            except EventRefused as refused:
                rejected.append(Rejected(index, str(refused)))
                journal.count(
                    "refused", layout.REFUSED_OF_OTHERS + refused.reason, f"sent by {principal.name}: {_told(refused)}"
                )
            else:
                if admitted.in_future:
                    journal.count("altered", "future time", f"{event.kind} sent by {principal.name}")
        syncs_refused = journal.syncs_refused
        if lines:
            self._append(lines)
        return Received(len(lines), tuple(rejected), syncs_refused)

    def commit(self, received: Received) -> None:
        """Return once this batch is on the disk. Raises `ServerBusy` where the disk refused."""
        _check_synced(received, self._commits.synced().result())

    async def kept(
        self, read: Callable[[], Iterable[Event | Checked | EventRefused]], principal: Principal
    ) -> Received:
        """Receive what `read` gives, and return once it is on the disk. Raises what `read` does, and `ServerBusy`."""
        received = await self.on_thread(lambda: self.receive(read(), principal))
        await self.committed(received)
        return received

    async def on_thread(self, work: Callable[[], T]) -> T:
        """`work`, on one of few threads: it is work of the processor, and questions are to have the others."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def committed(self, received: Received) -> None:
        """As `commit`, holding no thread."""
        _check_synced(received, await asyncio.wrap_future(self._commits.synced()))

    def close(self) -> None:
        """Finish what is waited for, and let the journal go."""
        self._threads.shutdown()
        self._commits.close()
        self._journal.close()

    def _append(self, lines: Sequence[bytes]) -> None:
        try:
            self._journal.append_lines(b"".join(lines), len(lines))
        except (OSError, JournalFull) as error:
            if is_interruption(error):
                raise
            warn("%d events sent over the network were not kept: %s", len(lines), error)
            raise ServerBusy(
                f"{reason_for(error)}: nothing of this request was kept; send it again later", _FULL_RETRY_S
            ) from error

    def _sync(self) -> int:
        """How often the disk has refused a sync, this one included."""
        self._journal.flush()
        return self._journal.syncs_refused


def _check_synced(received: Received, syncs_refused: int) -> None:
    # Also a sync that the journal's own thread did in between: it takes the error with it, and the next one succeeds.
    if syncs_refused != received.syncs_refused:
        raise ServerBusy("the disk refused to keep this request; send it again later", _FULL_RETRY_S)


def _told(refused: EventRefused) -> str:
    return str(refused).removeprefix(f"{refused.reason}: ")


def _open_journal(settings: Settings) -> ReceivingJournal:
    options = SegmentOptions(max_bytes=settings.journal_max_bytes, locked=without_gil(), version=agentgauge.__version__)
    return ReceivingJournal.open(settings.home.root, flush_ms=settings.flush_ms, options=options)
