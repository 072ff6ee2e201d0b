"""The definitions, and the JavaScript that draws them: made once, kept compressed, and found by every later start.

    python -m agentgauge.charts.building FOLDER

makes them, in a process of its own: that takes 3 s and 150 MB. They are kept in the user's cache, in a folder that is
named for the versions they were made with, or among the temporary files where nothing can be written there. Two
processes that start at once may both make them; the first that is done is kept. What a killed one left is removed once
it is older than making can take.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from stat import S_IWGRP, S_IWOTH
from typing import Any

import msgspec
import platformdirs

from agentgauge.errors import AgentGaugeError

SCRIPT, DEFINITIONS = "vega.js", "charts.json"
_LONGEST_S = 120
_UNFINISHED = "making-"
_PACKAGES = ("agentgauge", "altair", "vl-convert-python")
_GZIP_LEVEL = 9
_making = threading.Lock()


class ChartsUnavailable(AgentGaugeError):
    """Charts cannot be made here; figures and tables can be shown all the same."""


class Asset(msgspec.Struct, frozen=True):
    body: bytes
    packed: bytes
    """By gzip."""
    tag: str
    """Digest of the body, for an address that never changes what it leads to."""


def asset_of(body: bytes) -> Asset:
    return Asset(body, gzip.compress(body, _GZIP_LEVEL, mtime=0), blake2b(body, digest_size=8).hexdigest())


@cache
def built(name: str) -> Asset:
    """`SCRIPT` or `DEFINITIONS`; made where they are not there yet, which takes seconds.

    Raises `ChartsUnavailable`.
    """
    return asset_of((_folder() / name).read_bytes())


@cache
def definitions() -> Mapping[str, Any]:
    """The definitions by their names, as `Chart.specification` takes them. Raises as `built`."""
    found: Mapping[str, Any] = msgspec.json.decode(built(DEFINITIONS).body)
    return found


def _folder() -> Path:
    """Where they are."""
    with _making:
        for place in _places():
            if _is_ours(place) and _is_whole(place / versions()):
                return place / versions()
        reasons = []
        for place in _places():
            try:
                if not _is_ours(place):
                    raise PermissionError(None, "others may write there")
                return _make(place)
            except OSError as error:
                reasons.append(f"{place}: {error.strerror or error}")
        raise ChartsUnavailable(f"the parts of charts can be kept nowhere: {'; '.join(reasons)}")


def _make(place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove_left(place)
    with tempfile.TemporaryDirectory(dir=place, prefix=_UNFINISHED) as made:
        try:
            done = subprocess.run(  # noqa: S603 - this module, by this interpreter
                [sys.executable, "-m", "agentgauge.charts.building", made],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LONGEST_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ChartsUnavailable(f"the parts of charts were not made within {_LONGEST_S} s") from None
        if done.returncode:
            raise ChartsUnavailable(f"the parts of charts could not be made: {done.stderr.strip()[-500:]}")
        whole = Path(made) / versions()
        try:
            whole.rename(place / versions())
        except OSError:
            if not _is_whole(place / versions()):  # else another process was first
                raise
    return place / versions()


def _remove_left(place: Path) -> None:
    """The unfinished folders of processes that were killed."""
    for left in place.glob(f"{_UNFINISHED}*"):
        try:
            is_old = time.time() - left.stat().st_mtime > 2 * _LONGEST_S
        except FileNotFoundError:
            continue  # its process was done
        if is_old:
            shutil.rmtree(left, ignore_errors=True)  # what cannot be removed costs room, and nothing else


def _is_ours(place: Path) -> bool:
    """Whether nobody else can have put there what browsers would run: the temporary folder is everybody's."""
    try:
        found = place.stat()
    except OSError:
        return True  # it is not there yet, or says so when it is used
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & (S_IWGRP | S_IWOTH))


def _places() -> tuple[Path, ...]:
    return (
        platformdirs.user_cache_path("agentgauge"),
        Path(tempfile.gettempdir()) / f"agentgauge-{os.getuid() if hasattr(os, 'getuid') else 'cache'}",
    )


@cache
def versions() -> str:
    """What they are made with, as a part of an address; with a digest of the forms themselves, so that a checkout that
    changes them is not shown old ones.
    """
    source = blake2b((Path(__file__).parent / "definitions.py").read_bytes(), digest_size=4).hexdigest()
    return "-".join([*(version(package) for package in _PACKAGES), source])


def _is_whole(folder: Path) -> bool:
    return all((folder / name).is_file() for name in (SCRIPT, DEFINITIONS))


def _write(folder: Path) -> None:
    import vl_convert

    from agentgauge.charts.definitions import definitions as made

    folder.mkdir()
    (folder / DEFINITIONS).write_bytes(msgspec.json.encode(made()))
    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg] # its stub knows no default
    (folder / SCRIPT).write_text(bundle, encoding="utf-8")


if __name__ == "__main__":
    _write(Path(sys.argv[1]) / versions())
