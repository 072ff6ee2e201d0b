"""Wires between a program and a server: one that loses answers, and servers that are none of ours."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Wire:
    """Passes requests on, and loses the answers to some: what was asked for has been done then."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._losses = 0
        self.requests = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def lose(self, answers: int) -> None:
        """The next so many."""
        self._losses = answers

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._pass_on, args=(connection,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._server) as far, suppress(OSError):
            while request := _message(near):
                self.requests += 1
                far.sendall(request)
                answer = _message(far)
                if self._losses:
                    self._losses -= 1
                    return
                near.sendall(answer)


def _message(connection: socket.socket) -> bytes:
    """One request or answer, whole; nothing where the connection has ended."""
    read = b""
    while b"\r\n\r\n" not in read:
        if not (more := connection.recv(1 << 16)):
            return b""
        read += more
    head, _, body = read.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while length is not None and len(body) < int(length[1]):
        body += connection.recv(1 << 16)
    return head + b"\r\n\r\n" + body


@contextmanager
def wire_to(url: str) -> Iterator[Wire]:
    wire = Wire(url)
    try:
        yield wire
    finally:
        wire.close()


class Stranger(ThreadingHTTPServer):
    """Answers everything in one way."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.asked = 0
        stranger = self

        class Answers(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                stranger.asked += 1
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names that the library calls

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                pass

        super().__init__(("127.0.0.1", 0), Answers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def stranger(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Iterator[Stranger]:
    with ExitStack() as stack:
        server = stack.enter_context(Stranger(status, headers or {}, body))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield server
