"""Cookies of this server that no script reads and that browsers bring from its own pages alone.

With TLS a cookie has the prefix that keeps other hosts of a domain from setting it.
"""

from __future__ import annotations

from fastapi import Request, Response


def cookie_name(request: Request, name: str) -> str:
    return f"__Host-{name}" if request.url.scheme == "https" else name


def own_cookie(request: Request, name: str) -> str | None:
    return request.cookies.get(cookie_name(request, name))


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    """For so long; with no seconds the browser forgets it."""
    response.set_cookie(
        cookie_name(request, name), value, max_age=seconds, path="/",
        secure=request.url.scheme == "https", httponly=True, samesite="strict",
    )  # fmt: skip
