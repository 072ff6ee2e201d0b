"""Landing while the server runs: what the journal holds goes to the lake before it makes snapshots slow.

A snapshot reads the journal's tail anew each time: 10,000 events take a twentieth of a second, 80,000 half a one. So a
thread of each server process lands it

    once it is 16 MiB, about 50,000 events
    or once something has been waiting for a minute

and leaves to a job what takes longer: rollups. Several processes may do so at once: one lands, the others find nothing
left to do, or try again a second later. What goes wrong is logged and counted, and tried again after a minute; answers
are right without it, and slower.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import msgspec

from agentgauge.errors import LakeBusy
from agentgauge.meter import Meter
from agentgauge.service.live.tail import JournalTail

logger = logging.getLogger("agentgauge")

LANDED_BYTES = 16 << 20
LANDED_SECONDS = 60.0
_LOOKED_SECONDS = 1.0


class LandingFigures(msgspec.Struct, frozen=True):
    """Counted since the process began."""

    landings: int = 0
    busy: int = 0
    """Times that another process was at it."""
    failures: int = 0


class Landing:
    """Looks every second from `start` to `close`, on a thread of its own."""

    def __init__(
        self,
        meter: Meter,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], bool] | None = None,
        failed: Callable[[], object] = lambda: None,
    ) -> None:
        """`clock` counts seconds. `pause` waits so many seconds between looks, and says whether to end. `failed` is
        told of each failure: it counts for all processes of a server."""
        self._meter = meter
        self._clock = clock
        self._failed = failed
        self._stopped = threading.Event()
        self._pause = pause or self._stopped.wait
        self._tail = JournalTail(meter.settings.home)
        self._waiting_since: float | None = None
        self._not_before = -float("inf")
        self._figures = LandingFigures()
        self._thread = threading.Thread(target=self._run, name="agentgauge-landing")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End, after the landing that is under way."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def figures(self) -> LandingFigures:
        return self._figures

    def look(self) -> bool:
        """Land if it is time to; whether anything was landed. Raises nothing."""
        try:
            return self._is_due() and self._land()
        except LakeBusy:
            self._count(busy=1)
        except Exception as error:  # noqa: BLE001 - whatever it was must not end the thread; it is logged and counted
            self._not_before = self._clock() + LANDED_SECONDS
            self._count(failures=1)
            self._failed()
            logger.warning("the journal could not be landed, which is tried again in a minute: %s", error)
        return False

    def _run(self) -> None:
        while not self._pause(_LOOKED_SECONDS):
            self.look()

    def _is_due(self) -> bool:
        now, waiting = self._clock(), self._tail.bytes()
        if not waiting:
            self._waiting_since = None
            return False
        if self._waiting_since is None:
            self._waiting_since = now
        if now < self._not_before:
            return False
        return waiting >= LANDED_BYTES or now - self._waiting_since >= LANDED_SECONDS

    def _land(self) -> bool:
        done = self._meter.lake.compact(briefly=True)
        self._waiting_since = None
        self._count(landings=1)
        return done.events > 0

    def _count(self, *, landings: int = 0, busy: int = 0, failures: int = 0) -> None:
        one = self._figures
        self._figures = LandingFigures(one.landings + landings, one.busy + busy, one.failures + failures)
