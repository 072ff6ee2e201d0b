"""Holding a lease while something goes on: renewed in the background, let go at the end."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from agentgauge.errors import StateError
from agentgauge.state.leases import Lease, LeaseBook

LEASE_SECONDS = 60.0
RENEWED_EVERY_SECONDS = 15.0
_log = logging.getLogger("agentgauge.jobs")


def holder() -> str:
    """A name for this process that no other has, one before a restart included."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@contextmanager
def held(
    book: LeaseBook, name: str, holder: str, on_loss: Callable[[], object] = lambda: None
) -> Iterator[Lease | None]:
    """The lease, or None where another process has it. `on_loss` is called, on another thread, where it could not be
    renewed and may be another's by now. Raises `StateError` where the database cannot be asked.
    """
    lease = book.take(name, holder, LEASE_SECONDS)
    if lease is None:
        yield None
        return
    ended = threading.Event()
    renewing = threading.Thread(
        target=_renew, args=(book, lease, ended, on_loss), name=f"agentgauge-lease-{name}", daemon=True
    )
    renewing.start()
    try:
        yield lease
    finally:
        ended.set()
        renewing.join()
        with suppress(StateError):  # it ends by itself
            book.release(lease)


def _renew(book: LeaseBook, lease: Lease, ended: threading.Event, on_loss: Callable[[], object]) -> None:
    failures = 0
    while not ended.wait(RENEWED_EVERY_SECONDS):
        try:
            renewed = book.renew(lease, LEASE_SECONDS)
        except StateError as error:
            failures += 1
            _log.warning("the lease %s could not be renewed: %s", lease.name, error)
            if failures * RENEWED_EVERY_SECONDS < LEASE_SECONDS - RENEWED_EVERY_SECONDS:
                continue
            renewed = None
        if renewed is None:
            on_loss()
            return
        failures = 0
