"""Real receivers of messages on this machine: an HTTP server and a mail server."""

from __future__ import annotations

import email.policy
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.servers.ports import free_port


class Received:
    """What arrived, in order; safe for several threads."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._all: list[Any] = []

    def add(self, one: Any) -> None:
        with self._arrived:
            self._all.append(one)
            self._arrived.notify_all()

    @property
    def all(self) -> list[Any]:
        with self._arrived:
            return list(self._all)

    def wait_for(self, count: int, seconds: float = 60) -> list[Any]:
        """So many; fails where they do not arrive."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self._all) >= count, seconds)
            return list(self._all)


class Posted(Received):
    """Of an HTTP server: paths, headers and JSON bodies."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.status = 200
        """What is answered."""
        self.refuses = ""
        """A message with this in it is answered 400."""

    @property
    def url(self) -> str:
        """Of a webhook, with something secret in its path."""
        return f"json://localhost:{self.port}/hooks/T0ps3cret"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.all]


@contextmanager
def http_receiver(port: int = 0, *, answer: Callable[[], bool] = lambda: True) -> Iterator[Posted]:
    """`answer` is called before each answer; where it says no there is none, and the connection ends."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = 400 if posted.refuses and posted.refuses in body["message"] else posted.status
            if status < 300:
                posted.add((self.path, dict(self.headers), body))
            if not answer():
                self.close_connection = True
                return
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the overridden method's name
            pass

    with ThreadingHTTPServer(("localhost", port), Taking) as server:
        posted = Posted(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield posted
        finally:
            server.shutdown()
            thread.join()


class Mailed(Received):
    """Of a mail server: the messages."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.unknown = ""
        """An address that the server does not know."""
        self.refuses = ""
        """A message with this in it is refused."""

    @property
    def url(self) -> str:
        return f"mailto://localhost:{self.port}?from=gauge@example.org&to=ops@example.org"

    @property
    def messages(self) -> list[EmailMessage]:
        return self.all


@contextmanager
def mail_server(password: str | None = None, refuse: str = "", tls: ssl.SSLContext | None = None) -> Iterator[Mailed]:
    """With `password` nobody is served without it; with `refuse` every message is refused with this; with `tls` nobody
    is served who does not encrypt."""
    mailed = Mailed(free_port())

    needs = password is not None

    class Taking:
        async def handle_RCPT(  # noqa: N802 - aiosmtpd's
            self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
        ) -> str:
            if address == mailed.unknown:
                return "550 no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
            if refuse:
                return refuse
            if needs and not session.authenticated:
                return "530 authentication required"
            assert isinstance(envelope.content, bytes)
            if mailed.refuses and mailed.refuses.encode() in envelope.content:
                return "554 5.7.1 Rejected: looks like spam"
            parser = BytesParser(policy=email.policy.default)
            mailed.add(parser.parsebytes(envelope.content))
            return "250 OK"

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password.decode() == password, handled=False)

    controller = Controller(
        Taking(), hostname="localhost", port=mailed.port, authenticator=check if needs else None,
        auth_require_tls=False, tls_context=tls, require_starttls=tls is not None, ready_timeout=60,
    )  # fmt: skip
    controller.start()
    try:
        yield mailed
    finally:
        controller.stop()
