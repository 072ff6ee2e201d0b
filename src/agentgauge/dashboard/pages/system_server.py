"""The server itself, on `/system`: journal and lake, cache, jobs, database, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from agentgauge.dashboard.content import Content, Facts, Note, Own, Sentence
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.system_acts import EMPTY_CACHE, RUN_JOB
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import short_wording
from agentgauge.service.doctor import Diagnosis
from agentgauge.service.jobs.leading import LEASE
from agentgauge.service.jobs.overview import JobState, job_states, missed_runs
from agentgauge.service.lake_size import lake_sizes
from agentgauge.service.system import System, system
from agentgauge.service.wording import NOTHING, count_of, size
from agentgauge.state.leases import LeaseBook

_MILLISECOND = timedelta(milliseconds=1)
_TONES: dict[str, Literal["good", "warn", "bad"]] = {
    "succeeded": "good", "running": "warn", "failed": "bad", "abandoned": "bad",
}  # fmt: skip


def whole(asked: PageAsked) -> System:
    """Everything about the server, looked at once for all cards."""
    return asked.once("system", lambda: system(asked.runtime))


def diagnosis(asked: PageAsked) -> Diagnosis:
    return whole(asked).home


def server(asked: PageAsked) -> Iterator[Content]:
    found = whole(asked)
    ready = found.readiness
    for part, state in (("journal", ready.journal), ("database", ready.state), ("lake", ready.lake)):
        if state != "ok":
            yield Sentence(text=f"The {part}: {state}", tone="bad")
    if ready.is_ready:
        yield Sentence(text="Journal, database and lake are in order.", tone="good")
    up = short_wording.duration((asked.now - found.server.started) / _MILLISECOND)
    workers = found.server.workers
    lease = LeaseBook(asked.runtime.state).held(LEASE)
    leader = "nobody" if lease is None else lease.holder if asked.may_act else "a process"
    rows = [
        ("Version", f"{found.home.version}, Python {found.home.python}"),
        ("Runs for", f"{up}, in {workers} process{'' if workers == 1 else 'es'}"),
        ("Database", f"{found.state.database}, schema {found.state.schema_version} of {found.state.needed_version}"),
        ("Jobs", f"run by {leader}" if lease is not None else "run by nobody now"),
        ("Prices", found.home.price_book),
    ]
    if asked.may_act:
        rows.append(("Home", found.home.home))
    yield Facts(tuple(rows))


def storage(asked: PageAsked) -> Iterator[Content]:
    home = diagnosis(asked)
    live = sum(segment.live for segment in home.segments)
    days = asked.runtime.settings.retention_days
    rows = [
        ("Journal", f"{count_of(len(home.segments), 'segment')}, {live} being written"),
        ("Its size", f"{size(home.journal_bytes)} of at most {size(home.journal_limit_bytes)}"),
        ("Free on the disk", size(home.free_bytes)),
        ("Raw events are kept", f"{count_of(days, 'day')} from their arrival" if days else "for ever"),
    ]
    shipping = home.forwarding
    if shipping is not None and shipping.since is not None:
        where = shipping.endpoint if asked.may_act else "a server"
        rows.append(
            ("Ships to", f"{where or 'nobody any more'}: {shipping.sent_events:,} sent, {shipping.waiting} wait")
        )
    yield Facts(tuple(rows))
    columns = (
        Column(key="table", title="Table of the lake", kind="name"),
        Column(key="rows", title="Rows", kind="count"),
        Column(key="files", title="Files", kind="count"),
        Column(key="size", title="Size", sorts=False),
        Column(key="bytes", title="Bytes", kind="count", narrow=False),
        Column(key="version", title="Version", kind="count", narrow=False),
    )
    sizes = tuple(
        Row(
            values={
                "table": table.name, "rows": table.rows, "files": table.files, "size": size(table.bytes),
                "bytes": table.bytes, "version": table.version,
            }
        )
        for table in lake_sizes(asked.runtime.settings.recording.home)
    )  # fmt: skip
    yield Table(
        columns=columns, rows=sizes, caption="Tables of the lake",
        empty="Nothing is in the lake yet: what is recorded lands there within a minute.",
    )  # fmt: skip


def cache(asked: PageAsked) -> Iterator[Content]:
    found = whole(asked).cache
    asked_for = found.hits + found.misses
    shared = {None: "in the process", True: "Redis, which answers", False: "Redis, which does not answer"}[found.shared]
    if found.shared is False:
        yield Sentence(text="Redis does not answer: each process keeps answers of its own meanwhile.", tone="warn")
    yield Facts(
        (
            ("Found there", short_wording.percent(found.hits / asked_for) if asked_for else NOTHING),
            ("Asked for", f"{asked_for:,}"),
            ("Kept now", f"{count_of(found.entries, 'answer')}, {size(found.bytes)}"),
            ("Dropped for room", f"{found.evictions:,}"),
            ("Kept where", shared),
            ("Failures", f"{found.failures:,}"),
        )
    )
    yield Note("Of the process that answered, since it began.")
    if asked.may_act:
        yield Own(template="system/cache.html", values={"empty": EMPTY_CACHE})


def jobs(asked: PageAsked) -> Iterator[Content]:
    states = job_states(asked.runtime.state, asked.now)
    missed = missed_runs(states, asked.now)
    if not whole(asked).server.runs_jobs:
        yield Note("This process runs no jobs: another one of the same home or database does, or nobody.")
    rows = tuple(_job(state, missed[state.name]) for state in states)
    columns = (
        Column(key="job", title="Job", kind="name"),
        Column(key="does", title="Does"),
        Column(key="every", title="Every"),
        Column(key="last", title="Last run", kind="time"),
        Column(key="took", title="Took", kind="duration"),
        Column(key="status", title="State", kind="status"),
        Column(key="result", title="What came of it"),
        Column(key="next", title="Due next", kind="time"),
        Column(key="missed", title="Missed", kind="count"),
    )
    table = Table(columns=columns, rows=rows, caption="Jobs")
    yield Own(template="system/jobs.html", values={"rows": rows, "run": RUN_JOB}, table=table)


def _job(state: JobState, missed: int) -> Row:
    run = state.last
    status = "never ran" if run is None else run.status
    return Row(
        values={
            "job": state.name, "does": state.does, "every": state.every, "last": None if run is None else run.started,
            "took": None if state.took is None else state.took / _MILLISECOND, "status": status,
            "result": "" if run is None else run.result or run.error, "next": state.next_due, "missed": missed,
        },
        tones={"status": _TONES[status]} if status in _TONES else {},
    )  # fmt: skip
