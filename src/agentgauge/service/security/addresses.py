"""Addresses: which ones only this machine reaches, and which names they are called by."""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import ip_address

_LOOPBACK_NAMES = ("localhost", "localhost.")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on an address or name; a name has to lead to such addresses alone.

    False where that cannot be told.
    """
    address = _address(host)
    if address is not None:
        return address
    if not host:
        return False  # all addresses
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(_address(one) for one in found)


def is_elsewhere(host: str) -> bool:
    """Whether this is an address that is not this machine's loopback; a name is none."""
    return _address(host) is False


def names_loopback(host_header: str) -> bool:
    """Whether a Host header names this machine by an address or name that no other machine can have."""
    host = host_of(host_header)
    return host in _LOOPBACK_NAMES or bool(_address(host))


def host_of(host_header: str) -> str:
    """The name or address in a Host header, in lower case, without its port and brackets."""
    if host_header.startswith("["):
        return host_header[1:].partition("]")[0].lower()
    return host_header.partition(":")[0].lower()


@lru_cache(maxsize=256)  # every request asks three times, nearly always about the same
def _address(host: str) -> bool | None:
    """Whether an address is loopback; None where the text is no address."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
