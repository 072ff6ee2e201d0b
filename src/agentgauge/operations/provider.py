"""The collector of the process, and the decorator that tracks a function with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

import agentgauge
from agentgauge.errors import SettingsError
from agentgauge.journal import lifetime
from agentgauge.operations.collector import MetricsCollector
from agentgauge.operations.disabled import DisabledMetricsCollector
from agentgauge.operations.tracking import tracked
from agentgauge.recorder import DisabledGauge
from agentgauge.settings import get_settings

__all__ = ["get_metrics_collector", "reset_metrics_collector", "with_metrics_tracking"]

F = TypeVar("F", bound=Callable[..., Any])

_lock = threading.RLock()
_collector: MetricsCollector | None = None


def get_metrics_collector() -> MetricsCollector:
    """The collector of the process, made from the environment and the default gauge when first asked for.

    Where recording is switched off it is a `DisabledMetricsCollector`. Never raises.
    """
    global _collector
    if _collector is None:
        with _lock:
            if _collector is None:
                _collector = _from_environment()
    return _collector


def reset_metrics_collector() -> None:
    """Forget the collector: the next who asks gets another one, of another session. What was recorded stays."""
    global _collector
    with _lock:
        _collector = None


@overload
def with_metrics_tracking(name: F, /) -> F: ...


@overload
def with_metrics_tracking(
    name: str | None = None,
    *,
    metadata: Mapping[str, Any] | None = None,
    collector: MetricsCollector | None = None,
) -> Callable[[F], F]: ...


def with_metrics_tracking(
    name: F | str | None = None,
    *,
    metadata: Mapping[str, Any] | None = None,
    collector: MetricsCollector | None = None,
) -> F | Callable[[F], F]:
    """Record each call of a function, coroutine function, generator or async generator as an operation.

    With or without arguments; `name` is the function's own by default, `collector` the process's. The function keeps
    its signature, its result and its exceptions. A generator's operation lasts from its first step to its end.
    """
    whose = get_metrics_collector if collector is None else lambda: collector
    if callable(name) or isinstance(name, classmethod):  # which cannot be called before its class is there
        return tracked(name, None, metadata, whose)

    def decorate(function: F) -> F:
        return tracked(function, name, metadata, whose)

    return decorate


def _from_environment() -> MetricsCollector:
    gauge, session = agentgauge.default(), None
    try:
        settings = get_settings()
        enabled, session = settings.enabled, settings.session
    except SettingsError:  # which `default` has told; it keeps events in memory then
        enabled = True
    if not enabled or isinstance(gauge, DisabledGauge):
        return DisabledMetricsCollector(gauge if isinstance(gauge, DisabledGauge) else None)
    return MetricsCollector(session, gauge=gauge)


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


lifetime.after_fork(_renew_lock)
