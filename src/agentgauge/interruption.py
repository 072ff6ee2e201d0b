"""Telling what a signal's handler raised from what the interrupted code raised.

CPython runs a handler right behind a C call of the main thread, inside the same `try`. A program that ends its slow
steps with `signal.setitimer` and a handler that raises TimeoutError, which is an OSError, would have it taken for the
disk's answer, or for that of a value that was given, and never see it. `BudgetExceeded`, which recording raises because
the program asked for it, is the program's too.
"""

from __future__ import annotations

import sys
from functools import partial
from types import CodeType

from agentgauge.errors import BudgetExceeded


def is_interruption(error: BaseException) -> bool:
    """Whether a budget's end, or a handler of a signal, raised `error`, in or below the frame that asks: pass it on to
    the program.

    A handler is told by the frames of the traceback. What a C call raised in the frame that asks has no other frame,
    which is seen at once.
    """
    if isinstance(error, BudgetExceeded):
        return True
    trace = error.__traceback__
    below = None if trace is None else trace.tb_next
    if below is None:
        return False
    handlers = _handlers()
    while below is not None:
        if below.tb_frame.f_code in handlers:
            return True
        below = below.tb_next
    return False


def _handlers() -> set[CodeType]:
    signal = sys.modules.get("signal")
    if signal is None:  # who has set a handler has imported it
        return set()
    codes = set()
    for number in signal.valid_signals():
        handler: object = signal.getsignal(number)
        while isinstance(handler, partial):
            handler = handler.func
        for function in (handler, vars(type(handler)).get("__call__")):  # a function, or an object that can be called
            code = getattr(function, "__code__", None)
            if isinstance(code, CodeType):
                codes.add(code)
    return codes
