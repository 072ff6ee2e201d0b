"""Errors on their way from one process to another: what a worker raises, who started it reads."""

from __future__ import annotations

import copy
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal

import pytest

from agentgauge import errors
from agentgauge.errors import (
    AgentGaugeError,
    BudgetExceeded,
    EventRefused,
    JournalUnavailable,
    NotFound,
    QueryError,
    RangeConflict,
    RangeRefused,
    ServerBusy,
)

RAISED = (
    BudgetExceeded(
        "budget ticket:T: nothing is left",
        budget="ticket:T",
        limit_usd=Decimal(5),
        spent_usd=Decimal("4.95"),
        reserved_usd=Decimal(0),
        asked_usd=Decimal("0.20"),
    ),
    EventRefused("wrong type", "model is text"),
    QueryError("no such column", field="group_by", allowed=["model", "agent"]),
    NotFound("no such agent", field="agent"),
    ServerBusy("try again", 7),
    RangeConflict("there is more", 12),
    RangeRefused("no line", 3, 9),
    JournalUnavailable("/home is read-only"),
)
WAIT_S = 60
"""A pool whose worker's error cannot be read waits for ever."""


def _raise(place: int) -> None:
    raise RAISED[place]


def _same(error: BaseException, raised: AgentGaugeError) -> bool:
    said = {name: value for name, value in vars(error).items() if name != "__notes__"}
    return (type(error), error.args, str(error), said) == (type(raised), raised.args, str(raised), vars(raised))


@pytest.mark.parametrize("place", range(len(RAISED)), ids=[type(raised).__name__ for raised in RAISED])
def test_a_copy_of_an_error_says_all_that_it_says(place: int) -> None:
    assert _same(copy.copy(RAISED[place]), RAISED[place])


def test_each_error_that_holds_more_than_a_message_is_compared() -> None:
    known = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AgentGaugeError)]
    assert {kind for kind in known if "__init__" in vars(kind)} <= {type(raised) for raised in RAISED}


def test_what_the_worker_of_a_pool_raises_reaches_who_waits_for_it() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for place, raised in enumerate(RAISED):
            with pytest.raises(type(raised)) as reached:
                pool.map_async(_raise, [place]).get(WAIT_S)
            assert _same(reached.value, raised)


def test_an_executor_of_processes_goes_on_after_an_error() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        for place, raised in enumerate(RAISED):
            error = executor.submit(_raise, place).exception(WAIT_S)
            assert error is not None
            assert _same(error, raised)
