"""The job that tells people, while somebody edits what it is to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agentgauge.errors import SettingsError
from agentgauge.service.jobs.job import Work
from agentgauge.service.jobs.notifying import send_notifications
from agentgauge.settings.server import get_server_settings
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.opening import served_state
from tests.service.notifying.receivers import http_receiver

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SILENCE = Detected(condition="silence", type="no_data", severity="critical", metric="events", message="silence")


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    settings = get_server_settings(tmp_path, {})
    state = served_state(settings)
    state.prepare()
    yield Work(settings, state, lambda: NOON)
    state.close()


def test_while_settings_cannot_be_used_people_are_told_as_they_were_before(work: Work) -> None:
    file = work.settings.recording.home.alerts
    with http_receiver() as received:
        channel = f'[[channel]]\nname = "hook"\nurl = "{received.url}"\n'
        file.write_text(channel)
        send_notifications(work, NOON)
        file.write_text(f"{channel}[[rule]\n")
        AlertBook(work.state).detect(SILENCE, NOON)
        with pytest.raises(
            SettingsError, match=r"is not valid TOML.*with the channels as they were before: 1 message sent"
        ):
            send_notifications(work, NOON)
        assert len(received.all) == 1
        file.write_text(channel)
        assert send_notifications(work, NOON) == "0 messages sent"


def test_a_process_that_ends_leaves_the_channels_that_wait_to_the_next(work: Work) -> None:
    def end() -> bool:
        work.ending.set()
        return True

    with http_receiver(answer=end) as received:
        names = [f'[[channel]]\nname = "hook{number}"\nurl = "{received.url}"\n' for number in range(3)]
        work.settings.recording.home.alerts.write_text("".join(names))
        send_notifications(work, NOON)
        AlertBook(work.state).detect(SILENCE, NOON)
        assert send_notifications(work, NOON) == "1 message sent"
        assert len(received.all) == 1
        assert send_notifications(Work(work.settings, work.state, lambda: NOON), NOON) == "2 messages sent"


def test_settings_that_could_never_be_used_are_what_is_wrong(work: Work) -> None:
    work.settings.recording.home.alerts.write_text("[[channel]\n")
    with pytest.raises(SettingsError, match="is not valid TOML"):
        send_notifications(work, NOON)
