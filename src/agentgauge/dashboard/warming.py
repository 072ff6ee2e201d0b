"""What pages need and takes long to load, loaded while the server begins and before somebody waits for it: charts,
templates, NumPy and SciPy's functions. Half a second of a processor, and 35 MB.
"""

from __future__ import annotations

import importlib
import logging
import threading
from functools import cache

from agentgauge.charts.building import DEFINITIONS, SCRIPT, ChartsUnavailable, built
from agentgauge.dashboard import assets, rendering

_MODULES = ("numpy", "scipy.special")
_log = logging.getLogger("agentgauge.dashboard")


@cache
def begin() -> None:
    """Once in a process: on a thread of its own, so that the server is there at once."""
    threading.Thread(target=_load, name="agentgauge-warming", daemon=True).start()


def _load() -> None:
    assets.prepare()
    rendering.prepare()
    for name in _MODULES:
        importlib.import_module(name)
    try:
        for name in (SCRIPT, DEFINITIONS):  # the first time ever in seconds, in a process of its own
            built(name)
    except ChartsUnavailable as error:
        _log.warning("pages are shown without charts: %s", error)
