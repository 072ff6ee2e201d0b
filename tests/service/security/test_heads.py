"""What anybody may send before anybody asks who it is: the head of a request, on a server of its own process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from agentgauge.service.processes.heads import HEAD_SECONDS, MOST_BYTES, BoundedHeads
from tests.servers.serving import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("home"), "--no-jobs") as running:
        yield running


def _answer(server: Served, *parts: bytes) -> bytes:
    """What is answered until the server hangs up, or sends nothing more."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has said so already
        return _received(connection)


def _received(connection: socket.socket) -> bytes:
    said = b""
    try:
        while read := connection.recv(1 << 16):
            said += read
    except ConnectionResetError:
        pass  # it did not wait for the rest
    return said


START = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n \r\n0\r\n"


@pytest.mark.parametrize(
    ("before", "part"),
    [
        (b"GET /healthz?", b"a"),
        (START + b"X-Long: ", b"a"),
        (START, b"X-Many: a\r\n"),
        (POST + b"X-Trailer: ", b"a"),
    ],
    ids=["address", "header", "headers", "trailer"],
)
def test_a_head_without_end_is_cut(before: bytes, part: bytes, server: Served) -> None:
    chunk = part * (MOST_BYTES // len(part))
    said = _answer(server, before, *[chunk] * 64)
    assert b"HTTP/1.1 200" not in said
    assert _answer(server, START + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_long_bodies_in_small_parts_are_no_heads(server: Served) -> None:
    head = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    span_free = b'{"resourceSpans": [' + b" " * (4 * MOST_BYTES) + b"]}"
    parts = [b"%x\r\n%b\r\n" % (len(part), part) for part in (span_free[n : n + 1000] for n in
             range(0, len(span_free), 1000))]  # fmt: skip
    said = _answer(server, head + b"Transfer-Encoding: chunked\r\n\r\n", *parts, b"0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200"), said


def test_nothing_is_upgraded_to_a_web_socket(server: Served) -> None:
    """It would be a way in beside the one that everything is checked on."""
    upgrade = (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(START + upgrade)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_who_does_not_say_what_they_ask_is_hung_up_on() -> None:
    """By the clock of a loop that the test turns: a connection, and a second request of it."""
    loop, transport = _Loop(), _Transport()
    connection = BoundedHeads(Config(lambda: None), ServerState(), {}, _loop=loop)  # type: ignore[arg-type]
    connection.connection_made(transport)  # type: ignore[arg-type]
    connection.data_received(b"GET / HTTP/1.1\r\nHost:")
    loop.turn(HEAD_SECONDS - 1)
    assert not transport.closed
    loop.turn(1)
    assert transport.closed


class _Transport(asyncio.Transport):
    closed = False

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class _Loop:
    """Timers alone."""

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[tuple[float, Any]] = []

    def call_later(self, seconds: float, call: Any) -> Any:
        self._timers.append((self._now + seconds, call))
        return SimpleNamespace(cancel=lambda: None)

    def turn(self, seconds: float) -> None:
        self._now += seconds
        for when, call in self._timers:
            if when <= self._now:
                call()
