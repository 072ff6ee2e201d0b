"""What an act did, said once: on the page that the person is sent back to.

The words travel in a cookie that no script reads and that the next page takes away, not in the address: a link with
words of somebody's own would make this server say them. They are put into the page after it came from the cache,
escaped, so that a page is kept without them.
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal

import msgspec
from fastapi import Request, Response
from markupsafe import Markup, escape

from agentgauge.api.own_cookies import own_cookie, set_cookie
from agentgauge.api.own_paths import own_path

Tone = Literal["good", "bad"]

MARK = Markup("<!--said-->")
"""Where a page says it. What is not a template is escaped, so nothing recorded can be one."""
REFRESH = "agentgauge-refresh"
"""The header of a page that keeps itself up to date: what was said is for the one that is opened."""
_COOKIE = "agentgauge_said"
_SECONDS = 60
_LONGEST = 600
"""Characters: a cookie has 4 KB."""
_CONDITIONS = (b"if-none-match", b"accept-encoding")


class Offer(msgspec.Struct, frozen=True):
    """What can be done about it at once: a button."""

    words: str
    address: str
    fields: dict[str, str]


class Said(msgspec.Struct, frozen=True):
    text: str
    tone: Tone = "good"
    offer: Offer | None = None


def say(request: Request, response: Response, said: Said) -> None:
    """On the next page that this browser opens."""
    short = msgspec.structs.replace(said, text=said.text[:_LONGEST])
    value = base64.urlsafe_b64encode(msgspec.json.encode(short)).decode()
    set_cookie(request, response, _COOKIE, value, _SECONDS)


def waits(request: Request) -> bool:
    """Whether there is something to be said on the page that is asked for; a table or a picture of it says nothing."""
    is_page = not any(request.query_params.get(name) for name in ("csv", "svg"))
    return is_page and REFRESH not in request.headers and own_cookie(request, _COOKIE) is not None


def unconditional(request: Request) -> Request:
    """The same request for the whole page as plain bytes, whatever of it the browser has."""
    headers = [(name, value) for name, value in request.scope["headers"] if name not in _CONDITIONS]
    return Request({**request.scope, "headers": headers}, request.receive)


def saying(request: Request, response: Response) -> Response:
    """A page with what there was to say, which is gone from the browser then."""
    said = _read(own_cookie(request, _COOKIE) or "")
    if said is not None and response.status_code == 200:
        words = f'<p class="{said.tone}">{escape(said.text)}</p>{_offered(request, said.offer)}'.encode()
        kind = response.headers.get("content-type")
        body = bytes(response.body).replace(MARK.encode(), words, 1)
        response = Response(body, headers={"Cache-Control": "no-store"})
        response.headers["Content-Type"] = kind or "text/html; charset=utf-8"
    set_cookie(request, response, _COOKIE, "", 0)
    return response


def _offered(request: Request, offer: Offer | None) -> str:
    """A form that is sent from the page that says it, back to which the person comes."""
    if offer is None or own_path(offer.address, "") != offer.address:
        return ""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in {**offer.fields, "then": here}.items()
    )
    button = f'<button type="submit" class="button small">{escape(offer.words)}</button>'
    return f'<form class="act" method="post" action="{escape(offer.address)}" data-act>{fields}{button}</form>'


def _read(cookie: str) -> Said | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cookie), type=Said)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None  # nobody's words of ours: nothing is said
