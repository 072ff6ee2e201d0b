"""What `agentgauge top` shows, read again and again at little cost.

Where nothing was recorded since the last look, a look takes a millisecond. Else the events are asked anew: while
something is recorded all the time every five seconds, which is how long a snapshot lasts, and so seldom that asking
takes a twentieth of a processor at most.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from types import TracebackType
from typing import Any, Self

import msgspec

from agentgauge.cli.kept_budgets import kept_budgets
from agentgauge.errors import AgentGaugeError
from agentgauge.forwarding.spool import read_spool
from agentgauge.meter import Meter
from agentgauge.service.activity import Activity, activity
from agentgauge.service.activity_writers import look_at_writers
from agentgauge.service.budgets import BudgetState, states
from agentgauge.service.live import LiveEvents, Seen
from agentgauge.settings import Home
from agentgauge.settings.server import get_server_settings
from agentgauge.state.alerts import Alert, AlertBook
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.opening import shared_state

_IDLE_SECONDS = 15.0
"""After so long the same events are asked anew: the hour that they are asked about is another."""
_SHARE = 20
"""Asking takes one part in so many of a processor's time, that of reading the snapshot included."""
_SERVER_SECONDS = 30.0
"""How often a server is asked for the budgets that it keeps."""
_SEVERITIES = ("critical", "error", "warning", "info")


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One look. What could not be read is told in words."""

    home: str
    ships_to: str | None
    """The server that what is recorded in the home goes to. Here is then only what waits to be sent."""
    as_of: datetime
    activity: Activity
    budgets: tuple[BudgetState, ...]
    """Those nearest their limit first."""
    budgets_trouble: str | None
    alerts: tuple[Alert, ...]
    """Active ones: the most severe first, of these the newest."""

    def document(self) -> dict[str, Any]:
        found = {name: getattr(self.activity, name) for name in Activity.__struct_fields__}
        rates = {
            "cost_per_minute_usd": self.activity.cost_per_minute_usd,
            "tokens_per_minute": self.activity.tokens_per_minute,
        }
        return {
            **{name: getattr(self, name) for name in ("home", "ships_to")},
            **found,
            **rates,
            "as_of": self.as_of,
            **{name: getattr(self, name) for name in ("budgets", "budgets_trouble", "alerts")},
        }


class Reading:
    """Of one home. Not safe for threads. Raises `SettingsError` where settings make no sense."""

    def __init__(self, home: str | None, zone: tzinfo) -> None:
        settings = get_server_settings(home)
        self._home, self._zone = settings.recording.home, zone
        self._store = shared_state(settings)
        self._live = LiveEvents(Meter(settings.recording))
        self._budget_book, self._alert_book = BudgetBook(self._store), AlertBook(self._store)
        spool = read_spool(self._home.root)
        self._ships_to = settings.recording.endpoint or (None if spool is None else spool.target.endpoint)
        self._kept = kept_budgets(home) if self._ships_to else None
        self._of_server: tuple[tuple[BudgetState, ...], str | None] = ((), None)
        self._server_asked = -float("inf")
        self._found: tuple[Activity, tuple[BudgetState, ...]] | None = None
        self._version = ""
        self._asked, self._not_before = -float("inf"), -float("inf")

    @property
    def home(self) -> Home:
        return self._home

    def look(self) -> Read:
        """Raises `LakeError` and `StateError`."""
        newest = self._live.version(fresh=True)
        now = time.monotonic()
        if self._found is None or self._is_due(now):
            spent = time.process_time()
            self._found, self._version, as_of = self._live.answer(self._answer)
            self._asked = now
            self._not_before = now + (time.process_time() - spent) * _SHARE
        else:
            as_of = datetime.now(UTC) if newest == self._version else self._found[0].as_of
        found, budgets = self._found
        trouble = None
        if self._kept is not None:
            budgets, trouble = self._budgets_of_server()
        return Read(
            home=str(self._home.root),
            ships_to=self._ships_to,
            as_of=as_of,
            activity=found,
            budgets=budgets,
            budgets_trouble=trouble,
            alerts=_by_severity(self._alert_book.alerts(status="active", limit=None)),
        )

    def _is_due(self, now: float) -> bool:
        """Whether there is anything to be asked anew; before it is time to, nothing is read for it either."""
        if now < self._not_before:
            return False
        return now - self._asked >= _IDLE_SECONDS or self._live.version() != self._version

    def _answer(self, seen: Seen) -> tuple[tuple[Activity, tuple[BudgetState, ...]], str, datetime]:
        now = datetime.now(UTC)
        midnight = now.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        found = activity(seen.engine, now, midnight, look_at_writers(self._home))
        budgets: Sequence[BudgetState] = ()
        if self._kept is None and (book := self._budget_book.budgets()):
            budgets = states(seen.engine, self._store, book, now)
        as_of = now if self._live.version(fresh=True) == seen.version else seen.as_of
        return (msgspec.structs.replace(found, as_of=as_of), _by_use(budgets)), seen.version, as_of

    def _budgets_of_server(self) -> tuple[tuple[BudgetState, ...], str | None]:
        assert self._kept is not None
        if time.monotonic() - self._server_asked >= _SERVER_SECONDS:
            try:
                self._of_server = _by_use(self._kept.all()), None
            except AgentGaugeError as error:
                self._of_server = self._of_server[0], str(error)
            self._server_asked = time.monotonic()
        return self._of_server

    def close(self) -> None:
        self._live.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _by_use(budgets: Sequence[BudgetState]) -> tuple[BudgetState, ...]:
    def used(one: BudgetState) -> float:
        return float("inf") if one.utilization_percent is None else one.utilization_percent

    return tuple(sorted(budgets, key=used, reverse=True))


def _by_severity(alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    return tuple(sorted(alerts, key=lambda alert: _SEVERITIES.index(alert.severity)))
