"""An event loop for what runs one and leaves it: pydantic-ai, which keeps it for the thread's next run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def a_loop() -> Iterator[None]:
    """The thread's loop inside; none is left behind, which would be warned of in some later test."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()
