"""What a recorder could not keep as it was given, counted by reason.

    refused   the event broke a rule; it is not in the journal
    dropped   the event was right, but there was no place for it
    altered   the event is there, but changed, or later than promised (the reasons in `layout.NOT_LOST`)

Each reason is logged once, to the logger `agentgauge`, by whoever calls `log_firsts`, with no lock held: a handler of
the program's may itself record, and another thread may wait for that handler while it records. Counts that no line of
the journal has told yet are *untold*: another process, such as `agentgauge doctor`, learns of losses only from lines.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from typing import Literal

import msgspec

from agentgauge.interruption import is_interruption
from agentgauge.journal.layout import NOT_OF_EVENTS, LossLine

Fate = Literal["refused", "dropped", "altered"]
_DETAIL_CHARACTERS = 400


class Health(msgspec.Struct, frozen=True):
    """What became of the events given to one recorder in this process."""

    recorded: int
    """Events in the journal."""
    refused: dict[str, int]
    dropped: dict[str, int]
    altered: dict[str, int]


class LossCounts:
    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._counts: dict[Fate, Counter[str]] = {"refused": Counter(), "dropped": Counter(), "altered": Counter()}
        self._untold: dict[str, int] = {}
        self._details: dict[str, str] = {}
        self._unlogged: deque[tuple[Fate, str, str]] = deque()

    def add(self, fate: Fate, reason: str, detail: str, count: int = 1, *, told: bool = False) -> bool:
        """Count; True for the first of its reason, which `log_firsts` will log.

        `told`: the caller sees to it that a line says so.
        """
        detail = detail[:_DETAIL_CHARACTERS]
        with self._lock:
            counter = self._counts[fate]
            first = reason not in counter
            counter[reason] += count
            self._details[reason] = detail
            if not told:
                self._untold[reason] = self._untold.get(reason, 0) + count
        if first:
            self._unlogged.append((fate, reason, detail))
        return first

    def log_firsts(self) -> None:
        """Log the reasons that are new. The caller holds no lock that recording takes."""
        while self._unlogged:
            try:
                fate, reason, detail = self._unlogged.popleft()
            except IndexError:  # another thread logs it
                return
            what = reason if reason in NOT_OF_EVENTS else f"event {fate}, {reason}"
            warn("%s: %s (counted from now on, not logged again)", what, detail)

    def tell_later(self, reason: str, count: int) -> None:
        """Counted already as told, but the line that was to say so could not be written."""
        with self._lock:
            if count:
                self._untold[reason] = self._untold.get(reason, 0) + count

    def take_untold(self) -> list[LossLine]:
        """What is to be told now; the caller gives back what it could not write with `tell_later`."""
        with self._lock:
            untold, self._untold = self._untold, {}
        return [self.line(reason, count) for reason, count in untold.items()]

    def line(self, reason: str, count: int) -> LossLine:
        return LossLine(reason, count, time.time_ns() // 1000, self._details.get(reason, ""))

    @property
    def has_untold(self) -> bool:
        return bool(self._untold)

    def health(self, recorded: int) -> Health:
        with self._lock:
            return Health(recorded, *(dict(self._counts[fate]) for fate in ("refused", "dropped", "altered")))


def warn(message: str, *values: object) -> None:
    """To the logger `agentgauge`; to standard error where a handler of the program's raises. Hold no lock."""
    import logging  # deferred: a quarter of the time that importing this package takes, and most processes lose nothing

    try:
        logging.getLogger("agentgauge").warning(message, *values)
    except Exception as error:  # the program's handler, whose errors are not for whoever records
        if is_interruption(error):
            raise
        if sys.stderr is not None:
            with suppress(OSError, ValueError):
                sys.stderr.write(f"agentgauge: {message % values} (a logging handler raised {type(error).__name__})\n")
