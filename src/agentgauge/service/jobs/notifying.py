"""The job that tells people what happened to alerts, and sends the reports that were written."""

from __future__ import annotations

from datetime import datetime

from agentgauge.errors import SettingsError
from agentgauge.service.jobs.job import Work
from agentgauge.service.notifying.dispatching import send_due
from agentgauge.service.notifying.reporting import send_reports
from agentgauge.settings.notifying import NotifyingSettings, get_notifying_settings


def send_notifications(work: Work, scheduled: datetime) -> str:
    """Send what is due now, whenever the job was: what a channel is told of follows from what happened since.

    While the settings cannot be used, as where somebody mistypes a rule in the same file, people are told through the
    channels that there were before, and the job fails with what is wrong.
    """
    try:
        settings = get_notifying_settings(work.settings.recording.home)
    except SettingsError as error:
        if work.notifying is None:
            raise
        said = _send(work, work.notifying)
        raise SettingsError(f"{error}; with the channels as they were before: {said}") from error
    work.notifying = settings
    return _send(work, settings)


def _send(work: Work, settings: NotifyingSettings) -> str:
    """Alerts first: a report can wait."""
    said = send_due(settings, work.state, work.now, work.ending.is_set)
    return ", ".join(filter(None, (said, send_reports(settings, work.state, work.now, work.ending.is_set))))
