"""The doctor finds what was lost and what needs attention, and changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import agentgauge
from agentgauge.meter import Meter
from agentgauge.service.doctor import UnpricedModel, diagnose
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
    assert diagnose(meter).problems == ("4 events lost: negative tokens, missing field",)


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
    assert (loss.file, loss.byte) == (segment.name, offset)


def test_a_model_without_a_price_is_named(meter: Meter) -> None:
    with agentgauge.open(meter.settings.home.root) as gauge:
        gauge.llm_call("nobody-knows-this-model", input_tokens=1)
        found = diagnose(meter)
    assert found.unpriced == (UnpricedModel("nobody-knows-this-model", None, 1),)
    assert "1 call unpriced: no price is known for 'nobody-knows-this-model' (1)." in found.problems[0]


def test_a_price_is_advised_for_calls_that_land_later_and_repricing_for_those_that_have(meter: Meter) -> None:
    """Of two calls the one that lands after the price has it, and the other stays unpriced until it is repriced."""
    home = meter.settings.home
    with agentgauge.open(home.root) as gauge:
        gauge.llm_call("in-house-7b", input_tokens=1)
    meter.lake.compact()
    (problem,) = diagnose(meter).problems
    assert f"One added to {home.prices} holds for calls that land in the lake from then on" in problem
    assert "'agentgauge reprice'" in problem
    home.prices.write_text('[[price]]\nmodel = "in-house-7b"\ninput = 1\noutput = 2\nsource = "the bill"\n')
    with agentgauge.open(home.root) as gauge:
        gauge.llm_call("in-house-7b", input_tokens=1)
    after = Meter(meter.settings)
    after.lake.compact()
    assert diagnose(after).unpriced == (UnpricedModel("in-house-7b", None, 1),)
    after.lake.reprice()
    assert diagnose(after).unpriced == ()


def test_a_provider_is_named_where_the_model_has_a_price_without_it(meter: Meter) -> None:
    with agentgauge.open(meter.settings.home.root) as gauge:
        gauge.llm_call("gpt-4o", "corner-shop", input_tokens=1)
        gauge.llm_call("nobody-knows-this-model", "corner-shop", input_tokens=1)
        gauge.llm_call("nobody-knows-this-model", "openai", input_tokens=1)
    found = diagnose(meter)
    assert found.unpriced == (
        UnpricedModel("nobody-knows-this-model", None, 2),
        UnpricedModel("gpt-4o", "corner-shop", 1),
    )
    assert "'gpt-4o' billed by 'corner-shop' (1)" in found.problems[0]


def test_what_was_kept_but_altered_is_told_apart_from_what_is_lost(meter: Meter) -> None:
    with agentgauge.open(meter.settings.home.root) as gauge:
        gauge.tool_call("")
        gauge.tool_call("bash", at=datetime(2999, 1, 1, tzinfo=UTC))
    found = diagnose(meter)
    assert {loss.reason: loss.kept for loss in found.losses} == {"missing field": False, "future time": True}
    assert found.problems == ("1 event lost: missing field", "1 event kept, but altered: future time")


def test_losses_and_unpriced_calls_before_a_window_are_no_problems_of_it(meter: Meter) -> None:
    with agentgauge.open(meter.settings.home.root) as gauge:
        gauge.tool_call("")
        gauge.llm_call("nobody-knows-this-model", input_tokens=1)
    now = datetime.now(UTC)
    assert len(diagnose(meter, now - timedelta(days=1)).problems) == 2
    later = diagnose(meter, now + timedelta(days=1))
    assert (later.losses, later.unpriced, later.problems) == ((), (), ())


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AGENTGAUGE_DISABLED", "1"), ("ENABLE_METRICS", "false"), ("ENABLE_METRICS_PERSISTENCE", "0")],
)
def test_recording_that_is_switched_off_is_a_problem(tmp_path: Path, variable: str, value: str) -> None:
    settings = get_settings(tmp_path / "home", environ={variable: value})
    (problem,) = diagnose(Meter(settings)).problems
    assert f"switched off by {variable}={value}" in problem
