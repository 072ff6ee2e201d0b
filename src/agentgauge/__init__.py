"""agentgauge: an open-source meter for AI agents.

    import agentgauge

    gauge = agentgauge.open(project="shop")
    with gauge.scope(run="r-17", agent="coder"):
        gauge.llm_call("claude-sonnet-4-5", "anthropic", input_tokens=1200, output_tokens=340, duration_ms=2300)

Importing this costs the standard library and msgspec, nothing else.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agentgauge.errors import BudgetExceeded
from agentgauge.events import Event, Usage
from agentgauge.recorder import Gauge, Health, Redact, Span, default, set_default
from agentgauge.recorder.guards import Asked, Guard, hand_in
from agentgauge.settings import get_settings
from agentgauge.settings.version import VERSION

if TYPE_CHECKING:
    from agentgauge.policies.budgets.guard import BudgetGuard

__version__ = VERSION

__all__ = [
    "BudgetExceeded",
    "BudgetGuard",
    "Event",
    "Gauge",
    "Health",
    "Span",
    "Usage",
    "__version__",
    "default",
    "open",
    "set_default",
]


def open(  # noqa: A001 - agentgauge.open(...), as gzip.open and shelve.open
    home: str | os.PathLike[str] | None = None,
    project: str | None = None,
    *,
    redact: Redact | None = None,
    **scope: str | int | None,
) -> Gauge:
    """A gauge that records into `home`.

    `home` is a directory or an object-store URI (default: AGENTGAUGE_HOME, else the platform's data directory).
    `project` and `scope` hold for every event. `redact` sees the attributes of each event and returns those to keep;
    prompts and completions are recorded nowhere by themselves. Raises `JournalUnavailable` where the home cannot be
    written and `SettingsError` for arguments that cannot be used.
    """
    own = {"project": project, **scope} if project is not None else scope
    return Gauge.open(get_settings(home), redact=redact, **own)


def _open_guard(asked: Asked) -> Guard:
    from agentgauge.policies.budgets.opening import open_guard  # deferred: most programs have no budget

    return open_guard(asked)


hand_in(_open_guard)


def __getattr__(name: str) -> object:
    if name == "BudgetGuard":
        from agentgauge.policies.budgets.guard import BudgetGuard

        return BudgetGuard
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
