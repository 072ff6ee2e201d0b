"""Pages that take long to make: who opens one is shown what there is of it, until it is whole.

Somebody who opens a page is answered after 100 ms, once it is known that there is such a page. If it is not made by
then, it comes unfinished: with its title, its filters and its cards, each with what it held up to five minutes ago, or
empty. The page's script asks for it again at once, and that is answered when it is whole; without script the browser
opens it again by itself after a second, likewise. An unfinished page says so, and is kept by nobody.

    Cache-Control: no-cache     a browser that reloads all of it waits for the whole page
    Prefer: wait=20             so does who says how many seconds it may take (RFC 7240)

What is not opened in a browser is always whole: what scripts and programs ask for. So is what a browser comes back to
from the page itself, or a page that is never kept, as with a card that failed, would be unfinished again and again.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.datastructures import Headers

PATIENCE_SECONDS = 0.1
_LONGEST_SECONDS = 5.0
_WAIT = re.compile(r"\bwait=(\d{1,6})\b")
_under_way: set[asyncio.Task[Response]] = set()
"""What is made although it was not waited for: event loops hold tasks weakly."""
_log = logging.getLogger("agentgauge.dashboard")


def patience(request: Request) -> float | None:
    """Seconds that a page may take before it is sent unfinished; None: as long as it does."""
    headers = request.headers
    if not _is_opened(headers) or _comes_back(request) or "no-cache" in headers.get("cache-control", ""):
        return None
    preferred = _WAIT.search(headers.get("prefer", ""))
    return PATIENCE_SECONDS if preferred is None else float(preferred[1])


def _is_opened(headers: Headers) -> bool:
    """Browsers say how they ask where they trust the address: at localhost and by TLS; elsewhere they ask for TLS."""
    if (mode := headers.get("sec-fetch-mode")) is not None:
        return mode == "navigate"
    return headers.get("upgrade-insecure-requests") == "1"


def _comes_back(request: Request) -> bool:
    before = urlsplit(request.headers.get("referer", ""))
    scope = request.scope
    return (before.path.encode(), before.query.encode()) == (scope.get("raw_path", b""), scope["query_string"])


async def in_time(whole: Coroutine[Any, Any, Response], sketch: Future[bytes], seconds: float) -> Response:
    """The whole page where it is made within so many seconds, else the `sketch` of it.

    Who makes the page puts the sketch there on the way. Where there is none, another request has the page made already:
    it is whole soon, and waited for. Raises what making it raises.
    """
    made = asyncio.ensure_future(whole)
    _under_way.add(made)
    made.add_done_callback(_under_way.discard)
    await asyncio.wait({made}, timeout=seconds)
    if not made.done():
        sketched = asyncio.wrap_future(sketch)
        either: set[asyncio.Future[Any]] = {made, sketched}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not made.done():
            made.add_done_callback(_ended)
            return Response(sketched.result(), media_type="text/html", headers={"Cache-Control": "no-store"})
        sketched.cancel()
    return made.result()


async def finished() -> None:
    """Once what is made in this event loop is made, or has taken too long: what it reads is there until then."""
    own = {made for made in _under_way if made.get_loop() is asyncio.get_running_loop()}
    if own:
        await asyncio.wait(own, timeout=_LONGEST_SECONDS)


def _ended(made: asyncio.Task[Response]) -> None:
    """Whoever asks for it again meets the same failure, and is told of it."""
    if not made.cancelled() and (error := made.exception()) is not None:
        _log.info("a page that was sent unfinished could not be finished: %s", error)
