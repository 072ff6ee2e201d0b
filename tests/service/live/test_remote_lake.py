"""A lake on an object store is asked for its version every five seconds, and never on an event loop."""

from __future__ import annotations

from pathlib import Path

import pytest

import agentgauge
from agentgauge.engines import Measure, Query
from agentgauge.meter import Meter
from agentgauge.service.live import LiveEvents
from agentgauge.settings import get_settings
from tests.lake import test_object_store
from tests.service.live.clock import Clock

bucket, endpoint = test_object_store.bucket, test_object_store.endpoint  # fixtures


def record(home: str, count: int) -> None:
    with agentgauge.open(home) as gauge:
        for _ in range(count):
            gauge.llm_call("gpt-4o", "openai", input_tokens=1)


def counted(live: LiveEvents) -> int:
    with live.reading() as seen:
        return int(seen.engine.aggregate(Query(measures=(Measure("count"),))).rows[0][0])


def test_what_another_machine_landed_is_seen_five_seconds_later(
    bucket: str, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = LiveEvents(Meter(get_settings(bucket)), clock)
    record(bucket, 1)
    assert here.version_at_hand() is None  # asking takes longer than an event loop may wait
    assert counted(here) == 1
    assert here.version_at_hand() == here.version()

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # another machine: a journal of its own, the same bucket
    record(bucket, 2)
    Meter(get_settings(bucket)).lake.compact()
    assert counted(here) == 1
    clock.pass_seconds(5)
    assert here.version_at_hand() is None
    assert counted(here) == 3
    here.close()
