"""The runtime: what one process of the server is made of, settings turned into objects. Made once per process."""

from __future__ import annotations

from datetime import UTC, datetime

from agentgauge.integrations.otlp.reader import OtlpReader
from agentgauge.meter import Meter
from agentgauge.service.cache import answer_cache
from agentgauge.service.ingest.receiver import Receiver
from agentgauge.service.ingest.replicas import Replicas
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.leading import Leader
from agentgauge.service.live import Landing, LiveEvents
from agentgauge.service.monitoring.floors import Floors
from agentgauge.service.monitoring.process import ProcessFigures
from agentgauge.service.readiness import ReadinessProbe
from agentgauge.service.security.auditing import Audit
from agentgauge.service.security.gate import Gate
from agentgauge.service.turns import Turns
from agentgauge.settings.server import ServerSettings
from agentgauge.state.opening import served_state


class Runtime:
    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.started = self.now()
        self.meter = Meter(settings.recording)
        self.state = served_state(settings)
        self.state.prepare()
        self.gate = Gate(settings, self.state, self.now)
        self.audit = Audit(self.state, self.now)
        self.live = LiveEvents(self.meter)
        self.landing = Landing(self.meter)
        self.cache = answer_cache(settings)
        self.readiness = ReadinessProbe(settings.recording, self.state)
        self.figures = ProcessFigures()
        self.floors = Floors(settings.recording.home.root / "run")
        self.receiver = Receiver(settings.recording, settings.ingest, clock=self.now)
        self.replicas = Replicas(settings.recording)
        self.otlp = OtlpReader()
        self.jobs = Leader(Work(settings, self.state), self.now) if settings.jobs else None
        self.heavy = Turns()
        self.landing.start()
        if self.jobs is not None:
            self.jobs.start()

    def now(self) -> datetime:
        """The one clock of a server's answers; aware."""
        return datetime.now(UTC)

    def close(self) -> None:
        """Keep what was acknowledged, and let everything go."""
        self.receiver.close()
        if self.jobs is not None:
            self.jobs.close()
        self.landing.close()
        self.live.close()
        self.cache.close()
        self.state.close()
