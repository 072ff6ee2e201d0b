"""Importing logs of coding agents: read, leave out what is already there, record, land.

The journal and the lake make an event with a source id land once in any case. What is known is left out before
recording so that importing again costs a look, not a second copy in the journal, and so that the answer can say what
was new.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from agentgauge.errors import ImportFormatError, SettingsError
from agentgauge.events import Event
from agentgauge.integrations.agent_logs import BrokenLine, Source, expand, read
from agentgauge.meter import Meter
from agentgauge.pricing import PriceBook
from agentgauge.recorder import Gauge

TOLERANCE_USD = Decimal("0.000000001")
"""A stated cost and ours agree within this: logs state costs as binary floats."""
_CHUNK = 20_000
"""Events compared with the lake at a time."""


class Disagreement(msgspec.Struct, frozen=True):
    """Calls of one model whose stated cost is not what our price book says, together."""

    model: str
    calls: int
    stated_usd: Decimal
    computed_usd: Decimal


class SkippedFile(msgspec.Struct, frozen=True):
    file: Path
    reason: str


class Imported(msgspec.Struct, frozen=True):
    files: int
    sessions: int
    events: int
    """Events that the logs hold, each once."""
    repeated: int
    """Events that stand in the logs once more."""
    recorded: int
    """Of these, the new and the corrected ones."""
    known: int
    """Of these, those that were already there."""
    by_kind: dict[str, int]
    """Recorded events by kind."""
    unsettled: int
    """Events of turns that are still going on, left for the next import."""
    broken: tuple[BrokenLine, ...]
    skipped: tuple[SkippedFile, ...]
    refused: dict[str, int]
    """Events that break a rule of their kind, by reason."""
    dropped: dict[str, int]
    """Events that the journal had no place for, by reason: import again when it has."""
    compared: int
    """Calls whose log states a cost and that we have a price for."""
    disagreements: tuple[Disagreement, ...]


def import_logs(
    meter: Meter,
    source: Source,
    paths: Iterable[str | Path],
    *,
    now: datetime,
    shift: timedelta = timedelta(0),
    on_file: Callable[[int, int, Path], None] = lambda done, total, file: None,
) -> Imported:
    """Bring the logs at `paths` (files, folders, patterns) into the meter's home.

    `now` is aware and decides which turns are over. `shift` is added to every time. `on_file(done, total, file)` is
    called before each file. Raises `ImportFormatError` where no file is a log of `source`, `SettingsError` where the
    settings keep nothing.
    """
    if not (meter.settings.enabled and meter.settings.persist):
        raise SettingsError(
            "the environment turns recording off (AGENTGAUGE_DISABLED, ENABLE_METRICS or ENABLE_METRICS_PERSISTENCE), "
            "so an import would keep nothing; unset it"
        )
    files = expand(paths)
    meter.compact_if_possible()
    totals = _Totals(meter.book)
    with Gauge.open(meter.settings) as gauge:
        recording = _Recording(meter, gauge)
        for done, file in enumerate(files):
            on_file(done, len(files), file)
            try:
                reading = read(source, file, now=now, shift=shift)
            except ImportFormatError as error:
                if len(files) == 1:
                    raise
                totals.skipped.append(SkippedFile(file, str(error)))
                continue
            totals.unsettled += reading.unsettled
            totals.broken += reading.broken
            for event in reading.events:
                totals.see(event)
                recording.add(event)
        recording.finish()
        health = gauge.health()
    if totals.skipped and len(totals.skipped) == len(files):
        raise ImportFormatError(f"none of {len(files)} files is a {source} log; the first: {totals.skipped[0].reason}")
    meter.compact_if_possible()
    recorded = sum(recording.by_kind.values())
    return Imported(
        files=len(files) - len(totals.skipped),
        sessions=len(totals.sessions),
        events=totals.events,
        repeated=totals.repeated,
        recorded=recorded,
        known=max(0, totals.events - recorded - sum(health.refused.values()) - sum(health.dropped.values())),
        by_kind=dict(recording.by_kind),
        unsettled=totals.unsettled,
        broken=tuple(totals.broken),
        skipped=tuple(totals.skipped),
        refused=health.refused,
        dropped=health.dropped,
        compared=totals.compared,
        disagreements=totals.disagreements(),
    )


class _Recording:
    """Records, chunk by chunk, what the lake does not have."""

    def __init__(self, meter: Meter, gauge: Gauge) -> None:
        self._meter = meter
        self._gauge = gauge
        self._waiting: list[Event] = []
        self.by_kind: Counter[str] = Counter()

    def add(self, event: Event) -> None:
        self._waiting.append(event)
        if len(self._waiting) >= _CHUNK:
            self.finish()

    def finish(self) -> None:
        wanted = self._meter.lake.unlanded(self._waiting) if self._waiting else set()
        last = {event.source_id: event for event in self._waiting if event.source_id in wanted}
        kept = self._gauge.health().recorded
        for event in last.values():
            self._gauge.record(event)
            before, kept = kept, self._gauge.health().recorded
            self.by_kind[event.kind] += kept - before
        self._waiting.clear()


class _Totals:
    """What the logs hold, and how the costs that they state compare with our prices."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self.repeated = 0
        self._seen: set[str | None] = set()
        self.sessions: set[str | None] = set()
        self.unsettled = 0
        self.broken: list[BrokenLine] = []
        self.skipped: list[SkippedFile] = []
        self.compared = 0
        self._differing: dict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)

    def see(self, event: Event) -> None:
        self.sessions.add(event.session)
        if event.source_id in self._seen:
            self.repeated += 1
            return
        self._seen.add(event.source_id)
        if event.kind != "llm_call" or event.cost_source != "reported" or event.model is None or event.cost_usd is None:
            return
        ours = self._book.price(
            event.model, event.usage, provider=event.provider, at=event.time, tier=event.tier or "standard"
        )
        if ours is None:
            return
        self.compared += 1
        if abs(ours.usd - event.cost_usd) > TOLERANCE_USD:
            self._differing[event.model].append((event.cost_usd, ours.usd))

    @property
    def events(self) -> int:
        return len(self._seen)

    def disagreements(self) -> tuple[Disagreement, ...]:
        return tuple(
            Disagreement(
                model, len(pairs), sum((a for a, _ in pairs), Decimal(0)), sum((b for _, b in pairs), Decimal(0))
            )
            for model, pairs in sorted(self._differing.items())
        )
