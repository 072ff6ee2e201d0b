"""Several workers, and the process that watches over them.

Workers are forked before anything that has threads or connections is imported, so none of these is ever shared. They
take connections from one socket. One that dies is replaced at once; one that dies before it was ready, after a second.
Whoever watches waits for signals and for what workers say on a pipe, and does nothing else. Workers see its end by the
end of another pipe, which nobody else holds open.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from agentgauge.errors import AgentGaugeError, SettingsError
from agentgauge.service.processes.grace import CLOSING_SECONDS, ENDED_AT_ONCE, GRACE_SECONDS

logger = logging.getLogger("agentgauge.server")

_READY = b"\0"
_RETRY_SECONDS = 1.0
_MESSAGE_BYTES = 4096

Work = Callable[[Callable[[], object], int], int]
"""Answers requests: is given what to call when it is ready, and its lifeline; returns its exit code."""


@dataclass
class _Worker:
    pid: int
    pipe: int
    """What it says: that it is ready, or why it cannot start. It ends when the process does."""
    ready: bool = False


def supervise(
    workers: int,
    work: Work,
    listening: socket.socket,
    *,
    ready: Callable[[], object],
    stopping: Callable[[], object] = lambda: None,
) -> int:
    """Keep so many workers at `work` until a signal, and return the exit code.

    `ready` is called once all workers are. Raises `AgentGaugeError` with what a worker said that could not start.
    """
    if not hasattr(os, "fork"):
        raise SettingsError("several workers need a system with fork(): leave out --workers")
    return _Supervisor(workers, work, listening, ready, stopping).run()


class _Supervisor:
    def __init__(
        self,
        count: int,
        work: Work,
        listening: socket.socket,
        ready: Callable[[], object],
        stopping: Callable[[], object],
    ) -> None:
        self._count = count
        self._work = work
        self._listening = listening
        self._ready, self._stopping = ready, stopping
        self._workers: dict[int, _Worker] = {}
        self._missing = count
        self._start_at = time.monotonic()
        self._all_were_ready = False
        self._kill_at: float | None = None
        """Set when it is to stop."""
        self._refusal = ""
        self._exit_code = 0
        self._lifeline, self._own_end = os.pipe()
        self._signals, self._wakeup = os.pipe()
        os.set_blocking(self._signals, False)
        os.set_blocking(self._wakeup, False)

    def run(self) -> int:
        signal.set_wakeup_fd(self._wakeup)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _noted)
        while self._workers or self._kill_at is None:
            self._start_missing()
            self._wait()
        if self._refusal:
            raise AgentGaugeError(self._refusal)
        return self._exit_code

    def _wait(self) -> None:
        """For the next signal or word, or until it is time to start or kill."""
        until = self._kill_at if self._kill_at is not None else self._start_at if self._missing else None
        seconds = None if until is None else max(0.0, until - time.monotonic())
        pipes = {worker.pipe: worker for worker in self._workers.values()}
        readable, _, _ = select.select([self._signals, *pipes], [], [], seconds)
        for pipe in readable:
            if pipe != self._signals:
                self._hear(pipes[pipe])
        if self._signals in readable:
            for _ in os.read(self._signals, _MESSAGE_BYTES):
                self._stop()
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill_at = time.monotonic() + _RETRY_SECONDS
            self._exit_code = ENDED_AT_ONCE
            self._signal_all(signal.SIGKILL)

    def _start_missing(self) -> None:
        if self._kill_at is None and time.monotonic() >= self._start_at:
            for _ in range(self._missing):
                self._start_worker()
            self._missing = 0

    def _start_worker(self) -> None:
        sys.stdout.flush()  # else the child has what is buffered too
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become_worker(writing)
        os.close(writing)
        self._workers[pid] = _Worker(pid, reading)

    def _become_worker(self, writing: int) -> NoReturn:
        """In the child; it must not return into the parent's code."""
        code = ENDED_AT_ONCE
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all: the parent says what follows from it
            for end in (self._own_end, self._signals, self._wakeup, *(other.pipe for other in self._workers.values())):
                os.close(end)
            code = self._work(lambda: os.write(writing, _READY), self._lifeline)
        except (AgentGaugeError, OSError) as error:
            os.write(writing, str(error).encode()[:_MESSAGE_BYTES])
        except BaseException:
            logger.exception("a worker failed")
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _hear(self, worker: _Worker) -> None:
        said = os.read(worker.pipe, _MESSAGE_BYTES)
        if said == _READY:
            worker.ready = True
            logger.info("worker %s is ready", worker.pid)
            if not self._all_were_ready and sum(other.ready for other in self._workers.values()) == self._count:
                self._all_were_ready = True
                self._ready()
        elif said and not self._all_were_ready:
            self._refusal = said.decode(errors="replace")
        elif said:
            logger.error("a worker could not start: %s", said.decode(errors="replace"))
        else:
            self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        os.close(worker.pipe)
        del self._workers[worker.pid]
        _, status = os.waitpid(worker.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if self._kill_at is not None:
            self._exit_code = self._exit_code or (abs(code) if worker.ready else 0)
        elif not self._all_were_ready:
            self._refusal = self._refusal or f"a worker ended with {code} before it was ready"
            self._end_workers()
        else:
            logger.error("worker %s ended with %s and is replaced", worker.pid, code)
            self._missing += 1
            self._start_at = time.monotonic() + (0 if worker.ready else _RETRY_SECONDS)

    def _stop(self) -> None:
        """Orderly the first time, at once the second."""
        if self._kill_at is not None:
            self._kill_at = time.monotonic()
            return
        self._stopping()
        self._end_workers()

    def _end_workers(self) -> None:
        self._kill_at = time.monotonic() + GRACE_SECONDS + 2 * CLOSING_SECONDS
        self._listening.close()  # who comes now is refused, and need not wait to be told
        self._signal_all(signal.SIGTERM)

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self._workers:
            os.kill(pid, number)  # it is there until it is waited for


def _noted(number: int, frame: FrameType | None) -> None:
    """The pipe of `set_wakeup_fd` has the signal; without a handler it would not."""
