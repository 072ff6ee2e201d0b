"""How the reader calls this program: what a suggested command begins with."""

from __future__ import annotations

import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

NAME = "agentgauge"


def program_name() -> str:
    """`agentgauge` where the shell finds it, else the path of the script, else `python -m agentgauge`.

    A path below the working directory is relative to it.
    """
    if shutil.which(NAME):
        return NAME
    started = Path(sys.argv[0])
    if started.stem == NAME and started.is_file():
        return _typed(started)
    if installed := shutil.which(NAME, path=sysconfig.get_path("scripts")):
        return _typed(Path(installed))
    return f"{_typed(Path(sys.executable))} -m {NAME}"


def _typed(path: Path) -> str:
    place, here = path.absolute(), Path.cwd()
    if not place.is_relative_to(here):
        return shlex.quote(str(place))
    return shlex.quote(f"{'./' if place.parent == here else ''}{place.relative_to(here)}")
