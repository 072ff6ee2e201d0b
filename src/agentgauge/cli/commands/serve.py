"""`agentgauge serve`: the dashboard and the HTTP API of a home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from agentgauge.service.processes.web import Web
    from agentgauge.settings.server import ServerSettings


def serve(
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port to listen on; 0: any free one.")
    ] = 8000,
    home: options.Home = None,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=64, help="Processes that answer requests.")
    ] = 1,
    no_jobs: Annotated[
        bool, typer.Option("--no-jobs", help="Do not run the jobs: another process of this home or database does.")
    ] = False,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Answer over TLS with this certificate (PEM).")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="The certificate's key, unless it is in its file.")
    ] = None,
    root_path: Annotated[
        str, typer.Option("--root-path", metavar="PATH", help="Where a proxy shows the server, such as /agentgauge.")
    ] = "",
) -> None:
    """Serve the dashboard and the HTTP API of a home.

    Without any settings: to this machine only, with no server beside it. Other settings are variables of the
    environment: AGENTGAUGE_DATABASE_URL, AGENTGAUGE_REDIS_URL and those that docs/server.md lists. Prints one line
    once requests are answered, and logs to standard error. Ctrl-C lets requests that have begun end; a second one does
    not wait.
    """
    from msgspec.structs import replace

    from agentgauge.cli.homes import check_serves, check_writable
    from agentgauge.service.notifying.checking import check_channels
    from agentgauge.service.processes.web import Web
    from agentgauge.settings.extras import check_server_extra
    from agentgauge.settings.server import get_server_settings

    check_server_extra("fastapi", "uvicorn", "sqlalchemy")
    web = Web(certificate=tls_cert, key=tls_key, root_path=root_path.rstrip("/"))
    web.check()
    settings = replace(get_server_settings(home), workers=workers, jobs=not no_jobs)
    check_writable(settings.recording.home)
    check_serves(settings.recording.home)
    if settings.jobs:
        check_channels(settings.recording.home)
    serve_until_stopped(settings, host, port, web)


def serve_until_stopped(settings: ServerSettings, host: str, port: int, web: Web) -> NoReturn:
    """Serve a home whose settings were checked; ends the process."""
    _end(_serve(settings, host, port, web))


def _serve(settings: ServerSettings, host: str, port: int, web: Web) -> int:
    import logging
    from functools import partial

    from msgspec.structs import replace

    from agentgauge.service.logs import set_up_logs, warn_of_unknown_settings
    from agentgauge.service.monitoring.process import share
    from agentgauge.service.processes.listening import listen
    from agentgauge.service.processes.run_directory import run_directory
    from agentgauge.service.processes.supervisor import supervise

    with listen(host, port) as listening, run_directory(settings.recording.home) as run:
        set_up_logs(settings.logs)
        warn_of_unknown_settings()
        if off := settings.recording.switched_off_by:
            logging.getLogger("agentgauge.server").warning(
                "events that are sent will be refused: the environment has %s", " and ".join(off)
            )
        settings = replace(settings, run=run)
        share(run / "counts")
        work = partial(_answer, settings, host, listening, web)
        ready, stopping = partial(_ready, settings, listening, web), partial(_stopping, settings)
        if settings.workers == 1:
            return work(ready, stopping=stopping)
        return supervise(settings.workers, work, listening, ready=ready, stopping=stopping)


def _answer(
    settings: ServerSettings,
    host: str,
    listening: socket.socket,
    web: Web,
    ready: Callable[[], object],
    lifeline: int | None = None,
    stopping: Callable[[], object] = lambda: None,
) -> int:
    """What one process does; what it needs is imported in it, since workers are forked before."""
    import gc

    gc.disable()  # nothing of what is imported is garbage, and looking for some takes a tenth of the start

    from agentgauge.dashboard.app import create_app
    from agentgauge.service.processes.answering import answer
    from agentgauge.service.runtime import Runtime
    from agentgauge.service.security.binding import check_binding

    runtime = Runtime(settings)

    def stop() -> None:
        runtime.stopping.set()
        stopping()

    try:
        check_binding(host, settings, runtime.state)
        application = create_app(settings, runtime)
        gc.enable()
        return answer(application, listening, web, ready=ready, lifeline=lifeline, stopping=stop)
    finally:
        runtime.close()


def _ready(settings: ServerSettings, listening: socket.socket, web: Web) -> None:
    import sys

    from agentgauge.cli.output import screen
    from agentgauge.service.processes.listening import address_of
    from agentgauge.service.processes.notifying import notify

    address = address_of(listening, secure=web.certificate is not None) + web.root_path
    several = f" ({settings.workers} workers)" if settings.workers > 1 else ""
    screen().print(f"agentgauge: serving {settings.recording.home.root} on {address}{several}", soft_wrap=True)
    sys.stdout.flush()
    notify(settings.notify_socket, "READY=1")


def _stopping(settings: ServerSettings) -> None:
    import logging

    from agentgauge.service.processes.grace import GRACE_SECONDS
    from agentgauge.service.processes.notifying import notify

    logging.getLogger("agentgauge.server").info("stopping: requests that have begun have %s s", GRACE_SECONDS)
    notify(settings.notify_socket, "STOPPING=1")


def _end(code: int) -> NoReturn:
    """All is closed. The interpreter would wait for threads that are at questions which nobody waits for any more."""
    import os
    import sys
    from contextlib import suppress

    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            stream.flush()
    os._exit(code)
