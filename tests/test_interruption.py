"""What a signal's handler raised is told from what the interrupted code raised."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial

import pytest

from agentgauge.interruption import is_interruption
from tests.journal.interruptions import Alarm, raising


class _Timeouts:
    def method(self, *_: object) -> None:
        raise Alarm

    def __call__(self, *_: object) -> None:
        raise Alarm


@pytest.mark.parametrize("handler", [None, _Timeouts().method, _Timeouts(), partial(_Timeouts().method, "x")])
def test_what_a_handler_raised_is_told_by_its_frame(handler: Callable[..., object] | None) -> None:
    def is_from_handler(raises: Callable[[], object]) -> bool:
        try:
            raises()
        except (Alarm, ValueError) as error:
            return is_interruption(error)
        raise AssertionError

    def fail() -> None:
        raise Alarm

    with raising(handler):
        assert is_from_handler(partial(signal.raise_signal, signal.SIGINT))
        assert not is_from_handler(fail)
        assert not is_from_handler(partial(int, "x"))
