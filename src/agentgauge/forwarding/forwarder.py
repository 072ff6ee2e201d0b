"""The thread that ships: one for each home and server of a process, woken after a flush.

    after a flush      a pass, at most one a second
    after trouble      a pass when it is worth another try: after 1 s, twice as long each time, up to a minute, or as
                       long as the server says; five minutes where it does not take the key
    now and then       a pass for what processes left that have ended
    at the end         of the process, or when a gauge is closed: a last pass, of which 2 s are waited for, and none
                       where the server is known to be away

Whoever records never waits for it, and it raises nothing into anybody: what it meets is in the home's status, and is
logged once per reason.
"""

from __future__ import annotations

import _thread
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, RLock

from agentgauge.errors import AgentGaugeError
from agentgauge.forwarding.shipper import Outcome, Shipper
from agentgauge.forwarding.turn import OthersTurn, let_go_in_child
from agentgauge.interruption import is_interruption
from agentgauge.journal import lifetime
from agentgauge.journal.losses import warn
from agentgauge.server_client import load
from agentgauge.settings.secret import Secret

LAST_PASS_S = 2.0
_SILENT_S = 1.0
"""A server that has not answered for so long when nobody waits any more is away: the next program is spared the wait.
"""
_PAUSE_S = 1.0
_LOOK_S = 30.0


class Forwarder:
    """Starts its thread when it is first woken, in a forked child again."""

    def __init__(self, root: Path, endpoint: str, key: Secret | None = None) -> None:
        self._root = root
        self._endpoint = endpoint
        self._key = key
        self._renew()

    def _renew(self) -> None:
        self._shipper = Shipper(self._root, self._endpoint, self._key)
        self._wake: SimpleQueue[Event | None] = SimpleQueue()
        self._starting = RLock()
        self._running = False
        self._away = False
        self._told: set[str] = set()

    after_fork = _renew

    def wake(self) -> None:
        """There is something new on the disk."""
        if (self._running or self._start()) and self._wake.empty():  # once is enough, however long a pass takes
            self._wake.put(None)

    def finish(self, within_s: float | None = None) -> None:
        """Have everything sent that is here now, and wait for that so long, `LAST_PASS_S` unless said; not at all where
        the server is away.
        """
        if self._away or not (self._running or self._start()):
            return
        done = Event()
        self._wake.put(done)
        if not done.wait(LAST_PASS_S if within_s is None else within_s):
            reason = self._shipper.note_silence(_SILENT_S)
            if reason:
                self._away = True
                self._tell(reason)

    def _start(self) -> bool:
        with self._starting:
            if not self._running:
                try:
                    # As the journal's own: a `threading.Thread` waits in its `start`, where it may be interrupted.
                    _thread.start_new_thread(self._run, ())
                except RuntimeError as error:  # the interpreter is shutting down, or there may be no more threads
                    if is_interruption(error):
                        raise
                    return False
                self._running = True
            return True

    def _run(self) -> None:
        begun, wait_s = float("-inf"), 0.0
        with suppress(OSError, AgentGaugeError):
            wait_s = self._shipper.not_before()
        self._away = wait_s > 0
        waiting: list[Event] = []
        try:
            while True:
                waiting = self._rest(wait_s) if wait_s > 0 else self._next(begun)
                waiting += self._drain()
                begun = time.monotonic()
                outcome = self._pass(LAST_PASS_S if waiting else 0.0)
                self._away, wait_s = bool(outcome.reason), outcome.wait_s
                for done in waiting:
                    done.set()
        finally:
            self._running = False
            for done in waiting:
                done.set()

    def _next(self, begun: float) -> list[Event]:
        """Wait for something to send, and then for more to go with it."""
        asked = self._get(_LOOK_S)
        return self._rest(begun + _PAUSE_S - time.monotonic()) if asked is None else [asked]

    def _rest(self, wait_s: float) -> list[Event]:
        """Wait, unless somebody waits for us and there is a server to send to."""
        until = time.monotonic() + wait_s
        while (left := until - time.monotonic()) > 0:
            asked = self._get(left)
            if asked is not None and not self._away:
                return [asked]
            if asked is not None:
                asked.set()
        return []

    def _get(self, within_s: float) -> Event | None:
        with suppress(Empty):
            return self._wake.get(timeout=within_s)
        return None

    def _drain(self) -> list[Event]:
        """Who else waits. What woke it more than once is one pass."""
        found: list[Event] = []
        with suppress(Empty):
            while True:
                asked = self._wake.get_nowait()
                if asked is not None:
                    found.append(asked)
        return found

    def _pass(self, patience_s: float) -> Outcome:
        try:
            outcome = self._shipper.ship(patience_s=patience_s)
        except OthersTurn:
            return Outcome(wait_s=_PAUSE_S)
        except Exception as error:  # noqa: BLE001 - whatever it is, the program goes on; it is told, and tried again
            outcome = Outcome(reason=f"{type(error).__name__}: {error}", wait_s=_LOOK_S)
        if outcome.reason:
            self._tell(outcome.reason)
        elif outcome.held:
            self._tell(f"{outcome.held} segments cannot be sent; 'agentgauge doctor' says why")
        return outcome

    def _tell(self, reason: str) -> None:
        if reason not in self._told and len(self._told) < 16:
            self._told.add(reason)
            warn("nothing is sent now: %s (what is recorded is kept and sent later; not logged again)", reason)


_forwarders: dict[tuple[Path, str, Secret | None], Forwarder] = {}
_making = RLock()


def forwarder_of(root: Path, endpoint: str, key: Secret | None) -> Forwarder:
    """The one of this process."""
    root = root.absolute()
    with _making:
        found = _forwarders.get((root, endpoint, key))
        if found is None:
            load()
            found = _forwarders[root, endpoint, key] = Forwarder(root, endpoint, key)
        return found


def _after_fork() -> None:
    global _making
    _making = RLock()
    let_go_in_child()
    for forwarder in _forwarders.values():
        forwarder.after_fork()


def _at_end() -> None:
    until = time.monotonic() + LAST_PASS_S
    for forwarder in _forwarders.values():
        forwarder.finish(max(0.0, until - time.monotonic()))


lifetime.after_fork(_after_fork)
lifetime.at_end(_at_end)
