"""What a run's events add up to, kept up to date by one `apply(event)` per event.

The collector applies what it records, recovery what it reads back from the stream, in whatever order events of one
time come; both see the same. Nothing grows without bound: sums are over everything, and of agents, pipelines, cycles
and errors the newest are kept (`MOST_*`, per issue), of issues the newest of those that have ended. `runs.views`
makes the models that are shown. What comes late for an issue that was let go counts in the run, and shows the issue
anew with that alone.

Applying takes about 2 us. Not safe for threads: the collector sees to that.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Generic, TypeVar

from agentgauge.events import Event, marks
from agentgauge.runs import entries
from agentgauge.runs.attribution import Attribution
from agentgauge.runs.lifecycle import Lifecycle
from agentgauge.runs.tallies import Key, Newest, Share

MOST_AGENTS = MOST_CYCLES = MOST_PIPELINES = MOST_ERRORS = 200
MOST_ISSUES = 500
MOST_OPEN = 5000
_MOST_EARLY = 1024

L = TypeVar("L", bound=Lifecycle)


class Recent(Generic[L]):
    """Things by id: those that are open, and the newest `most` of those that have ended.

    Of more than `MOST_OPEN` that never end, the one known longest is let go.
    """

    def __init__(self, make: Callable[[], L], most: int, let_go: Callable[[str, L], None]) -> None:
        self.by_id: dict[str, L] = {}
        self._make = make
        self._most = most
        self._let_go = let_go
        self._ends: list[tuple[Key, str]] = []

    def of(self, name: str) -> L:
        thing = self.by_id.get(name)
        if thing is None:
            thing = self.by_id[name] = self._make()
            if len(self.by_id) > MOST_OPEN + self._most:
                oldest = next(iter(self.by_id))
                self._let_go(oldest, self.by_id.pop(oldest))
        return thing

    def ended(self, name: str) -> None:
        """It has ended; the one that ended first is let go where there are too many."""
        key = self.by_id[name].end_key
        if key is None:
            return
        heappush(self._ends, (key, name))
        while len(self._ends) > self._most:
            key, name = heappop(self._ends)
            oldest = self.by_id.get(name)
            if oldest is not None and oldest.end_key == key:
                del self.by_id[name]
                self._let_go(name, oldest)


class Execution(Lifecycle):
    """One execution of an agent."""

    __slots__ = ("share",)

    def __init__(self) -> None:
        super().__init__()
        self.share = Share()


class Work:
    """What was done on one issue, or outside any."""

    def __init__(self, attribution: Attribution) -> None:
        self._attribution = attribution
        self.share = Share()
        self.agents = Recent(Execution, MOST_AGENTS, self._let_agent_go)
        self.cycles = Recent(Lifecycle, MOST_CYCLES, self._let_cycle_go)
        self.pipelines = Newest(MOST_PIPELINES)
        self.errors = Newest(MOST_ERRORS)
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Counter[str]:
        """`agents`, `failed_agents`, `cycles`, `pipelines`, `failed_pipelines`, `errors`: all there were."""
        agents = self.agents.by_id.values()
        counts = Counter(
            agents=len(agents),
            failed_agents=sum(1 for agent in agents if _failed(agent)),
            cycles=len(self.cycles.by_id),
            pipelines=self.pipelines.count,
            failed_pipelines=self.pipelines.failures,
            errors=self.errors.count,
        )
        counts.update(self._counts)
        return counts

    def _let_agent_go(self, span: str, agent: Execution) -> None:
        self._attribution.forget(span)
        self._counts["agents"] += 1
        self._counts["failed_agents"] += _failed(agent)

    def _let_cycle_go(self, span: str, cycle: Lifecycle) -> None:
        self._counts["cycles"] += 1


class Issue(Lifecycle):
    __slots__ = ("work",)

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work


class RunFold:
    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.project: str | None = None
        self.life = Lifecycle()
        self._attribution = Attribution()
        self.outside = Work(self._attribution)
        """What was done outside any issue."""
        self.issues = Recent(lambda: Issue(Work(self._attribution)), MOST_ISSUES, self._let_issue_go)
        self.tools: dict[str, Event] = {}
        """The starts of tool calls that have not ended, by span."""
        self._early: OrderedDict[str, None] = OrderedDict()
        self._let_go: Counter[str] = Counter()
        self._done = Share()
        """What was done in issues that were let go."""
        self._statuses: Counter[str] = Counter()
        self._applied: dict[str, Callable[[Event, Work], None]] = {
            "task": self._task,
            "tool_call": self._tool_call,
            "pipeline": lambda event, work: work.pipelines.add(event),
            "error": lambda event, work: work.errors.add(event),
            "debugging_cycle": self._cycle_end,
        }
        self._marked: dict[str | None, Callable[[Event, Work], None]] = {
            marks.RUN_START: lambda event, _: self.life.start(event),
            marks.RUN_END: lambda event, _: self.life.end(event),
            marks.ISSUE_START: self._issue_start,
            marks.ISSUE_END: self._issue_end,
            marks.AGENT_START: self._agent_start,
            marks.TOOL_START: self._tool_start,
            marks.DEBUGGING_START: self._cycle_start,
        }

    def apply(self, event: Event) -> None:
        """Take one event in. Those of other runs are nothing to this one."""
        if event.run != self.run_id:
            return
        self._belongs_to(event.project)
        work = self.outside if event.issue is None else self.issues.of(event.issue).work
        take = self._marked.get(event.name) if event.kind == "mark" else self._applied.get(event.kind)
        if take is not None:
            take(event, work)
        work.share.add(event)
        if event.parent_id is not None and (of_agent := self._attribution.share(event.parent_id)) is not None:
            of_agent.add(event)

    def apply_share(self, share: Share, issue: str | None, parent: str | None, project: str | None) -> None:
        """Take in what several events of the run add up to, all of one issue, parent and project."""
        self._belongs_to(project)
        work = self.outside if issue is None else self.issues.of(issue).work
        work.share.merge(share)
        if parent is not None and (of_agent := self._attribution.share(parent)) is not None:
            of_agent.merge(share)

    def _belongs_to(self, project: str | None) -> None:
        """Of several projects, the first in the alphabet."""
        if project is not None and (self.project is None or project < self.project):
            self.project = project

    @property
    def share(self) -> Share:
        """All that was done in the run."""
        whole = Share()
        for part in (self._done, self.outside.share, *(issue.work.share for issue in self.issues.by_id.values())):
            whole.merge(part)
        return whole

    @property
    def statuses(self) -> Counter[str]:
        """How many issues stand where."""
        return self._statuses + Counter(str(issue.status) for issue in self.issues.by_id.values())

    @property
    def counts(self) -> Counter[str]:
        """As `Work.counts`, over the whole run."""
        total = self._let_go + self.outside.counts
        for issue in self.issues.by_id.values():
            total.update(issue.work.counts)
        return total

    # Issues

    def _issue_start(self, event: Event, work: Work) -> None:
        if event.issue is not None:
            self.issues.of(event.issue).start(event)

    def _issue_end(self, event: Event, work: Work) -> None:
        if event.issue is not None:
            self.issues.of(event.issue).end(event)
            self.issues.ended(event.issue)

    def _let_issue_go(self, name: str, issue: Issue) -> None:
        self._statuses[str(issue.status)] += 1
        self._done.merge(issue.work.share)
        self._let_go.update(issue.work.counts)
        for span in issue.work.agents.by_id:
            self._attribution.forget(span)

    # Agents

    def _agent_start(self, event: Event, work: Work) -> None:
        if event.span_id is not None:
            agent = work.agents.of(event.span_id)
            agent.start(event)
            agent.share.touch(event.time)
            self._attribution.agent(event.span_id, agent.share)

    def _task(self, event: Event, work: Work) -> None:
        if event.span_id is None:
            return
        if entries.stated(event, "attempt") is None and event.span_id not in work.agents.by_id:
            self._attribution.inside(event.span_id, event.parent_id)
            return
        agent = work.agents.of(event.span_id)
        agent.end(event)
        self._attribution.agent(event.span_id, agent.share)
        work.agents.ended(event.span_id)

    # Tools

    def _tool_start(self, event: Event, work: Work) -> None:
        if event.span_id is None:
            return
        self._attribution.inside(event.span_id, event.parent_id)
        if event.span_id in self._early:
            del self._early[event.span_id]
        else:
            self.tools[event.span_id] = event
            if len(self.tools) > MOST_OPEN:
                del self.tools[next(iter(self.tools))]

    def _tool_call(self, event: Event, work: Work) -> None:
        if event.span_id is None:
            return
        self._attribution.inside(event.span_id, event.parent_id)
        if self.tools.pop(event.span_id, None) is None:
            self._early[event.span_id] = None
            if len(self._early) > _MOST_EARLY:
                self._early.popitem(last=False)

    # Debugging

    def _cycle_start(self, event: Event, work: Work) -> None:
        if event.span_id is not None:
            work.cycles.of(event.span_id).start(event)

    def _cycle_end(self, event: Event, work: Work) -> None:
        if event.span_id is not None:
            work.cycles.of(event.span_id).end(event)
            work.cycles.ended(event.span_id)


def _failed(agent: Execution) -> bool:
    return agent.ended is not None and agent.ended.success is False
