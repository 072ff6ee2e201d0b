"""The file of a backup: a tar compressed by zstd, `tar --zstd -xf` opens it.

    journal/..., lake/..., plans/..., state.db, ...     the home's files, regular ones only
    manifest.json                                       at the end: each file's size and SHA-256, and who made it

The manifest comes last, so a backup that was cut short has none; what of it was cut behind that, down to the last byte
of the checksum, shows in a frame that does not end. Either is refused.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import IO, Any, Literal

import msgspec

from agentgauge.errors import BackupUnusable, SettingsError

FORMAT = 1
_MANIFEST = "manifest.json"
_PIECE = 1 << 20
_PACKED_PIECE = 1 << 12  # a block of 4 bytes can hold 128 KiB of zeros, so this much unpacks to 128 MiB at the most

State = Literal["sqlite", "postgresql", "none"]


class File(msgspec.Struct, frozen=True):
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    format: int = FORMAT
    agentgauge: str
    """Version that made it."""
    made: datetime
    """Aware. What was recorded from then on is not in it."""
    state: State
    """Where what changes in place was: `postgresql` is not in the file."""
    files: dict[str, File]
    """By path within the home."""

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())


class Writer:
    """One archive that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, File] = {}

    def add(self, source: Path, name: str) -> None:
        """Put the file at `source` in as `name`."""
        entry = tarfile.TarInfo(name)
        status = source.stat()
        entry.size, entry.mtime, entry.mode = status.st_size, int(status.st_mtime), 0o600
        with source.open("rb") as file:
            hashing = _Hashing(file)
            self._tar.addfile(entry, hashing)  # type: ignore[arg-type]
        self.files[name] = File(entry.size, hashing.digest())

    def finish(self, manifest: Manifest) -> None:
        text = msgspec.json.encode(manifest)
        entry = tarfile.TarInfo(_MANIFEST)
        entry.size, entry.mode = len(text), 0o600
        self._tar.addfile(entry, io.BytesIO(text))


@contextmanager
def writing(target: IO[bytes]) -> Iterator[Writer]:
    with _zstandard().ZstdCompressor(write_checksum=True).stream_writer(target, closefd=False) as packed:
        with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            yield Writer(tar)


def unpack(source: IO[bytes], folder: Path) -> Manifest:
    """Write the files of an archive into an empty `folder` and check every one.

    Raises `BackupUnusable` where something is missing, added, or other than what was put in; what was written stays.
    """
    found: dict[str, File] = {}
    manifest: Manifest | None = None
    zstandard = _zstandard()
    try:
        unpacked = _Unpacked(source, zstandard.ZstdDecompressor().decompressobj())
        with tarfile.open(fileobj=unpacked, mode="r|") as tar:  # type: ignore[call-overload]
            for entry in tar:
                content = tar.extractfile(entry) if entry.isreg() else None
                if content is None:
                    raise BackupUnusable(f"{entry.name!r} is no plain file: this is no backup of agentgauge")
                if entry.name == _MANIFEST:
                    manifest = msgspec.json.decode(content.read(), type=Manifest)
                else:
                    found[entry.name] = _write(content, _inside(folder, entry.name))
        unpacked.finish()
    except (tarfile.TarError, zstandard.ZstdError, EOFError, msgspec.MsgspecError) as error:
        raise BackupUnusable(f"it is damaged, or no backup of agentgauge: {error}") from error
    if manifest is None:
        raise BackupUnusable("its end is missing: it was cut short, or never finished")
    if manifest.format != FORMAT:
        raise BackupUnusable(f"it has format {manifest.format}, and this agentgauge knows {FORMAT}: upgrade it")
    for name in sorted(manifest.files.keys() | found.keys()):
        if manifest.files.get(name) != found.get(name):
            raise BackupUnusable(f"{name} is not what was put in: the backup is damaged")
    return manifest


def _inside(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name.partition("/")[0]:
        raise BackupUnusable(f"{name!r} leads out of the home: this is no backup of agentgauge")
    return folder.joinpath(*path.parts)


def _write(content: IO[bytes], target: Path) -> File:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    # For its owner only, as the backup is: keys are in it, and nobody knows who could read them where it was.
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while piece := content.read(_PIECE):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
    return File(size, digest.hexdigest())


class _Unpacked:
    """A compressed file as tarfile reads it. The library's own reader takes a frame without its end for a whole one."""

    def __init__(self, source: IO[bytes], frame: Any) -> None:
        self._source = source
        self._frame = frame
        self._ready = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end."""
        pieces: list[bytes] = []
        while size > 0:
            if self._at == len(self._ready):
                if self._frame.eof or not (packed := self._source.read(_PACKED_PIECE)):
                    break
                self._ready, self._at = self._frame.decompress(packed), 0
            # What is left stays where it is: of a block of zeros there is far more than one piece.
            pieces.append(self._ready[self._at : self._at + size])
            self._at += len(pieces[-1])
            size -= len(pieces[-1])
        return b"".join(pieces)

    def finish(self) -> None:
        """Read to the end; raises `EOFError` where the frame has none."""
        while self.read(_PIECE):
            pass
        if not self._frame.eof:
            raise EOFError("its last bytes are missing")


class _Hashing:
    """A file as tarfile reads it, with the digest of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        piece = self._file.read(size)
        self._digest.update(piece)
        return piece

    def digest(self) -> str:
        return self._digest.hexdigest()


def _zstandard() -> ModuleType:
    try:
        import zstandard
    except ImportError as error:
        raise SettingsError("backups need zstandard: pip install 'agentgauge[server]'") from error
    return zstandard
