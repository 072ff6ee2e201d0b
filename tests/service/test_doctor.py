"""The doctor finds what was lost and what needs attention, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import agentgauge
from agentgauge.service.doctor import diagnose
from agentgauge.service.meter import Meter
from agentgauge.settings import get_settings


@pytest.fixture
def meter(tmp_path: Path) -> Meter:
    return Meter(get_settings(tmp_path / "home"))


def test_a_healthy_home_has_no_problems(meter: Meter) -> None:
    with agentgauge.open(meter.settings.home.root) as gauge:
        gauge.llm_call("gpt-4o", "openai", input_tokens=10)
        found = diagnose(meter)
    assert found.problems == ()
    assert (found.events, found.tail_events, len(found.segments), found.segments[0].live) == (1, 1, 1, True)


def test_a_home_that_does_not_exist_yet_is_not_made(meter: Meter) -> None:
    assert diagnose(meter).events == 0
    assert not meter.settings.home.root.exists()


def test_refused_events_are_found_by_another_process_and_survive_compaction(meter: Meter) -> None:
    with agentgauge.open(meter.settings.home.root) as gauge:
        for _ in range(3):
            gauge.llm_call("gpt-4o", input_tokens=-1)
        gauge.tool_call("")
    before = [(loss.reason, loss.count, loss.kept) for loss in diagnose(meter).losses]
    assert before == [("negative tokens", 3, False), ("missing field", 1, False)]
    meter.lake.compact()
    assert [(loss.reason, loss.count, loss.kept) for loss in diagnose(meter).losses] == before
    assert any("3 events lost: negative tokens" in problem for problem in diagnose(meter).problems)


def test_a_torn_record_is_named_with_file_and_byte(meter: Meter) -> None:
    with agentgauge.open(meter.settings.home.root) as gauge:
        gauge.tool_call("bash")
        gauge.tool_call("edit")
    (segment,) = meter.settings.home.journal.glob("*.seg")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-10])
    (loss,) = diagnose(meter).losses
    offset = whole.rindex(b"\n", 0, -1) + 1
    assert (loss.reason, loss.count) == ("torn record", 1)
    assert f"{segment.name} at byte {offset}" in loss.example


def test_a_model_without_a_price_is_named(meter: Meter) -> None:
    with agentgauge.open(meter.settings.home.root) as gauge:
        gauge.llm_call("nobody-knows-this-model", input_tokens=1)
        found = diagnose(meter)
    assert found.unpriced == (("nobody-knows-this-model", 1),)
    assert "unpriced" in found.problems[0]
