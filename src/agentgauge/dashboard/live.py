"""`/live`: tells open pages that there is something new, as server-sent events.

    retry: 2000
    event: now          what there is when somebody begins to listen
    data: {"version": "1f0c..."}

    event: changed      something changed: a page asks for itself again, with the tag of what it has
    data: {"version": "9b2e..."}

It says that something changed, and not what: whoever sees one project learns no more of the others. Every process has
one watcher, however many listen, which looks once a second while somebody does: at the version of the data and at the
counts of the topics of state. What changed is said once more when all processes must have noticed, since a page may be
asked of another one, whose snapshot is some seconds older.

Who listens is asked again with each heartbeat whether they still may. Streams end when the process is told to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from hashlib import blake2b

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from agentgauge.api.access import Reader, RuntimeOf, principal_of
from agentgauge.dashboard.pages import PAGES
from agentgauge.errors import AgentGaugeError
from agentgauge.service.live.events import OLDEST_SECONDS
from agentgauge.service.runtime import Runtime

PATH = "/live"
MOST_LISTENERS = 200
"""Of one process; each holds a connection and some kilobytes."""
_TICKS, _TICK_SECONDS = 4, 0.25
"""A look every so many ticks; whether the process is to end is seen at each."""
_SAID_AGAIN_SECONDS = OLDEST_SECONDS + 1
_HEARTBEAT_SECONDS = 15.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_log = logging.getLogger("agentgauge.dashboard")

router = APIRouter(include_in_schema=False)


class Watch:
    """Of one process; for its event loop alone."""

    def __init__(self, runtime: Runtime, topics: tuple[str, ...]) -> None:
        self._runtime = runtime
        self._topics = topics
        self._version = ""
        self._turn = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.listeners = 0
        self.looks = 0
        """How often it looked, since the process began."""

    async def listen(self) -> AsyncGenerator[str | None, None]:
        """The version that there is, then each that comes; None as a heartbeat. Ends when the process is to."""
        self.listeners += 1
        try:
            version = await self._look()
            if self._task is None:
                self._version, self._task = version, asyncio.create_task(self._watch())
            turn = self._turn  # before it is said: what changes while a slow reader takes it is not missed
            yield version
            while not self._runtime.stopping.is_set():
                try:
                    async with asyncio.timeout(_HEARTBEAT_SECONDS):
                        await turn.wait()
                except TimeoutError:
                    yield None
                else:
                    turn = self._turn
                    if not self._runtime.stopping.is_set():
                        yield self._version
        finally:
            self.listeners -= 1

    async def _watch(self) -> None:
        quiet: float | None = None  # seconds since what changed was said; None: it was said again
        try:
            while self.listeners:
                for _ in range(_TICKS):
                    await asyncio.sleep(_TICK_SECONDS)
                    if self._runtime.stopping.is_set():
                        return
                version = await self._look()
                quiet = None if quiet is None else quiet + _TICKS * _TICK_SECONDS
                if version != self._version:
                    self._version, quiet = version, 0.0
                elif quiet is None or quiet < _SAID_AGAIN_SECONDS:
                    continue
                else:
                    quiet = None
                self._wake()
        finally:
            self._task = None
            self._wake()

    def _wake(self) -> None:
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()

    async def _look(self) -> str:
        """A name of what there is to see; the one before where that cannot be told, which pages say themselves."""
        self.looks += 1
        runtime = self._runtime
        try:
            data = runtime.live.version_at_hand() or await run_in_threadpool(runtime.live.version)
            counts = runtime.changes.counts(self._topics)
            if counts is None:
                counts = await run_in_threadpool(runtime.state.changes, *self._topics)
        except AgentGaugeError as error:
            _log.warning("whether there is anything new cannot be told: %s", error)
            return self._version
        except Exception:  # noqa: BLE001 - whatever it is, who listens is told of what comes after it
            _log.error("whether there is anything new cannot be told", exc_info=True)
            return self._version
        return blake2b(msgspec.json.encode([data, counts]), digest_size=8).hexdigest()


@router.get(PATH)
async def live(request: Request, runtime: RuntimeOf, principal: Reader) -> Response:
    watch = watch_of(request, runtime)
    if watch.listeners >= MOST_LISTENERS:
        raise HTTPException(
            503,
            f"{MOST_LISTENERS} pages are kept up to date already, which is all that one process does: load the page "
            "again to see what is new, or start the server with more --workers",
            {"Retry-After": "30"},
        )
    return StreamingResponse(_events(request, watch), media_type="text/event-stream", headers=_HEADERS)


def watch_of(request: Request, runtime: Runtime) -> Watch:
    found: Watch | None = getattr(request.app.state, "watch", None)
    if found is None:
        topics = tuple(sorted({topic for page in PAGES for topic in page.topics}))
        found = request.app.state.watch = Watch(runtime, topics)
    return found


async def _events(request: Request, watch: Watch) -> AsyncGenerator[str, None]:
    name = "now"
    yield "retry: 2000\n\n"
    async with aclosing(watch.listen()) as versions:
        async for version in versions:
            if version is not None:
                yield f'event: {name}\ndata: {{"version": "{version}"}}\n\n'
                name = "changed"
                continue
            try:
                await principal_of(request)
            except HTTPException:
                return  # who comes back is asked to sign in
            yield ": still here\n\n"
