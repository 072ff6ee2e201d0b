"""What a home is, and what it cannot be."""

from __future__ import annotations

import pytest

from agentgauge.errors import SettingsError
from agentgauge.settings import get_settings


@pytest.mark.parametrize("url", ["http://gauge:8000", "https://kim:hunter2@gauge.example.org"])
def test_a_home_that_is_a_server_is_told_how_events_are_sent_to_one(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        get_settings(None, {"AGENTGAUGE_HOME": url})
    said = str(refused.value)
    assert "a home is a directory or an object store" in said
    assert "sent to a server by AGENTGAUGE_ENDPOINT" in said
    assert "hunter2" not in said
