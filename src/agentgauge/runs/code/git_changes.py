"""What changed between a commit and the working tree, as git tells it.

One `git diff` gives both the status and the line counts of every file, so that they are of one moment. Names are cut at
NUL bytes and never decoded: they may hold newlines, tabs and bytes of no encoding. The user's settings of git do not
change the answer, except the algorithm that lines are compared with.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agentgauge.errors import CodeUnreadable

_DIFF = (
    "diff",
    "--raw",
    "--numstat",
    "-z",
    "-M",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--ignore-submodules=dirty",  # a submodule's own changes belong to its repository
)
_SUBMODULE = b"160000"
_BINARY_PROBE = 8000
"""Bytes in which git looks for a NUL to tell a binary file."""
_PIECE = 1 << 20
"""Bytes of an untracked file that are in memory at once."""


class Changes(msgspec.Struct):
    """Counts of files and lines."""

    created: int = 0
    modified: int = 0
    """Renamed files included."""
    deleted: int = 0
    renamed: int = 0
    binary: int = 0
    """Of the files above, those without lines."""
    submodules: int = 0
    lines_added: int = 0
    lines_deleted: int = 0


def read_changes(repo: Path, base: str, *, untracked: bool = False) -> Changes:
    """What the working tree of `repo` changed since the commit `base`.

    Raises `CodeUnreadable` where git is not installed, `repo` is in no repository, or `base` names no commit.
    """
    if not repo.is_dir():
        raise CodeUnreadable(f"{repo}: there is no such folder; name a repository with --repo")
    top = _top_of(repo)
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    if commit.returncode:
        raise CodeUnreadable(
            f"{base!r} names no commit of {top}: name a branch, a tag or a hash"
            " (a shallow clone, as CI makes it, may have to fetch it first)"
        )
    diff = _git(top, *_DIFF, commit.stdout.decode().strip(), "--")
    if diff.returncode:
        raise CodeUnreadable(f"git diff in {top} failed: {_said(diff)}")
    changes = _counted(diff.stdout)
    if untracked:
        _add_untracked(changes, top)
    return changes


def _top_of(repo: Path) -> Path:
    found = _git(repo, "rev-parse", "--show-toplevel")
    if found.returncode:
        raise CodeUnreadable(f"{repo} has no working tree of git: {_said(found)}")
    return Path(found.stdout.removesuffix(b"\n").decode("utf-8", "surrogateescape"))


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("git")
    if program is None:
        raise CodeUnreadable("git is not installed, or not on the PATH: what changed in the code is read with it")
    try:
        return subprocess.run(  # noqa: S603 - no shell; `base` cannot be an option, see --end-of-options
            [program, "--no-optional-locks", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except ValueError as error:  # a NUL in an argument
        raise CodeUnreadable(f"git cannot be asked about {arguments[-1]!r}: {error}") from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode("utf-8", "replace").strip()
    return text.splitlines()[0] if text else f"git ended with {done.returncode}"


def _counted(output: bytes) -> Changes:
    """The counts of `git diff --raw --numstat -z`."""
    changes = Changes()
    statuses: dict[bytes, bytes] = {}
    submodules: set[bytes] = set()
    pieces = iter(output.split(b"\0"))
    for piece in pieces:
        if piece.startswith(b":"):
            old_mode, new_mode, *_, status = piece[1:].split(b" ")
            path = _path(pieces, renamed=status[:1] in b"RC")
            if _SUBMODULE in (old_mode, new_mode):
                submodules.add(path)
            elif statuses.get(path, b"U") == b"U":  # an unmerged file has a second entry, which says what changed
                statuses[path] = status[:1]
        elif piece:
            added, deleted, path = piece.split(b"\t", 2)
            path = path or _path(pieces, renamed=True)
            if path in submodules:
                continue
            if added == b"-":
                changes.binary += 1
            else:
                changes.lines_added += int(added)
                changes.lines_deleted += int(deleted)
    words = list(statuses.values())
    changes.created = words.count(b"A") + words.count(b"C")
    changes.deleted = words.count(b"D")
    changes.renamed = words.count(b"R")
    changes.modified = len(words) - changes.created - changes.deleted
    changes.submodules = len(submodules)
    return changes


def _path(pieces: Iterator[bytes], *, renamed: bool) -> bytes:
    """The name of a file; of a renamed one the new name, which comes second."""
    first = next(pieces)
    return next(pieces) if renamed else first


def _add_untracked(changes: Changes, top: Path) -> None:
    listed = _git(top, "ls-files", "--others", "--exclude-standard", "-z")
    if listed.returncode:
        raise CodeUnreadable(f"git ls-files in {top} failed: {_said(listed)}")
    for name in listed.stdout.split(b"\0"):
        if not name or name.endswith(b"/"):  # a repository inside this one is no file of it
            continue
        lines = _lines_of(top / name.decode("utf-8", "surrogateescape"))
        changes.created += 1
        if lines is None:
            changes.binary += 1
        else:
            changes.lines_added += lines


def _lines_of(path: Path) -> int | None:
    """The lines that git would count as added; None for a binary file."""
    if path.is_symlink():
        return 1  # git keeps where it leads, as one line
    lines, last = 0, b"\n"
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                if file.tell() <= _PIECE and b"\0" in piece[:_BINARY_PROBE]:
                    return None
                lines += piece.count(b"\n")
                last = piece[-1:]
    except OSError as error:
        raise CodeUnreadable(f"{path}: {error.strerror}; leave out --untracked, or let git ignore the file") from error
    return lines + (last != b"\n")  # a last line without an end is one
