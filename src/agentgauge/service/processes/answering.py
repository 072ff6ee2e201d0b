"""One process that answers requests: uvicorn, which stops in an orderly way.

At SIGTERM or SIGINT no connection is taken any more, requests that have begun have `GRACE_SECONDS` to end, the
application closes what it holds, and the process ends with 0. A second signal ends it at once. That is not said to
lose anything: what was acknowledged is on the disk already.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn

from agentgauge.service.processes.grace import CLOSING_SECONDS, ENDED_AT_ONCE, GRACE_SECONDS
from agentgauge.service.processes.heads import BoundedHeads
from agentgauge.service.processes.web import Web

_YOUNG_OBJECTS = 20_000
"""New objects that make the collector look at the new ones; by itself it does at 700."""


def answer(
    application: Any,
    listening: socket.socket,
    web: Web,
    *,
    ready: Callable[[], object],
    stopping: Callable[[], object] = lambda: None,
    lifeline: int | None = None,
) -> int:
    """Answer requests until a signal, and return the exit code.

    `ready` is called once requests are answered. With `lifeline`, a descriptor that becomes readable when the process
    that watches ends, this one is a worker: it ends then, and leaves Ctrl-C to the other.
    """
    config = uvicorn.Config(
        application,
        http=BoundedHeads,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,  # a layer of the application reads them, where a proxy is trusted
        root_path=web.root_path,
        ssl_certfile=web.certificate,
        ssl_keyfile=web.key,
        timeout_graceful_shutdown=GRACE_SECONDS,
        workers=1,
    )
    server = _Server(config, ready, stopping, lifeline)
    try:
        server.run(sockets=[listening])
    finally:
        server.finished()
    return 0


def _spare_the_collector() -> None:
    """Let the garbage collector pass over what the program itself is made of, and look less often.

    A request of spans makes and drops as many objects as the whole program has: the collector then went through all of
    them again and again, which took a third of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 50)


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], object],
        stopping: Callable[[], object],
        lifeline: int | None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping
        self._lifeline = lifeline
        self._last_resort = threading.Timer(GRACE_SECONDS + CLOSING_SECONDS, os._exit, (ENDED_AT_ONCE,))
        self._last_resort.daemon = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _spare_the_collector()
        if self._lifeline is not None:
            asyncio.get_running_loop().add_reader(self._lifeline, self._orphaned)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike uvicorn's own, does not raise the signal again at the end: an orderly stop is a success."""
        previous = {signal.SIGTERM: signal.signal(signal.SIGTERM, self.handle_exit)}
        previous[signal.SIGINT] = signal.signal(
            signal.SIGINT, self.handle_exit if self._lifeline is None else signal.SIG_IGN
        )
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            self._stop()
        elif self._lifeline is None:
            os._exit(ENDED_AT_ONCE)
        # A worker may be told by who watches and by who stops a whole group of processes.

    def _stop(self) -> None:
        self.should_exit = True
        self._last_resort.start()
        self._stopping()

    def _orphaned(self) -> None:
        assert self._lifeline is not None
        asyncio.get_running_loop().remove_reader(self._lifeline)
        if not self.should_exit:
            self._stop()

    def finished(self) -> None:
        self._last_resort.cancel()
