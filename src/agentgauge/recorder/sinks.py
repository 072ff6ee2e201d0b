"""Settings turned into the place that events go to."""

from __future__ import annotations

import threading

from agentgauge.errors import JournalUnavailable
from agentgauge.journal import lifetime
from agentgauge.journal.losses import warn
from agentgauge.journal.memory import MemoryJournal
from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal, without_gil
from agentgauge.recorder.sink import Sink
from agentgauge.settings import Settings
from agentgauge.settings.version import VERSION

_shared: dict[Settings, Sink] = {}
_sharing = threading.RLock()


def open_sink(settings: Settings) -> Sink:
    """A sink of the caller's own. Raises `JournalUnavailable`."""
    sink, said = _opened(settings)
    if said:
        warn("%s", said)
    return sink


def patient_sink(settings: Settings) -> tuple[Sink, str]:
    """As `open_sink`, but where the home cannot be used, one that counts and tries again at most once a second.

    With it what the caller is to log, holding no lock; empty where all is well.
    """
    try:
        return _opened(settings)
    except JournalUnavailable as error:
        said = f"nothing is recorded until this is mended: {error}"
    if settings.endpoint is None:
        return Journal(settings.home.root, flush_ms=settings.flush_ms, options=_options(settings)), said
    from agentgauge.forwarding.opening import forwarded  # deferred, as below

    return forwarded(settings, _options(settings)), said


def _opened(settings: Settings) -> tuple[Sink, str]:
    """A sink, and what the program should be told about it."""
    if not settings.persist:
        return MemoryJournal(), ""
    if settings.endpoint is not None:
        from agentgauge.forwarding.opening import open_forwarded  # deferred: most programs ship nothing

        return open_forwarded(settings, _options(settings))
    return Journal.open(settings.home.root, flush_ms=settings.flush_ms, options=_options(settings)), ""


def shared_sink(settings: Settings) -> Sink:
    """The one sink of this process for gauges that came from another one: each task of a pool brings its own copy."""
    trouble = ""
    with _sharing:
        if settings not in _shared:
            _shared[settings], trouble = patient_sink(settings)
        sink = _shared[settings]
    if trouble:
        warn("%s", trouble)
    return sink


def _renew_lock() -> None:
    global _sharing
    _sharing = threading.RLock()


lifetime.after_fork(_renew_lock)


def _options(settings: Settings) -> SegmentOptions:
    return SegmentOptions(max_bytes=settings.journal_max_bytes, locked=without_gil(), version=VERSION)
