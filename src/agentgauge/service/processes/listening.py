"""The socket that requests arrive at, bound once, before anything slow: whether an address can be had is known at once.

Connections wait in it until the first process takes them, and while one is being replaced.
"""

from __future__ import annotations

import errno
import socket

from agentgauge.errors import SettingsError

_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any that is free. Raises `SettingsError` with what to do."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise SettingsError(f"{host!r} is no address of this machine: name one, such as 127.0.0.1") from error
    try:
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SettingsError(_refused(host, port, error)) from error


def _refused(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} of {host} is in use: end the program that listens there, or name another with --port"
        case errno.EACCES | errno.EPERM:
            return f"port {port} may not be used by this user: name one from 1024 with --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine: name one that is with --host"
    return f"port {port} of {host} cannot be used: {error.strerror or error}"


def address_of(listening: socket.socket, *, secure: bool) -> str:
    """What to type into a browser."""
    host, port = listening.getsockname()[:2]
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
