"""Work on a thread that is told when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

_T = TypeVar("_T")


async def while_waited_for(request: Request, work: Callable[[threading.Event], _T]) -> _T:
    """What `work` gives. The event is set once the caller of a request, whose body has been read, has gone away."""
    given_up = threading.Event()

    async def notice() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        given_up.set()

    noticing = asyncio.ensure_future(notice())
    try:
        return await run_in_threadpool(work, given_up)
    finally:
        noticing.cancel()
