"""Words that were mistyped: what was probably meant, and the command line's own errors in one line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from typer.exceptions import TyperException

_CHOICE = re.compile(r"(?:Value error, )?'(?P<given>[^']*)' is not one of (?P<choices>'.*')\.?$", re.DOTALL)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`: did you mean agent?` for a choice that resembles `word`, or has it as a part; else nothing."""
    known = sorted(choices)
    lower = word.lower()
    near = difflib.get_close_matches(lower, known, n=1) or [
        name for name in known if lower and lower in name.split("-")
    ]
    return f": did you mean {near[0]}?" if near else ""


def usage_message(error: TyperException) -> str:
    """What typer says about an argument or option, as one sentence, and where the right ones are listed."""
    said = " ".join(error.format_message().replace("Value error, ", "").split()).rstrip(".")
    if choice := _CHOICE.search(error.message):
        said += did_you_mean(choice["given"], re.findall("'([^']*)'", choice["choices"]))
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "agentgauge"
    return f"{said[:1].lower()}{said[1:]}{'' if said.endswith('?') else ';'} see '{command} --help'"
