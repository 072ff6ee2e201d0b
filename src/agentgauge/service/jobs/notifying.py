"""The job that tells people what happened to alerts."""

from __future__ import annotations

from datetime import datetime

from agentgauge.service.jobs.job import Work
from agentgauge.service.notifying.dispatching import send_due
from agentgauge.settings.notifying import get_notifying_settings


def send_notifications(work: Work, scheduled: datetime) -> str:
    """Send what is due now, whenever the job was: what a channel is told of follows from what happened since."""
    return send_due(get_notifying_settings(work.settings.recording.home), work.state, work.now)
