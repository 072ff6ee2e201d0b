"""The runtime: what one process of the server is made of, settings turned into objects. Made once per process."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import UTC, datetime

from agentgauge.integrations.otlp.reader import OtlpReader
from agentgauge.meter import Meter
from agentgauge.service.alerting import Alerting
from agentgauge.service.cache import answer_cache
from agentgauge.service.ingest.receiver import Receiver
from agentgauge.service.ingest.replicas import Replicas
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.leading import Leader
from agentgauge.service.live import Landing, LiveEvents
from agentgauge.service.monitoring.floors import Floors
from agentgauge.service.monitoring.process import ProcessFigures
from agentgauge.service.readiness import ReadinessProbe
from agentgauge.service.recent_findings import RecentFindings
from agentgauge.service.security.auditing import Audit
from agentgauge.service.security.gate import Gate
from agentgauge.service.shared_budgets import SharedBudgets
from agentgauge.service.turns import Turns
from agentgauge.settings.server import ServerSettings
from agentgauge.state.changes_at_hand import ChangesAtHand
from agentgauge.state.database import state_of
from agentgauge.state.opening import served_state


class Runtime:
    def __init__(self, settings: ServerSettings) -> None:
        """Raises `AgentGaugeError` where something cannot be opened; what was open until then is closed."""
        self.settings = settings
        self.started = self.now()
        self.stopping = threading.Event()
        """Set when the process is told to end: what waits for something to happen ends then."""
        self.meter = Meter(settings.recording)
        with ExitStack() as opened:
            self.state = served_state(settings)
            opened.callback(self.state.close)
            if settings.database_url is None:
                # The same schema as `prepare` makes, without Alembic, whose import is a tenth of the start.
                state_of(settings.recording.home).upgrade()
            self.state.prepare()
            self.changes = ChangesAtHand(self.state.path)
            opened.callback(self.changes.close)
            self.gate = Gate(settings, self.state, self.now)
            self.audit = Audit(self.state, self.now)
            self.figures = ProcessFigures()
            self.cache = answer_cache(settings, self.figures)
            opened.callback(self.cache.close)
            self.live = LiveEvents(self.meter, opened=self.figures.snapshots.set)
            opened.callback(self.live.close)
            self.findings = RecentFindings()
            self.readiness = ReadinessProbe(settings.recording, self.state)
            self.floors = Floors(settings.recording.home.root / "run")
            self.heavy = Turns()
            self.landing = Landing(self.meter, failed=self.figures.landing_failures.inc)
            opened.callback(self.landing.close)
            self.landing.start()
            self.alerting = Alerting(self.state, settings.recording.home)
            self.jobs = Leader(Work(settings, self.state, self.now), self.now) if settings.jobs else None
            if self.jobs is not None:
                opened.callback(self.jobs.close)
                self.jobs.start()
            self.budgets = SharedBudgets(self.state, self.meter)
            opened.callback(self.budgets.close)
            self.replicas = Replicas(settings.recording)
            self.otlp = OtlpReader()
            self.receiver = Receiver(settings.recording, settings.ingest, clock=self.now)
            opened.callback(self.receiver.close)
            self._opened = opened.pop_all()

    def now(self) -> datetime:
        """The one clock of a server's answers; aware."""
        return datetime.now(UTC)

    def close(self) -> None:
        """Keep what was acknowledged, and let everything go, the last opened first. Again does nothing."""
        self._opened.close()
