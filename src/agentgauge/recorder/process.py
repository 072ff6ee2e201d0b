"""The gauge of the process: one for everybody who asks, made when first asked for."""

from __future__ import annotations

import threading

from agentgauge.errors import SettingsError
from agentgauge.journal import lifetime
from agentgauge.journal.losses import warn
from agentgauge.journal.memory import MemoryJournal
from agentgauge.recorder.disabled import DisabledGauge
from agentgauge.recorder.gauge import Gauge
from agentgauge.recorder.sinks import patient_sink
from agentgauge.settings import get_settings

_lock = threading.RLock()
_default: Gauge | None = None


def default() -> Gauge:
    """The process-wide gauge, made from the environment at the first call. Never raises.

    Where the home cannot be used, and where a setting makes no sense, that is logged; events are then counted as
    dropped, or kept in memory.
    """
    global _default
    gauge, trouble = _default, ""
    if gauge is None:
        with _lock:
            gauge = _default
            if gauge is None:
                gauge, trouble = _from_environment()
                _default = gauge
    if trouble:  # said without the lock: a handler of the program's may itself ask for this gauge
        warn("%s", trouble)
    return gauge


def set_default(gauge: Gauge | None) -> None:
    """Make `gauge` what `default()` gives; None: it is made from the environment again.

    The one before is not closed.
    """
    global _default
    with _lock:
        _default = gauge


def _from_environment() -> tuple[Gauge, str]:
    """A gauge, and what the program should be told about it."""
    try:
        settings = get_settings()
    except SettingsError as error:
        return Gauge(MemoryJournal()), f"events are kept in memory only: {error}"
    if not settings.enabled:
        return DisabledGauge(settings), ""
    sink, trouble = patient_sink(settings)
    scope = {"project": settings.project, "session": settings.session}
    return Gauge(sink, scope, settings=settings), trouble


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


lifetime.after_fork(_renew_lock)
