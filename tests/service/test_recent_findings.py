"""Findings that are asked for often are found anew only now and then."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from agentgauge.errors import LakeError
from agentgauge.policies.findings import Period
from agentgauge.service.recent_findings import RecentFindings
from agentgauge.service.reports.recommendations import Findings

_END = datetime(2026, 11, 21, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Finder:
    """Finds something else each time, which takes a while by the clock."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds, self.times = clock, seconds, 0

    def __call__(self) -> Findings:
        self.clock.now += self.seconds
        self.times += 1
        return Findings(
            period=Period(_END - timedelta(days=30), _END),
            cost_usd=Decimal(self.times),
            unpriced_calls=0,
            calls=0,
            calls_without_span=0,
            findings=(),
            way="raw",
        )


@pytest.mark.parametrize(("took", "kept"), [(0.01, 0.2), (2.0, 40.0), (60.0, 300.0)])
def test_findings_are_kept_twenty_times_as_long_as_they_took_and_five_minutes_at_most(took: float, kept: float) -> None:
    clock = Clock()
    find, recent = Finder(clock, took), RecentFindings(clock)
    recent.findings("web", find)
    clock.now += kept * 0.99
    recent.findings("web", find)
    assert find.times == 1
    clock.now += kept * 0.02
    recent.findings("web", find)
    assert find.times == 2


def test_each_key_has_its_own_and_fresh_ones_are_found_now() -> None:
    clock = Clock()
    find, recent = Finder(clock, 5), RecentFindings(clock)
    found = [recent.findings(key, find).cost_usd for key in ("web", "billing", "web")]
    assert found == [1, 2, 1]
    assert recent.findings("web", find, fresh=True).cost_usd == 3
    assert recent.findings("web", find).cost_usd == 3


def test_one_finds_while_others_wait() -> None:
    clock, gate, entered = Clock(), threading.Event(), threading.Event()
    find, recent = Finder(clock, 5), RecentFindings(clock)

    def slow() -> Findings:
        entered.set()
        assert gate.wait(30)
        return find()

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(recent.findings, "web", slow)
        assert entered.wait(30)
        others = [threads.submit(recent.findings, "web", find) for _ in range(3)]
        gate.set()
        assert {future.result().cost_usd for future in (first, *others)} == {1}


def test_what_failed_is_tried_again() -> None:
    clock = Clock()
    recent = RecentFindings(clock)

    def fail() -> Findings:
        raise LakeError("busy")

    with pytest.raises(LakeError):
        recent.findings("web", fail)
    assert recent.findings("web", Finder(clock, 1)).cost_usd == 1


def test_no_more_than_a_hundred_are_kept() -> None:
    clock = Clock()
    find, recent = Finder(clock, 1), RecentFindings(clock)
    for number in range(101):
        recent.findings(number, find)
    clock.now = 0
    recent.findings(100, find)
    assert find.times == 101
    recent.findings(0, find)
    assert find.times == 102
