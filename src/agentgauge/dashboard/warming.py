"""What pages need and takes long to load, loaded before somebody waits for it.

the server begins       charts, templates, NumPy and SciPy's functions: half a second of a processor and 35 MB
a page was asked for    SciPy's statistics: another half, and 50 MB that a server nobody looks at need not hold
"""

from __future__ import annotations

import importlib
import logging
import threading
from functools import cache

from agentgauge.charts.building import DEFINITIONS, SCRIPT, ChartsUnavailable, built
from agentgauge.dashboard import assets, rendering

_FIRST = ("numpy", "scipy.special")
_AFTERWARDS = ("scipy.stats", "scipy.signal", "scipy.ndimage")
_log = logging.getLogger("agentgauge.dashboard")


@cache
def begin() -> None:
    """Once in a process: on a thread of its own, so that the server is there at once."""
    threading.Thread(target=_begin, name="agentgauge-warming", daemon=True).start()


@cache
def go_on() -> None:
    """Likewise."""
    threading.Thread(target=_load, args=(_AFTERWARDS,), name="agentgauge-warming", daemon=True).start()


def _begin() -> None:
    try:
        for name in (SCRIPT, DEFINITIONS):
            built(name)
    except ChartsUnavailable as error:
        _log.warning("pages are shown without charts: %s", error)
    assets.prepare()
    rendering.prepare()
    _load(_FIRST)


def _load(modules: tuple[str, ...]) -> None:
    for name in modules:
        importlib.import_module(name)
