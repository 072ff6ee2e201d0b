"""Findings of a server that is asked for them often: found anew not before twenty times as long has passed as finding
them took, and after five minutes at the latest.

They are about 30 days and read each task and call of them, which takes seconds where there are hundreds of thousands;
asked for by every dashboard after every event, they would keep a processor busy. Of a small home they are always new.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

import msgspec

from agentgauge.service.reports.recommendations import Findings

_TIMES_AS_LONG = 20
_LONGEST_SECONDS = 300.0
_MOST_KEPT = 100
"""Projects whose findings are kept: some hundred kilobytes each at most."""


class _Found(msgspec.Struct):
    findings: Findings
    until: float


class RecentFindings:
    """For all threads of a process; one of them finds, others that ask for the same wait for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._clock = clock
        self._found: OrderedDict[Hashable, _Found] = OrderedDict()
        self._finding: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def findings(self, key: Hashable, find: Callable[[], Findings], *, fresh: bool = False) -> Findings:
        """What was found under a key lately; `fresh`: what is found now. Raises what `find` raises."""
        with self._lock:
            finding = self._finding.setdefault(key, threading.Lock())
        with finding:
            found = self._found.get(key)
            if found is None or fresh or found.until <= self._clock():
                found = self._find(find)
                self._keep(key, found)
            return found.findings

    def at_hand(self, key: Hashable) -> Findings | None:
        """What was found under a key lately, where nothing has to be found for it."""
        found = self._found.get(key)
        return found.findings if found is not None and found.until > self._clock() else None

    def _find(self, find: Callable[[], Findings]) -> _Found:
        began = self._clock()
        findings = find()
        now = self._clock()
        return _Found(findings, now + min((now - began) * _TIMES_AS_LONG, _LONGEST_SECONDS))

    def _keep(self, key: Hashable, found: _Found) -> None:
        with self._lock:
            self._found[key] = found
            self._found.move_to_end(key)
            while len(self._found) > _MOST_KEPT:
                oldest, _ = self._found.popitem(last=False)
                self._finding.pop(oldest, None)
