"""Free ports."""

from __future__ import annotations

import socket
import sys

_held: list[socket.socket] = []


def free_port() -> int:
    """A TCP port of loopback that refuses connections until this process, or one that it starts, serves there.

    A socket that does not listen holds it for as long as the process runs: Linux gives such a port to nobody who asks
    for any, and to a server that names it, since all of them set SO_REUSEADDR. Elsewhere it is free now, and no more.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    port: int = probe.getsockname()[1]
    if sys.platform == "linux":
        _held.append(probe)
    else:
        probe.close()
    return port
