"""Between a run's collector and the event stream: what is recorded, and what it adds up to.

`keep` records an event and puts it aside for the view, which is brought up to date when somebody looks, or when a few
hundred have gathered. So recording takes no lock, and little more than the gauge's own time.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from weakref import WeakSet

import agentgauge
from agentgauge.errors import EventRefused, PriceBookError
from agentgauge.events import Event, Usage
from agentgauge.events.event import from_micros
from agentgauge.interruption import is_interruption
from agentgauge.journal import lifetime
from agentgauge.journal.losses import Fate, warn
from agentgauge.journal.memory import MemoryJournal
from agentgauge.pricing import Cost, Overrides, PriceBook, user_file
from agentgauge.recorder import Gauge, Kept, Place
from agentgauge.recorder.guards import AsOne
from agentgauge.runs.call_sums import CallSums
from agentgauge.runs.fold import RunFold
from agentgauge.runs.models import IssueMetrics, RunMetrics, SystemConfig
from agentgauge.runs.views import issue_view, run_view
from agentgauge.settings import Settings

_MOST_WAITING = 256
_NO_IDS: Mapping[str, str] = {}
_streams: WeakSet[RunStream] = WeakSet()


class RunStream:
    """The events of one run that one collector records."""

    def __init__(
        self,
        run_id: str,
        project_id: str | None,
        config: SystemConfig | None,
        gauge: Gauge | None,
        pricing: PriceBook | Overrides | None,
    ) -> None:
        """Raises `PriceBookError` where `pricing` cannot be used."""
        self.gauge = agentgauge.default() if gauge is None else gauge
        self.run_id = run_id
        self.project_id = project_id
        self.config = config
        self.scope = {"run": run_id} if project_id is None else {"run": run_id, "project": project_id}
        """The scope of what belongs to the run."""
        self.place = Place(self.scope)
        self.is_priced_here = pricing is not None
        """The caller chose a price table, so costs are written into events."""
        self._book: PriceBook | None = None
        if pricing is not None:
            self._book = pricing if isinstance(pricing, PriceBook) else PriceBook.load(pricing)
        self.fold = RunFold(run_id)
        self.is_open = False
        """Between the start that this collector recorded and its end."""
        self.started: Kept | None = None
        """The start of the run, as this collector recorded it."""
        self._waiting: deque[Kept] = deque()
        self._shown = itertools.count()
        self._meanwhile: list[Kept] | None = None
        """While the run is read back, what the view has taken in since."""
        self._recorded_before = self._recorded_by_all()
        self._lock = threading.RLock()
        _streams.add(self)

    def close(self) -> bool:
        """The run has ended; False where it had already."""
        with self._lock:
            was_open, self.is_open = self.is_open, False
        return was_open

    # Recording

    def keep(
        self,
        kind: str,
        values: dict[str, object],
        attributes: dict[str, Any] | None = None,
        place: Place | None = None,
        ids: Mapping[str, str] = _NO_IDS,
        *,
        success: bool | None = None,
        at: datetime | None = None,
    ) -> Kept | None:
        """Record an event, and show it. `place` is its scope but for its own `ids`, by default the run's."""
        place = self.place if place is None else place
        with AsOne():
            kept = self.gauge.keep(kind, values, place, success=success, at=at, attributes=attributes, **ids)
            if kept is not None:
                self.show(kept)
        return kept

    def show(self, kept: Kept) -> None:
        """Put what was recorded into the view."""
        next(self._shown)
        self._waiting.append(kept)
        if len(self._waiting) > _MOST_WAITING:
            self.settle()

    def count(self, fate: Fate, reason: str, detail: str) -> None:
        """Count what happened to something that became no event, or to one that lacks something."""
        sink = self.gauge.sink
        if sink is not None:
            sink.count(fate, reason, detail)

    # Prices

    def cost(self, model: str, usage: Usage, provider: str | None, tier: str | None, micros: int) -> Cost | None:
        """What a call cost at its time; None where no price is known."""
        if self.gauge.sink is None:
            return None
        book = self._book
        if book is None:
            book = self._book = _book_of(self.gauge.settings)
        try:
            return book.price(model, usage, provider=provider, at=from_micros(micros), tier=tier or "standard")
        except EventRefused:  # what cannot be was refused when it was recorded
            return None

    def load_prices(self) -> None:
        """Load the list of prices, a quarter of a second once per process, before a call waits for it."""
        llm = None if self.config is None else self.config.llm
        if llm is not None and llm.model is not None:
            self.cost(llm.model, Usage(), llm.provider, None, 0)

    # The view

    def settle(self) -> None:
        """Bring the view up to date."""
        with self._lock:
            waiting, calls, meanwhile = self._waiting, CallSums(), self._meanwhile
            while waiting:
                kept = waiting.popleft()
                if meanwhile is not None:
                    meanwhile.append(kept)
                if kept.kind == "llm_call":
                    calls.add(kept)
                else:
                    self.fold.apply(kept.event())
            calls.apply_to(self.fold)

    def apply(self, events: Iterable[Event]) -> int:
        """Take in what was read back from the stream. Returns how many events that were."""
        count = 0
        with self._lock:
            for event in events:
                self.fold.apply(event)
                count += 1
        return count

    def others_recorded(self) -> bool:
        """Whether anything was recorded through the gauge that this collector has not: perhaps into the run."""
        return self._recorded_by_all() - self._recorded_before != next(self._shown)

    def catch_up(self) -> None:
        """Make the view that of the whole run, what other code and other processes recorded into it included.

        Reads the run back: a tenth of a second or more. Threads may record meanwhile. Where the stream does not have
        the beginning any more (a journal in memory lets the oldest go), the view stays. Raises `LakeError` where the
        home cannot be read.
        """
        fold, seen = RunFold(self.run_id), set[tuple[str | None, int | None]]()
        meanwhile: list[Kept] = []
        with self._lock:
            self.settle()
            self._meanwhile = meanwhile
        try:
            for event in events_of(self.gauge, self.run_id):
                fold.apply(event)
                seen.add((event.segment, event.n))
            with self._lock:
                self.settle()
                for kept in meanwhile:
                    if (kept.segment, kept.n) not in seen:
                        fold.apply(kept.event())
                if self.started is None or (self.started.segment, self.started.n) in seen:
                    self.fold = fold
        finally:
            self._meanwhile = None

    def _recorded_by_all(self) -> int:
        return self.gauge.health().recorded

    def run(self) -> RunMetrics:
        with self._lock:
            self.settle()
            return run_view(self.fold, self.project_id, self.config)

    def issue(self, issue_id: str) -> IssueMetrics:
        with self._lock:
            self.settle()
            return issue_view(self.fold, issue_id, self.project_id, self.config)

    @property
    def writes_files(self) -> bool:
        """Whether recording is on, and on disk."""
        return self.gauge.sink is not None and not isinstance(self.gauge.sink, MemoryJournal)

    def renew_lock(self) -> None:
        """In a forked child: a thread of the parent may have held it."""
        self._lock = threading.RLock()


@functools.lru_cache(maxsize=8)
def _book_of(settings: Settings | None) -> PriceBook:
    """The book by which the lake prices: with the user's file, where it can be read."""
    try:
        return PriceBook.load(None if settings is None else user_file(settings))
    except (PriceBookError, OSError) as error:
        if is_interruption(error):
            raise
        warn("calls are shown with list prices: %s", error)
        return PriceBook.load(None)


def events_of(gauge: Gauge, run_id: str) -> Iterator[Event]:
    """The events of a run in the whole stream that `gauge` records into, with the costs of the lake."""
    from agentgauge.engines import Filter, Query  # deferred, with DuckDB: whoever only records never reads
    from agentgauge.engines.events import read_events
    from agentgauge.meter import engine_of

    with engine_of(gauge) as engine:
        yield from read_events(engine, Query(filters=(Filter("run", "=", run_id),)))


def is_open_here(run_id: str, gauge: Gauge) -> bool:
    """Whether a collector of this process has the run open, in the journal that `gauge` writes to."""
    return any(
        stream.is_open and stream.run_id == run_id and stream.gauge.sink is gauge.sink for stream in list(_streams)
    )


def _renew_locks() -> None:
    for stream in list(_streams):
        stream.renew_lock()


lifetime.after_fork(_renew_locks)
