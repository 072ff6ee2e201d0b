"""A home that ships is a *spool*: what a server has acknowledged leaves it, and nothing of that lands in its lake.

    <home>/forwarding/target.json   where it ships to since when, and the segments that were there before
    <home>/forwarding/status.json   how far segments are with the server, what went wrong, what has gone
    <home>/forwarding/lock          held while somebody ships

The home says so itself, not only the environment of who records: whoever compacts it leaves the spool alone. Segments
that were there before it shipped (`kept`), and replicas that a server received, are local and land as ever.

When it is told to stop, what is here is local again. Of a segment that is half with the server, the bytes that the
server has stay with it: they are behind `start` for all who read the journal here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from agentgauge import files
from agentgauge.errors import SettingsError
from agentgauge.journal import layout, replica
from agentgauge.journal.directory import JournalDirectory

_FOLDER = "forwarding"
_DAMAGED = (msgspec.MsgspecError, UnicodeDecodeError)
"""What msgspec says of a file that holds something else."""


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    endpoint: str | None
    """Without the key. None: it shipped once, and was told to stop."""
    since: datetime
    kept: tuple[str, ...] = ()
    """Names of segment files that were there before; they are local."""
    settling: bool = False
    """It is not known yet what was there before: a segment that is not `kept` neither lands nor is sent."""
    shipped_to: str | None = None
    """The last server of a home that was told to stop."""


class Acknowledged(msgspec.Struct, frozen=True):
    """How far a segment that is still here is with a server."""

    end: int
    """Bytes from its beginning."""
    by: str
    """`Wire.name` of who sent them."""
    events: int = 0


class Trouble(msgspec.Struct, frozen=True):
    """Why nothing could be shipped when it was last tried."""

    reason: str
    since: datetime
    failures: int
    not_before: datetime
    """When it is tried again by who met it."""
    by: str


class Gone(msgspec.Struct, frozen=True):
    """A segment that the server acknowledged to its end, and that was removed here."""

    journal: str
    segment: str
    end: int
    events: int
    time: datetime
    by: str


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    acknowledged: dict[str, Acknowledged] = {}
    """By the names of segment files."""
    events: int = 0
    """Acknowledged since the home ships; after a crash in between some may be counted twice."""
    bytes: int = 0
    last_success: datetime | None = None
    trouble: Trouble | None = None
    held: dict[str, str] = {}
    """Segments that wait for somebody to do something, and why."""
    losses: dict[str, int] = {}
    """Events that could not be shipped, by reason: NULs stand in their place on the server."""
    gone: tuple[Gone, ...] = ()
    """The newest of them, oldest first: a server that was restored from a backup may lack some."""
    lost_there: int = 0
    """Events that a server had acknowledged and lacks now, which are not here any more."""


_decode_target = msgspec.json.Decoder(Target).decode
_decode_status = msgspec.json.Decoder(Status).decode


class Spool(msgspec.Struct, frozen=True):
    """A home that ships, or did, as it is at one moment."""

    target: Target
    status: Status

    def is_local(self, path: Path) -> bool:
        """Whether a segment lands in the lake of its home."""
        return self.target.endpoint is None or path.name in self.target.kept or replica.is_replica(path)

    def start(self, name: str) -> int:
        """Where the bytes of a segment begin that no server has."""
        found = self.status.acknowledged.get(name)
        return 0 if found is None else found.end


def folder_of(root: Path) -> Path:
    return root / _FOLDER


def read_spool(root: Path) -> Spool | None:
    """None where the home never shipped. Raises `SettingsError` where its file says nothing that can be understood."""
    place = folder_of(root) / "target.json"
    try:
        target = _decode_target(place.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except _DAMAGED as error:
        raise SettingsError(
            f"{place} cannot be read ({error}), so it is not known which events of this home are shipped; "
            "mend the file, or move the home away"
        ) from error
    return Spool(target, read_status(root))


def read_status(root: Path) -> Status:
    """Of a file that is missing or damaged, an empty one: the server knows how far it is."""
    with suppress(FileNotFoundError, *_DAMAGED):
        return _decode_status((folder_of(root) / "status.json").read_bytes())
    return Status()


def write_status(root: Path, status: Status) -> None:
    """Raises OSError."""
    files.write_atomically(folder_of(root) / "status.json", msgspec.json.encode(status))


def local_segments(root: Path, paths: Iterable[Path]) -> tuple[list[Path], Spool | None]:
    """Those of `paths` that land here, and how far others are.

    To be called after the paths were listed: a segment that came after the home began to ship is none of those that
    were there before.
    """
    spool = read_spool(root)
    return [path for path in paths if spool is None or spool.is_local(path)], spool


def ship_to(root: Path, endpoint: str, since: datetime | None = None) -> Target | None:
    """Make the home ship to `endpoint`. What it says from now on, where that is new; None where it said so before.

    Segments of recorders that began before `since` are local, by default all that are there. Raises OSError.
    """
    if _ships_to(read_spool(root), endpoint):
        return None
    files.make_directory(folder_of(root))
    with files.file_lock(folder_of(root) / "target.lock"):
        found = read_spool(root)
        if _ships_to(found, endpoint):
            return None
        if found is not None and found.target.endpoint is not None and not found.target.settling:
            target = msgspec.structs.replace(found.target, endpoint=endpoint)
        else:
            # Whoever compacts may have listed a segment and found that the home ships nothing. Such a one was there
            # before this is written, so that it is among those that are listed behind it.
            target = Target(endpoint, datetime.now(UTC), _there_before(root, since), settling=True)
            _write(root, target)
            target = msgspec.structs.replace(target, kept=_there_before(root, since), settling=False)
        _write(root, target)
    return target


def ship_no_more(root: Path, endpoint: str) -> None:
    """What is here, and is not with the server, is local from now on. Raises OSError."""
    with files.file_lock(folder_of(root) / "target.lock"):
        _write(root, Target(None, datetime.now(UTC), shipped_to=endpoint))


def is_served(root: Path) -> bool:
    """Whether an `agentgauge serve` of this home runs: what is recorded there is with that server already."""
    for run in (root / "run").glob("*/counts"):  # of a server; a backup that is being made has none
        with suppress(OSError):
            if files.is_locked(run.with_name("lock")):
                return True
    return False


def has_lake(root: Path) -> bool:
    return (root / "lake").is_dir()


def _ships_to(spool: Spool | None, endpoint: str) -> bool:
    return spool is not None and spool.target.endpoint == endpoint and not spool.target.settling


def _there_before(root: Path, since: datetime | None) -> tuple[str, ...]:
    """Names of the segments of this home's recorders that began before `since`."""
    own = [path for path in JournalDirectory(root).segments() if not replica.is_replica(path)]
    return tuple(path.name for path in own if since is None or _began_before(path, since))


def _write(root: Path, target: Target) -> None:
    files.write_atomically(folder_of(root) / "target.json", msgspec.json.encode(target))


def _began_before(path: Path, since: datetime) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # it has landed meanwhile
        return False
    try:
        header = layout.read_header(files.read_at(descriptor, layout.BLOCK, 0))
    finally:
        os.close(descriptor)
    return header is None or header.started < since.timestamp() * 1e6
