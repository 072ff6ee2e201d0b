"""What systemd is told of a service of `Type=notify`: that it is ready, and that it stops. See sd_notify(3)."""

from __future__ import annotations

import socket


def notify(address: str | None, state: str) -> None:
    """Send `state`, such as READY=1, to the socket that NOTIFY_SOCKET names. Nothing where there is none."""
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        sender.sendall(state.encode())
