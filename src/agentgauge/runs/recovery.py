"""What a crash left open: runs are rebuilt from the stream, and what nobody can end any more is ended.

An end that recovery records is an ordinary event, at the time of the last thing known of what it ends, with a
`source_id` made from the identity of its start: recorded twice, by two processes or after another crash, it lands
once. What belongs to a process that lives is left alone, which is told by the locks of its journal segments.

Reading a run back takes about a tenth of a second; nothing here is called by a verb that records.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from agentgauge.errors import AgentGaugeError, QueryError
from agentgauge.events import Event, fields, marks
from agentgauge.events.event import to_micros
from agentgauge.interruption import is_interruption
from agentgauge.journal.losses import warn
from agentgauge.recorder import Gauge, Place
from agentgauge.runs import entries, open_runs
from agentgauge.runs.fold import RunFold, Work
from agentgauge.runs.lifecycle import Lifecycle
from agentgauge.runs.stream import RunStream, events_of, is_open_here
from agentgauge.runs.words import OUTCOMES, Status

if TYPE_CHECKING:
    from agentgauge.runs.run_files import Storage


class Recovered(NamedTuple):
    executions: list[tuple[str | None, str, int]]
    """Issue, agent type and number of each agent execution that there was, by number."""
    is_complete: bool
    """Every end that was missing has been recorded."""


def recover(stream: RunStream) -> Recovered:
    """Fill a stream's view from what was recorded of its run, and end what was left open.

    Raises `QueryError` where nothing was.
    """
    if not stream.apply(events_of(stream.gauge, stream.run_id)):
        raise QueryError(f"no run {stream.run_id!r} is recorded here; agentgauge report --by run names those that are")
    ends = _Ends(stream)
    ends.record()
    executions = [
        (issue, agent.started or agent.ended)
        for issue, work in _works(stream.fold)
        for agent in work.agents.by_id.values()
    ]
    numbered = [
        (issue, event.agent, entries.stated_whole(event, "attempt", 1))
        for issue, event in executions
        if event is not None and event.agent is not None
    ]
    return Recovered(sorted(numbered, key=lambda execution: execution[2]), ends.is_complete)


def _works(fold: RunFold) -> list[tuple[str | None, Work]]:
    return [(None, fold.outside), *((name, issue.work) for name, issue in fold.issues.by_id.items())]


class _Ends:
    """Ends for what a run has open whose process is gone: the innermost first."""

    def __init__(self, stream: RunStream) -> None:
        self._stream = stream
        self._fold = stream.fold
        sink = stream.gauge.sink
        ours = set() if sink is None else {open_runs.series_of(sink.segment_id)}
        others = open_runs.living(stream.gauge) - ours
        self.is_complete = True
        self._living = others | ours if is_open_here(stream.run_id, stream.gauge) else others

    def record(self) -> None:
        fold = self._fold
        agents = {span: agent for _, work in _works(fold) for span, agent in work.agents.by_id.items()}
        last = {span: agent.share.last for span, agent in agents.items()}
        for span in sorted(
            agents, key=lambda span: _start_of(agents[span]), reverse=True
        ):  # the inner before the outer
            event, moment = agents[span].started, last[span]
            outer = None if event is None else event.parent_id
            if outer in last and moment is not None:
                last[outer] = max(last[outer] or moment, moment)
        for tool in list(fold.tools.values()):
            self._end("tool_call", tool, entries.stated(tool, "tool") or "tool", tool.time)
        for span, agent in agents.items():
            self._end_open("task", agent, None, last[span])
        for _, work in _works(fold):
            for cycle in list(work.cycles.by_id.values()):
                self._end_open("debugging_cycle", cycle, "debugging", work.share.last)
        for issue in list(fold.issues.by_id.values()):
            self._end_open("mark", issue, marks.ISSUE_END, issue.work.share.last)
        self._end_open("mark", fold.life, marks.RUN_END, fold.share.last)
        self._stream.settle()

    def _end_open(self, kind: str, life: Lifecycle, name: str | None, last: datetime | None) -> None:
        started = life.started
        if started is not None and life.is_open:
            self._end(kind, started, name or started.agent or "agent", last or started.time)

    def _end(self, kind: str, started: Event, name: str, last: datetime) -> None:
        """Record the end of what `started` began, unless its process lives."""
        if started.segment is None or open_runs.series_of(started.segment) in self._living:
            return
        values: dict[str, object] = {
            "name": name,
            "outcome": OUTCOMES[Status.INTERRUPTED],
            "duration_ms": (to_micros(last) - to_micros(started.time)) / 1000,
            "source_id": f"interrupted/{started.segment}/{started.n}",
        }
        numbers = entries.own(started, "attempt", "number")
        attributes = entries.attributes(None, status=str(Status.INTERRUPTED), **numbers)
        scope = {name: value for name in fields.SCOPE_NAMES if (value := getattr(started, name)) is not None}
        ids = {name: scope.pop(name) for name in fields.ID_NAMES if name in scope}
        if self._stream.keep(kind, values, attributes, Place(scope), ids, at=last) is None:
            self.is_complete = False


def _start_of(life: Lifecycle) -> float:
    return 0.0 if life.first is None else life.first.time.timestamp()


# The next start


def recover_left_behind(gauge: Gauge, storage: Storage | None = None) -> list[str]:
    """Finalize, as interrupted, all runs that processes of this machine which are gone left open in the gauge's home.

    With `storage` their files are written. Returns their ids. Raises `LakeError` where the home cannot be read.
    """
    return list(_recover_each(gauge, storage))


def _recover_each(gauge: Gauge, storage: Storage | None) -> Iterator[str]:
    from agentgauge.runs.collector import MetricsCollector  # which begins with this

    for left in open_runs.left_behind(gauge):
        if left.run is not None:
            try:
                collector = MetricsCollector.recover(left.run, gauge=gauge, storage=storage)
            except QueryError:  # its events were forgotten, or never reached the disk
                open_runs.remove(left.note)
                continue
            if not (collector.is_complete and gauge.flush()):
                continue  # a full disk, or the gauge was closed: the note stays for the next start
        open_runs.remove(left.note)
        if left.run is not None:
            yield left.run


def start_in_background(gauge: Gauge, storage: Storage | None) -> threading.Thread | None:
    """`recover_left_behind` in a thread, where there is anything to look at; it logs what goes wrong.

    The thread is waited for when the program ends, as long as it takes for the run that it is at: half a second at the
    most. Those that remain are for the next start.
    """
    if not open_runs.others(gauge):
        return None
    thread = threading.Thread(target=_recover_quietly, args=(gauge, storage), name="agentgauge-recovery")
    try:
        thread.start()
    except RuntimeError:  # no thread to be had, or the program is ending: the next start does it
        return None
    return thread


def _recover_quietly(gauge: Gauge, storage: Storage | None) -> None:
    try:
        for _ in _recover_each(gauge, storage):
            if not threading.main_thread().is_alive():
                return
    except Exception as error:  # whatever it is, the notes are still there for the next start
        if is_interruption(error):
            raise
        advice = "" if isinstance(error, AgentGaugeError) else f" ({type(error).__name__})"
        warn("runs left open are not finalized yet: %s%s", error, advice)
