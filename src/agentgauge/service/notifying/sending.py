"""Sending, by a process of its own: it has Apprise's memory, and is ended where a service does not answer.

Starting it takes half a second, of which a server feels nothing. URLs reach it on its input alone, where no list of
processes shows them.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from types import TracebackType

import msgspec

from agentgauge.service.notifying.post import Message, Posted, Posting
from agentgauge.settings.extras import check_server_extra
from agentgauge.settings.secret import Secret

SECONDS = 45.0
"""What a message may take: less than passes before it is tried again."""
_NO_ANSWER = "it did not answer within {:g} s"
_DIED = "the process that sends ended with {}"


class Sender:
    """Used by one thread, in a `with` block; the process starts with the first message."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """Raises `SettingsError` without the [server] extra."""
        check_server_extra("apprise")
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def send(self, url: Secret, message: Message, instead: Message | None = None) -> Posted:
        """Hand a message over, or the one instead where it is refused for what it says; what came of it."""
        return self._asked(Posting(url.reveal(), message, instead))

    def check(self, url: Secret) -> str:
        """Why Apprise cannot use a URL; empty where it can."""
        return self._asked(Posting(url.reveal(), None)).problem

    def _asked(self, posting: Posting) -> Posted:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        is_late = threading.Event()

        def give_up() -> None:
            is_late.set()
            process.kill()

        timer = threading.Timer(self._seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(msgspec.json.encode(posting) + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
        if line:
            return msgspec.json.decode(line, type=Posted)
        self._end()
        return Posted(_NO_ANSWER.format(self._seconds) if is_late.is_set() else _DIED.format(process.returncode))

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "agentgauge.service.notifying"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # where Apprise might write a URL
                start_new_session=True,  # Ctrl-C is for whoever started it, who lets a message end
            )
        return self._process

    def _end(self) -> None:
        """It has nothing left to do: each message was answered, or is given up."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
