"""`agentgauge serve`: the HTTP API of a home."""

from __future__ import annotations

from typing import Annotated

import typer

from agentgauge.cli import options


def serve(
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="PORT", help="Port to listen on; 0: any free one.")] = 8000,
    home: options.Home = None,
) -> None:
    """Serve the HTTP API of a home, until Ctrl-C.

    Without any settings: to this machine only, with no server beside it.
    """
    import socket

    import uvicorn

    from agentgauge.api.app import create_app
    from agentgauge.cli.output import screen
    from agentgauge.settings.server import get_server_settings

    app = create_app(get_server_settings(home))
    listening = socket.create_server((host, port))
    screen().print(f"agentgauge: serving on http://{host}:{listening.getsockname()[1]}", soft_wrap=True)
    uvicorn.Server(uvicorn.Config(app)).run(sockets=[listening])
