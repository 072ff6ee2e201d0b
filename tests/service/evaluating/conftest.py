"""A home for rules to be evaluated in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentgauge.service.jobs.job import Work
from agentgauge.settings.server import get_server_settings
from agentgauge.state.opening import served_state
from tests.service.evaluating.recorded import NOW


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    settings = get_server_settings(tmp_path)
    state = served_state(settings)
    state.prepare()
    yield Work(settings, state, lambda: NOW)
    state.close()
