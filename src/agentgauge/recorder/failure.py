"""What an exception says, as the fields of an event: outcome, type, category and message."""

from __future__ import annotations

import sys

from agentgauge.interruption import is_interruption
from agentgauge.recorder.error_category import ErrorCategory, category_of

MESSAGE_CHARACTERS = 200
"""Of an error message that nobody wrote for us to keep: messages of providers repeat prompts."""


def failure_of(error: BaseException) -> dict[str, object]:
    """`outcome`, `error_type`, `error_category` and `error_message` of an exception, without a message where it has
    none.

    A TimeoutError, and what a library raises in its place, is a timeout; Ctrl-C, cancellation and a closed generator
    are interruptions.
    """
    kind, category = type(error), category_of(error)  # its class as it is, not as its attributes say
    if issubclass(kind, TimeoutError):
        outcome = "timeout"
    elif issubclass(kind, (KeyboardInterrupt, GeneratorExit)) or _is_cancellation(kind):
        outcome = "interrupted"
    else:
        outcome = "timeout" if category is ErrorCategory.TIMEOUT else "error"
    try:
        message = str(error).encode("utf-8", "replace").decode()
    except Exception as unspeakable:  # the __str__ of somebody's exception; theirs goes on to the caller
        if is_interruption(unspeakable):
            raise
        message = f"its text raised {type(unspeakable).__name__}"
    return {
        "outcome": outcome,
        "error_type": kind.__qualname__,
        "error_category": category.value,
        "error_message": message or None,
    }


def _is_cancellation(kind: type[BaseException]) -> bool:
    asyncio = sys.modules.get("asyncio")  # importing it takes longer than all of recording
    return asyncio is not None and issubclass(kind, asyncio.CancelledError)
