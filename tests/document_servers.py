"""Servers that a document starts: `$ agentgauge serve &`, and maybe `--port 9000`, in a console block.

A real one is started on a free port, and stopped at the document's end, or where another takes its port. In all that
follows, `localhost:8000` and `127.0.0.1:8000` stand for it.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers.serving import Served, start

_STARTS = re.compile(r"(?:\w+=\S* +)*agentgauge serve\b.*&\s*", re.DOTALL)
_ASSIGNMENT = re.compile(r"(\w+)=(.*)", re.DOTALL)
_DEFAULT_PORT = "8000"


class DocumentServers:
    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._running: dict[str, Served] = {}
        """By the port that the document names."""

    @staticmethod
    def starts(command: str) -> bool:
        """Whether what is typed starts a server beside what follows."""
        return _STARTS.fullmatch(command) is not None

    def start(self, command: str) -> str:
        """Start it and wait until it answers; what it printed, with the port of the document.

        Raises `RuntimeError` with what it said where it does not.
        """
        words = shlex.split(command.rstrip().removesuffix("&"))
        environment = dict(self._environment)
        while assigned := _ASSIGNMENT.fullmatch(words[0]):
            environment[assigned[1]] = assigned[2]
            del words[0]
        port = _DEFAULT_PORT
        if "--port" in words:
            at = words.index("--port")
            port = words[at + 1]
            del words[at : at + 2]
        self._stop(port)
        log = self._folder / f".serve-{port}.log"
        with log.open("w") as errors:
            try:
                server = start([*words, "--port", "0"], environment, self._folder, errors)
            except RuntimeError as error:
                raise RuntimeError(f"{error}\n{log.read_text()}") from error
        self._running[port] = server
        return server.said.replace(f":{_port(server)}", f":{port}")

    def rewritten(self, text: str) -> str:
        """`text` with the addresses of the running servers in place of the document's."""
        for port, server in self._running.items():
            text = re.sub(rf"(localhost|127\.0\.0\.1):{port}\b", rf"\1:{_port(server)}", text)
        return text

    def close(self) -> None:
        for port in list(self._running):
            self._stop(port)

    def _stop(self, port: str) -> None:
        server = self._running.pop(port, None)
        if server is not None and server.process.poll() is None:
            server.stop()


def _port(server: Served) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port
