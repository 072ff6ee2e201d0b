"""Style, script, icon, and the parts of charts: under addresses that hold a digest of what they lead to, so that a
browser asks for each once in its life. They are read, and compressed, once per process; they say nothing of what was
recorded, and need no key.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from agentgauge.charts.building import DEFINITIONS, SCRIPT, Asset, ChartsUnavailable, asset_of, built, versions
from agentgauge.charts.palette import style

PATH = "/assets"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_STYLE = "app.css"
_STYLE_PARTS = (_STYLE, "waterfall.css")
"""What is sent as one file, after the variables of the themes."""
MODULES = (
    "app.js", "acts.js", "charts.js", "filters.js", "live.js", "morph.js", "panel.js", "pointing.js", "refreshing.js",
    "storage.js", "times.js",
)  # fmt: skip
"""They import each other by name: under one tag, of all of them."""
_OWN = (_STYLE, "theme.js", "icon.svg", *MODULES)
_CHARTS = (SCRIPT, DEFINITIONS)
_FOR_EVER = "public, max-age=31536000, immutable"


@cache
def _own(name: str) -> Asset:
    folder = files("agentgauge.dashboard") / "static"
    if name == _STYLE:
        return asset_of(b"\n".join((style().encode(), *((folder / part).read_bytes() for part in _STYLE_PARTS))))
    return asset_of((folder / name).read_bytes())


def address(name: str) -> str:
    """Where a file is found; for charts the tag is of the versions that they are made with, which is known before they
    are made.
    """
    return f"{PATH}/{_tag(name)}/{name}"


@cache
def _tag(name: str) -> str:
    if name in MODULES:
        return asset_of(b"".join(_own(module).body for module in MODULES)).tag
    return versions() if name in _CHARTS else _own(name).tag


def prepare() -> None:
    """Read and compress all but the parts of charts."""
    for name in (*_OWN, *_CHARTS):
        _tag(name)


async def asset(request: Request, tag: str, name: str) -> Response:
    if name not in (*_OWN, *_CHARTS) or tag != _tag(name):
        raise HTTPException(404, f"there is no {name} of this version: load the page again")
    try:
        found = _own(name) if name in _OWN else await run_in_threadpool(built, name)
    except ChartsUnavailable as error:
        raise HTTPException(503, str(error)) from None
    headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    kind = _KINDS[name[name.rindex(".") :]]
    return Response(found.packed if packed else found.body, headers=headers, media_type=kind)
