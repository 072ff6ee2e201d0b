"""The program's own timeouts, kept by signals, end its recording calls and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

import agentgauge
from tests.journal.interruptions import interrupted_at
from tests.recorder.reading import events

# Interrupted between opening a file and the block that closes it, only the collector does, which Python remarks upon.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


def _short(gauge: agentgauge.Gauge) -> None:
    gauge.llm_call("first", input_tokens=3, cost_usd=0.1, run="r")


def _general(gauge: agentgauge.Gauge) -> None:
    gauge.llm_call("first", tier="batch", cost_usd="0.1", attributes={"key": [1]}, run="r")


def _spanned(gauge: agentgauge.Gauge) -> None:
    with gauge.scope(run="r"), gauge.span("step", "llm_call", model="first"):
        pass


@pytest.mark.parametrize("record", [_short, _general, _spanned])
def test_a_call_interrupted_anywhere_raises_and_its_event_is_recorded_at_most_once(
    home: Path, record: Callable[[agentgauge.Gauge], None]
) -> None:
    with agentgauge.open(home) as gauge:
        gauge.llm_call("before")
        for moment in itertools.count(1):
            if not interrupted_at(moment, lambda: record(gauge)):
                break
            assert gauge._current.get() is gauge._base or record is _spanned
        gauge.llm_call("after")
    assert moment > 4
    models = [event.model for event in events(home)]
    assert (models[0], models[-1]) == ("before", "after")
    assert 1 <= models.count("first") <= moment
    assert gauge.health().refused == gauge.health().dropped == {}
    assert len({(event.segment, event.n) for event in events(home)}) == len(models)
