"""A server that is always found at the same address, whoever kills it; and programs that race, of which each says
what it spent.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TypeVar

import pytest

from agentgauge.errors import ServerUnreachable, StateError
from agentgauge.policies.budgets.remote import RemoteAccounts
from agentgauge.server_client import ServerClient
from tests.forwarding.shipping import forward, segments
from tests.servers.ports import free_port
from tests.servers.serving import Served, served

Said = Decimal | str
"""What a call cost; or why a program ended."""
T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """A server that is always found at the same address."""

    home: Path
    port: int
    workers: int
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def served(self) -> Iterator[Served]:
        options = ("--port", str(self.port), "--workers", str(self.workers), "--no-jobs")
        with (
            (self.home / "log").open("a") as log,
            served(self.home, *options, environment=self.environment, errors=log) as server,
        ):
            yield server


def site_of(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Of a kind such as `SQLite, 2 workers`."""
    database, workers = kind.split(", ")
    environment = (
        {"AGENTGAUGE_DATABASE_URL": request.getfixturevalue("postgres_url")} if database == "PostgreSQL" else {}
    )
    home = tmp_path / "server"
    home.mkdir()
    return Site(home, free_port(), int(workers[0]), environment)


def of(url: str) -> RemoteAccounts:
    return RemoteAccounts(ServerClient(url))


def answered(url: str, ask: Callable[[RemoteAccounts], T], accounts: RemoteAccounts | None = None) -> T:
    """Of a server that is away for a while, or busy. Who was not answered would leave it alone for long: another asks
    then.
    """
    pause, until = threading.Event(), time.monotonic() + 120
    while True:
        try:
            return ask(accounts or of(url))
        except (ServerUnreachable, StateError):
            if time.monotonic() > until:
                raise
            accounts = None
            pause.wait(0.02)


def ship(homes: Sequence[Path], url: str) -> None:
    """What programs recorded and could not send before they ended."""
    for home in homes:
        if segments(home):
            forward(home, url)


@contextmanager
def racing(program: Callable[..., None], homes: Sequence[Path], *arguments: object) -> Iterator[Iterator[Said]]:
    """What programs say that run at once, as they do: each is given its home, the arguments and a pipe, and ends after
    it has said a text.
    """
    context = multiprocessing.get_context("spawn")
    racers: list[tuple[SpawnProcess, Pipe]] = []
    for home in homes:
        hear, tell = context.Pipe(duplex=False)
        racer = context.Process(target=program, args=(home, *arguments, tell))
        racer.start()
        tell.close()
        racers.append((racer, hear))

    def said() -> Iterator[Said]:
        running = [hear for _, hear in racers]
        while running:
            ready = wait(running, 120)
            assert ready, "nobody gets on"
            for hear in ready:
                assert isinstance(hear, Pipe)
                word = hear.recv()
                if isinstance(word, str):
                    running.remove(hear)
                yield word

    try:
        yield said()
    finally:
        for racer, hear in racers:
            hear.close()
            racer.join(60)
            if racer.exitcode is None:
                racer.kill()
                racer.join()
    assert [racer.exitcode for racer, _ in racers] == [0] * len(homes)
