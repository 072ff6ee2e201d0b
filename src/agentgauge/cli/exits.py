"""How a command ends.

    0    it did what was asked
    1    it answers with a finding: `doctor` found problems, `prices` knows no price
    2    it was asked wrongly, or cannot be done as asked: one line on standard error says what to do
    130  Ctrl-C
    141  the reader of its output went away, as `head` does; nothing is said

An error that is none of these is a defect and shows its traceback.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from agentgauge.errors import AgentGaugeError

FINDING = 1
WRONGLY_ASKED = 2
READER_GONE = 141


class ExitCodes(TyperGroup):
    """The group of all commands."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()
            raise typer.Exit(READER_GONE) from None
        except AgentGaugeError as error:
            raise _ended(str(error)) from error
        except OSError as error:
            place = "" if error.filename is None else f"{error.filename}: "
            raise _ended(f"{place}{error.strerror or error}") from error
        return result


def _ended(message: str) -> typer.Exit:
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(WRONGLY_ASKED)


def _discard_output() -> None:
    """What is still buffered goes nowhere: else the interpreter complains about it on its way out."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
