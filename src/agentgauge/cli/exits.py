"""How a command ends.

    0    it did what was asked
    1    it answers with a finding: `doctor` found problems, `prices` knows no price, `import` could not keep all
    2    it was asked wrongly, or cannot be done as asked: one line on standard error says what to do; a terminal
         wraps it between words
    130  Ctrl-C
    141  the reader of its output went away, as `head` does; nothing is said

An error that is none of these is a defect and shows its traceback.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import textwrap
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from agentgauge.cli.mistakes import usage_message
from agentgauge.errors import AgentGaugeError

FINDING = 1
WRONGLY_ASKED = 2
READER_GONE = 141

_CONTROLS = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
"""Control characters of names, written out: an error is one line, and a terminal obeys none of it."""
_HELP_INSTEAD = "NoArgsIsHelpError"
"""How a group of commands that is given none ends: typer shows its help. Typer does not export it."""
_MAY_NOT = (errno.EACCES, errno.EPERM, errno.EROFS)


class ExitCodes(TyperGroup):
    """The group of all commands."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> Any:
        if not args:
            return super().make_context(info_name, args, *rest, **more)  # shows the help, by an exception of its own
        try:
            return super().make_context(info_name, args, *rest, **more)
        except TyperException as error:
            raise _ended(usage_message(error)) from error

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()
            raise typer.Exit(READER_GONE) from None
        except TyperException as error:
            if type(error).__name__ == _HELP_INSTEAD:
                raise
            raise _ended(usage_message(error)) from error
        except AgentGaugeError as error:
            raise _ended(str(error)) from error
        except OSError as error:
            place = "" if error.filename is None else f"{error.filename}: "
            advice = "; make it writable, or name another place" if error.errno in _MAY_NOT else ""
            raise _ended(f"{place}{error.strerror or error}{advice}") from error
        return result


def _ended(message: str) -> typer.Exit:
    text = f"error: {message}".translate(_CONTROLS)
    typer.echo(at_words(text), err=True)
    return typer.Exit(WRONGLY_ASKED)


def at_words(line: str) -> str:
    """A line for standard error, which a terminal is not left to break inside words."""
    if not sys.stderr.isatty():
        return line
    columns = shutil.get_terminal_size().columns
    return textwrap.fill(line, columns, break_long_words=False, break_on_hyphens=False)


def _discard_output() -> None:
    """What is still buffered goes nowhere: else the interpreter complains about it on its way out."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
