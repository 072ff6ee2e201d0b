"""The gauge of the process: one for everybody who asks, made when first asked for."""

from __future__ import annotations

import threading

from agentgauge.errors import SettingsError
from agentgauge.journal.losses import warn
from agentgauge.journal.memory import MemoryJournal
from agentgauge.recorder.disabled import DisabledGauge
from agentgauge.recorder.gauge import Gauge
from agentgauge.recorder.sinks import patient_sink
from agentgauge.settings import get_settings

_lock = threading.Lock()
_default: Gauge | None = None


def default() -> Gauge:
    """The process-wide gauge, made from the environment at the first call. Never raises.

    Where the home cannot be used, and where a setting makes no sense, that is logged; events are then counted as
    dropped, or kept in memory.
    """
    global _default
    if _default is None:
        with _lock:
            if _default is None:
                _default = _from_environment()
    return _default


def set_default(gauge: Gauge | None) -> None:
    """Make `gauge` what `default()` gives; None: it is made from the environment again.

    The one before is not closed.
    """
    global _default
    with _lock:
        _default = gauge


def _from_environment() -> Gauge:
    try:
        settings = get_settings()
    except SettingsError as error:
        warn("events are kept in memory only: %s", error)
        return Gauge(MemoryJournal())
    if not settings.enabled:
        return DisabledGauge()
    return Gauge(patient_sink(settings), {"project": settings.project, "session": settings.session}, settings=settings)
