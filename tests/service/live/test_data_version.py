"""The data version names what there is to read, without reading it."""

from __future__ import annotations

import agentgauge
from agentgauge.meter import Meter
from agentgauge.service.live.data_version import DataVersion, DataVersions


def versions(meter: Meter, prices: str = "p1") -> DataVersions:
    return DataVersions(meter.settings.home, prices)


def record(gauge: agentgauge.Gauge, count: int = 1, **scope: str) -> None:
    with gauge.scope(**scope):
        for _ in range(count):
            gauge.llm_call("gpt-4o", "openai", input_tokens=1)


def test_a_home_of_nothing_has_a_version(meter: Meter) -> None:
    assert versions(meter).look().text.startswith("-1.")
    assert not meter.settings.home.root.exists()


def test_each_event_changes_it(meter: Meter, gauge: agentgauge.Gauge) -> None:
    looking = versions(meter)
    seen = set()
    for _ in range(20):
        record(gauge)
        seen.add(looking.look().text)
        assert looking.look().text in seen
    assert len(seen) == 20


def test_it_stays_while_nothing_is_recorded(meter: Meter, gauge: agentgauge.Gauge) -> None:
    record(gauge, 3)
    looking = versions(meter)
    assert looking.look() == looking.look()


def test_who_looks_for_the_first_time_finds_what_the_others_find(meter: Meter, gauge: agentgauge.Gauge) -> None:
    looking = versions(meter)
    for count in (1, 5000, 1):  # more than one segment, and more than is read at once
        record(gauge, count)
        with agentgauge.open(meter.settings.home.root) as other:
            record(other, 2)
        assert looking.look() == versions(meter).look()
        meter.lake.compact()
        assert looking.look() == versions(meter).look()


def test_another_process_ending_changes_nothing_that_can_be_read(meter: Meter) -> None:
    looking = versions(meter)
    with agentgauge.open(meter.settings.home.root) as gauge:
        record(gauge)
        before = looking.look()
    assert looking.look() == before


def test_landing_changes_it(meter: Meter, gauge: agentgauge.Gauge) -> None:
    looking = versions(meter)
    record(gauge)
    before = looking.look()
    meter.lake.compact()
    after = looking.look()
    assert after.text != before.text
    assert after.text.startswith("1.")
    assert after.forgotten == before.forgotten


def test_forgetting_changes_it_and_what_is_recorded_afterwards_is_noticed(
    meter: Meter, gauge: agentgauge.Gauge
) -> None:
    looking = versions(meter)
    record(gauge, 3, user="ann")
    before = looking.look()
    record(gauge, 500, user="ann")  # unseen by `looking` when it is overwritten
    meter.lake.forget("ann")
    forgotten = looking.look()
    assert forgotten.text != before.text
    assert forgotten.forgotten != before.forgotten
    record(gauge, 1, user="bob")
    assert looking.look().text != forgotten.text
    assert looking.look() == versions(meter).look()


def test_what_costs_are_computed_with_is_part_of_it(meter: Meter) -> None:
    assert versions(meter, "p1").look().text != versions(meter, "p2").look().text


def test_repricing_changes_it(meter: Meter, gauge: agentgauge.Gauge) -> None:
    record(gauge)
    meter.lake.compact()
    looking = versions(meter)
    before: DataVersion = looking.look()
    (meter.settings.home.prices).write_text(
        '[[price]]\nprovider = "openai"\nmodel = "gpt-4o"\ninput = "9"\noutput = "9"\n'
    )
    Meter(meter.settings).lake.reprice()
    assert looking.look() != before


def test_bytes_that_wait_to_land_are_counted(meter: Meter, gauge: agentgauge.Gauge) -> None:
    looking = versions(meter)
    assert looking.tail.bytes() == 0
    record(gauge)
    one = looking.tail.bytes()
    record(gauge)
    assert one < looking.tail.bytes() < 3 * one
    meter.lake.compact()
    assert looking.tail.bytes() == 0
    record(gauge)
    assert 0 < looking.tail.bytes() < 2 * one
