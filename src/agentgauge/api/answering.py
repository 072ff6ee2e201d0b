"""Answering a question: from the cache where it was asked of the same data before, else on a thread.

@router.get("/summary")
async def summary(request: Request, runtime: RuntimeOf, principal: Reader) -> Response:
    return await answered(request, runtime, principal, "summary", (), lambda asked: Summary(...))

An answer that is in the memory of this process is sent by the event loop itself. Everything else runs on one of a few
threads that questions have to themselves, so that slow ones keep nobody from recording, nor from what is at hand.

Browsers may keep an answer and have to ask whether it still holds (`ETag`, 304), since it holds for as long as nothing
is recorded. A request with `Cache-Control: no-cache` is answered with everything that was acknowledged before it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime

import anyio.lowlevel
import anyio.to_thread
import msgspec
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from agentgauge.engines import Engine
from agentgauge.events.plain import document, plain_time
from agentgauge.service.cache import Kept, answer_key, kept, question_key
from agentgauge.service.live import Seen
from agentgauge.service.projects import OfProjects
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal

_THREADS = 16
"""Questions of one process that are computed, or wait for Redis, at the same time."""
_limiter: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar("agentgauge questions")
_VARY = "Accept-Encoding, Authorization, Cookie, X-API-Key"


class Asked(msgspec.Struct, frozen=True):
    """What a question is computed with."""

    engine: Engine
    """Sees the projects of the principal only."""
    as_of: datetime
    """When the events were read that it sees."""
    now: datetime
    runtime: Runtime
    principal: Principal


async def answered(
    request: Request,
    runtime: Runtime,
    principal: Principal,
    name: str,
    parameters: tuple[Hashable, ...],
    compute: Callable[[Asked], object],
    *,
    topics: tuple[str, ...] = (),
    media_type: str = "application/json",
) -> Response:
    """The answer to the question `name`, one of its module's, with these parameters.

    `compute` gives a Pydantic model of `agentgauge.api`, or an answer of `agentgauge.service`, which become JSON, or
    the bytes of another `media_type`; it runs on a thread, and not at all where the same was asked of the same data.
    Parameters are what was asked for: an open end of a window is None, never now. `topics` are those of state that the
    answer depends on (`state.changes`).
    """
    key = question_key(f"{name}@{_module_of(request)}", principal.projects, parameters)
    question = _Question(runtime, principal, key, compute, await _changes(runtime, topics))
    fresh = "no-cache" in request.headers.get("cache-control", "")
    found = None if fresh else question.at_hand()
    if found is not None:
        answer, hit = found, True
    else:
        answer, hit = await anyio.to_thread.run_sync(question.answer, fresh, limiter=_own_limiter())
    runtime.figures.looked_up("hit" if hit else "miss")
    return _response(request, answer, media_type, hit=hit)


class _Question(msgspec.Struct, frozen=True):
    runtime: Runtime
    principal: Principal
    key: str
    compute: Callable[[Asked], object]
    changes: tuple[int, ...]
    """How often the topics that it depends on had changed before it was asked."""

    def at_hand(self) -> Kept | None:
        """The answer where it can be given without waiting for anything."""
        version = self.runtime.live.version_at_hand()
        return None if version is None else self.runtime.cache.at_hand(self._key_at(version))

    def answer(self, fresh: bool) -> tuple[Kept, bool]:
        """The answer, and whether it was there."""
        found = self.runtime.cache.find(self._key_at(self.runtime.live.version(fresh=fresh)))
        return (found, True) if found is not None else self.runtime.live.answer(self._of, fresh=fresh)

    def _of(self, seen: Seen) -> tuple[Kept, bool]:
        return self.runtime.cache.answer(self._key_at(seen.version), lambda: self._computed(seen))

    def _key_at(self, version: str) -> str:
        return answer_key(self.key, version, self.changes)

    def _computed(self, seen: Seen) -> Kept:
        projects, now = self.principal.projects, self.runtime.now()
        engine = seen.engine if projects is None else OfProjects(seen.engine, projects)
        answer = self.compute(Asked(engine, seen.as_of, now, self.runtime, self.principal))
        return kept(_encoded(answer), plain_time(seen.as_of), now.timestamp())


async def _changes(runtime: Runtime, topics: tuple[str, ...]) -> tuple[int, ...]:
    if not topics:
        return ()
    counts = runtime.changes.counts(topics)
    return counts if counts is not None else await run_in_threadpool(runtime.state.changes, *topics)


def _module_of(request: Request) -> str:
    """Where the question is asked, so that two modules may call different questions alike."""
    module: str = request.scope["endpoint"].__module__
    return module.removeprefix("agentgauge.api.")


def _encoded(answer: object) -> bytes:
    if isinstance(answer, bytes):
        return answer
    if isinstance(answer, BaseModel):
        return answer.model_dump_json().encode()
    return msgspec.json.encode(document(answer))


def _own_limiter() -> anyio.CapacityLimiter:
    """One per event loop."""
    try:
        return _limiter.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(_THREADS)
        _limiter.set(limiter)
        return limiter


def _response(request: Request, answer: Kept, media_type: str, *, hit: bool) -> Response:
    # Bodies that differ in a byte need tags that differ, the packed one's too.
    packed = bool(answer.packed) and "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "ETag": f'"{answer.tag}-gzip"' if packed else f'"{answer.tag}"',
        "Cache-Control": "private, no-cache",
        "Vary": _VARY,
        "Agentgauge-As-Of": answer.as_of,
        "X-Cache": "hit" if hit else "miss",
    }
    if _has(request.headers.get("if-none-match"), answer.tag):
        return Response(status_code=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(answer.packed if packed else answer.body, headers=headers, media_type=media_type)


def _has(tags: str | None, tag: str) -> bool:
    """Whether the caller has the answer, packed or not: tags as `If-None-Match` lists them."""
    if tags is None:
        return False
    own = (f'"{tag}"', f'"{tag}-gzip"')
    return tags.strip() == "*" or any(one.strip().removeprefix("W/") in own for one in tags.split(","))
