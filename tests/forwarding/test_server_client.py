"""Requests over slow links and through proxies."""

from __future__ import annotations

import socket
import threading

import pytest

from agentgauge.errors import ServerUnreachable
from agentgauge.server_client import ServerClient
from agentgauge.settings.secret import Secret
from tests.forwarding.answering import Answering, answering

_BODY = bytes(4_000_000)


def test_a_body_that_takes_longer_than_a_connection_may_is_sent() -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def receive() -> None:
            taken, pace = 0, threading.Event()
            with listening.accept()[0] as connection:
                while taken < len(_BODY):  # the head of the request is some of it: what is left is in the buffers
                    taken += len(connection.recv(16384))
                    pace.wait(0.005)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=receive)
        thread.start()
        client = ServerClient(f"http://127.0.0.1:{listening.getsockname()[1]}")
        assert client.request("PUT", "/x", _BODY, connect_s=0.5).ok
        thread.join()


@pytest.mark.parametrize("scheme", ["http://", ""], ids=["address", "host and port"])
def test_a_proxy_of_the_environment_gets_its_user_and_the_server_its_key(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    asked: list[tuple[str, str | None, str | None]] = []

    def answer(request: Answering) -> None:
        request.body()
        asked.append((request.path, request.headers["Proxy-Authorization"], request.headers["Authorization"]))
        request.give(200, {}, b"")

    with answering(answer) as url:
        monkeypatch.setenv("http_proxy", f"{scheme}me:p%40ss@{url.removeprefix('http://')}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert ServerClient("http://server.invalid", Secret("agk_x")).request("PUT", "/x", b"{}").ok
    assert asked == [("http://server.invalid/x", "Basic bWU6cEBzcw==", "Bearer agk_x")]


def test_a_plain_server_that_is_asked_by_https_is_said_to_be_one() -> None:
    with (
        answering(lambda request: request.give(200, {}, b"")) as url,
        pytest.raises(ServerUnreachable, match="it may be one that speaks http://, not https://"),
    ):
        ServerClient(url.replace("http://", "https://")).request("PUT", "/x")
