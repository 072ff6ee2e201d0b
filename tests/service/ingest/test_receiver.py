"""What a receiver acknowledges is on the disk, and what it refuses is said."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import EventRefused, ServerBusy
from agentgauge.events import Event
from agentgauge.events.checked import Checked
from agentgauge.events.event import to_micros
from agentgauge.events.source_ids import TIMED
from agentgauge.journal.disk import Disk
from agentgauge.journal.receiving import ReceivingJournal
from agentgauge.journal.series import SegmentOptions
from agentgauge.meter import Meter
from agentgauge.service.doctor import diagnose
from agentgauge.service.ingest.receiver import Receiver
from agentgauge.service.security.principal import LOCAL
from agentgauge.settings.ingest import IngestSettings
from tests.service.ingest.places import BANK, SHOP, SHOP_AND_BANK, compact, losses, names, rows, settings_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@contextmanager
def receiving(home: Path, journal: ReceivingJournal | None = None, **environment: str) -> Iterator[Receiver]:
    receiver = Receiver(
        settings_of(home, **environment), IngestSettings(attribute_bytes=1000), clock=lambda: NOW, journal=journal
    )
    try:
        yield receiver
    finally:
        receiver.close()


def task(name: str, **values: object) -> Event:
    return Event(kind="task", name=name, time=values.pop("time", NOW), **values)  # type: ignore[arg-type]


def test_events_are_kept_with_their_arrival_and_rejections_name_their_place(tmp_path: Path) -> None:
    earlier = NOW - timedelta(hours=1)
    with receiving(tmp_path) as receiver:
        received = receiver.receive(
            [task("a", time=earlier), Event(kind="task", time=NOW), EventRefused("not an event", "why"), task("b")],
            LOCAL,
        )
        receiver.commit(received)
    assert (received.accepted, [item.index for item in received.rejected]) == (2, [1, 2])
    assert [item.reason for item in received.rejected] == ["missing field: task needs name", "not an event: why"]
    assert rows(tmp_path, "name, time, arrived") == [("a", earlier, NOW), ("b", NOW, NOW)]


def test_reasons_repeat_no_value_that_was_sent(tmp_path: Path) -> None:
    secret = "sk-verysecret"
    wrong = [
        Event(kind=secret, time=NOW),
        task("a", outcome=secret),
        task("a", project=secret),
        task("a", unit=secret),
        task("a", attributes={"a": secret * 1000}),
    ]
    with receiving(tmp_path) as receiver:
        received = receiver.receive(wrong, SHOP)
        receiver.commit(received)
    assert len(received.rejected) == len(wrong)
    assert secret not in str(received)


def test_a_time_up_to_five_minutes_ahead_stands_and_a_later_one_is_an_attribute(tmp_path: Path) -> None:
    near, far = NOW + timedelta(minutes=5), NOW + timedelta(minutes=5, seconds=1)
    with receiving(tmp_path) as receiver:
        receiver.commit(receiver.receive([task("far", time=far), task("near", time=near)], LOCAL))
    assert rows(tmp_path, "name, time, attributes->>'stated_time'") == [
        ("far", NOW, far.isoformat()),
        ("near", near, None),
    ]
    assert losses(tmp_path) == [("future time", 1)]


def test_a_sender_of_one_project_records_into_it_and_into_no_other(tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        received = receiver.receive([task("a"), task("b", project="shop"), task("c", project="bank")], SHOP)
        receiver.commit(received)
    assert [(item.index, item.reason) for item in received.rejected] == [
        (2, "foreign project: project is none that this key may record into")
    ]
    assert rows(tmp_path, "name, project") == [("a", "shop"), ("b", "shop")]


def test_a_sender_of_several_projects_has_to_name_one(tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        received = receiver.receive([task("a"), task("b", project="bank")], SHOP_AND_BANK)
    assert [item.index for item in received.rejected] == [0]


def test_events_of_senders_without_limits_may_have_no_project_or_the_servers_default(tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        receiver.receive([task("a")], LOCAL)
    with receiving(tmp_path, AGENTGAUGE_PROJECT="house") as receiver:
        receiver.receive([task("b")], LOCAL)
    assert rows(tmp_path, "name, project") == [("a", None), ("b", "house")]


@pytest.mark.parametrize("landed", [False, True], ids=["in the journal", "in the lake"])
def test_an_id_of_another_projects_event_neither_replaces_it_nor_is_kept_out(tmp_path: Path, landed: bool) -> None:
    with receiving(tmp_path) as receiver:
        receiver.receive([task("a", source_id="1", duration_ms=5.0)], SHOP)
        if landed:
            compact(tmp_path)
        receiver.receive([task("b", source_id="1", duration_ms=7.0)], BANK)
        receiver.receive([task("a", source_id="1", duration_ms=5.0)], SHOP)
    assert rows(tmp_path, "name, duration_ms, project") == [("a", 5.0, "shop"), ("b", 7.0, "bank")]


def test_ids_of_spans_are_their_projects_own_and_are_still_looked_for_by_their_time(tmp_path: Path) -> None:
    def span() -> Checked:
        return Checked("task", to_micros(NOW), {"name": "a", "source_id": f"{TIMED}t:1"})

    with receiving(tmp_path) as receiver:
        for principal in (SHOP, SHOP, BANK, LOCAL):
            receiver.commit(receiver.receive([span()], principal))
            compact(tmp_path)
    assert sorted(rows(tmp_path, "source_id")) == [("otlp:bank/t:1",), ("otlp:shop/t:1",), ("otlp:t:1",)]


def test_money_is_kept_to_the_digit(tmp_path: Path) -> None:
    cost = Decimal("0.123456789012")
    with receiving(tmp_path) as receiver:
        receiver.receive([Event(kind="tool_call", name="search", time=NOW, cost_usd=cost)], LOCAL)
    assert rows(tmp_path, "cost_usd, cost_source") == [(cost, "reported")]


def test_requests_of_an_event_loop_wait_together(tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:

        async def everyone() -> None:
            waiting = [receiver.kept(lambda number=number: [task(f"{number:02}")], LOCAL) for number in range(50)]  # type: ignore[misc]
            received = await asyncio.gather(*waiting)
            assert all(one.accepted == 1 for one in received)

        asyncio.run(everyone())
    assert names(tmp_path) == [f"{number:02}" for number in range(50)]


def test_nothing_is_acknowledged_that_the_disk_refused_to_sync(tmp_path: Path) -> None:
    failing = _RefusingDisk()
    with receiving(tmp_path, _journal(tmp_path, failing)) as receiver:
        received = receiver.receive([task("a")], LOCAL)
        failing.refuses = True
        with pytest.raises(ServerBusy):
            receiver.commit(received)
        failing.refuses = False
        with pytest.raises(ServerBusy):  # the next sync succeeds, and says nothing of what was written before
            receiver.commit(received)
        receiver.commit(receiver.receive([task("b")], LOCAL))


def test_a_batch_that_a_full_journal_has_no_room_for_is_kept_in_no_part_and_counted_nowhere(tmp_path: Path) -> None:
    journal = _journal(tmp_path, Disk(), max_bytes=300 << 10)
    many = [task(f"{number:05}", attributes={"x": "y" * 500}) for number in range(1000)]
    with receiving(tmp_path, journal) as receiver:
        receiver.commit(receiver.receive([task("a")], LOCAL))
        with pytest.raises(ServerBusy, match="journal full") as refused:
            receiver.receive(many, LOCAL)
        assert refused.value.retry_after_s > 0
        receiver.commit(receiver.receive([task("b")], LOCAL))
    assert (names(tmp_path), losses(tmp_path)) == (["a", "b"], [])


def test_a_server_that_keeps_nothing_acknowledges_nothing(tmp_path: Path) -> None:
    with (
        receiving(tmp_path, AGENTGAUGE_DISABLED="1") as receiver,
        pytest.raises(ServerBusy, match="AGENTGAUGE_DISABLED=1"),
    ):
        receiver.receive([task("a")], LOCAL)


def test_the_doctor_tells_what_was_refused_over_the_network_from_what_was_lost(tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        receiver.commit(receiver.receive([Event(kind="task", time=NOW)] * 3, SHOP))
    with agentgauge.open(home=tmp_path) as gauge:
        gauge.task("a", duration_ms=-1)
    found = diagnose(Meter(settings_of(tmp_path)))
    assert {(loss.reason, loss.count) for loss in found.losses} == {
        ("refused over the network: missing field", 3),
        ("negative duration", 1),
    }
    assert "1 event lost: negative duration" in found.problems
    assert "3 events refused over the network, which whoever sent them was told: missing field" in found.problems


class _RefusingDisk(Disk):
    refuses = False

    def sync(self, descriptor: int) -> None:
        if self.refuses:
            raise OSError(errno.EIO, "the disk refuses")
        super().sync(descriptor)


def _journal(home: Path, disk: Disk, max_bytes: int = 1 << 30) -> ReceivingJournal:
    options = SegmentOptions(max_bytes=max_bytes)
    return ReceivingJournal.open(home, options=options, disk=disk)
