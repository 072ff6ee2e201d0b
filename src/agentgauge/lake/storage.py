"""Where the lake's files are: a directory of this machine, or an object store.

delta-rs writes the transaction log in both cases. Data files are written by DuckDB into a scratch directory, made
durable here and only then named in a commit, so a log entry never points at a file that a power cut could take.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb

from agentgauge.errors import LakeError
from agentgauge.files import make_directory, rename, sync_directory, sync_file
from agentgauge.settings import Home

_SCRATCH = "_scratch-"
_EXTRAS = {"s3": "s3", "gs": "gcs", "az": "az"}


class Storage(Protocol):
    """Files of one table, named relative to its root."""

    root: str
    """URI that delta-rs opens."""
    options: dict[str, str]
    """Storage options of delta-rs."""

    def make(self) -> None:
        """Make the place of the table where it is missing."""

    def scratch(self) -> AbstractContextManager[Path]:
        """A directory on this machine for files that are being written."""

    def place(self, scratch: Path, name: str) -> int:
        """Move a finished scratch file to `name`, durable when this returns. Returns its size in bytes."""

    def clean(self) -> None:
        """Remove what a killed writer left in `scratch`. Called by the one writer."""

    def seal_log(self, version: int) -> None:
        """Make the log entry of `version` survive a power cut."""

    def uri(self, name: str) -> str: ...

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let `connection` read this storage."""


class LocalStorage:
    def __init__(self, root: Path) -> None:
        self._path = root.resolve()
        self.root = self._path.as_uri()
        self.options: dict[str, str] = {}

    def make(self) -> None:
        make_directory(self._path)

    def scratch(self) -> AbstractContextManager[Path]:
        """On the table's own file system, so that placing is a rename; Delta ignores names with an underscore."""
        return _temporary_directory(prefix=_SCRATCH, parent=self._path)

    def place(self, scratch: Path, name: str) -> int:
        target = self._path / name
        make_directory(target.parent)
        sync_file(scratch)
        rename(scratch, target)
        sync_directory(target.parent)
        return target.stat().st_size

    def clean(self) -> None:
        for left in self._path.glob(f"{_SCRATCH}*"):
            shutil.rmtree(left)

    def seal_log(self, version: int) -> None:
        log = self._path / "_delta_log"
        for entry in (log / f"{version:020}.json", log / f"{version:020}.checkpoint.parquet", log / "_last_checkpoint"):
            if entry.exists():
                sync_file(entry)
        sync_directory(log)
        sync_directory(self._path)

    def uri(self, name: str) -> str:
        return str(self._path / name)

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """DuckDB reads local files by itself."""


class ObjectStorage:
    """An object store, by delta-rs for the log and by fsspec for the data files.

    DuckDB's own client is an extension that is downloaded at run time.
    """

    def __init__(self, root: str, *, plain_http: bool) -> None:
        self.root = root
        self.options: dict[str, str] = {"allow_http": "true"} if plain_http else {}
        scheme = root.partition("://")[0]
        try:
            import fsspec

            self._fs: Any = fsspec.filesystem(scheme)
        except ImportError as error:
            extra = _EXTRAS[scheme]
            raise LakeError(f"{root}: needs an object store's client: pip install 'agentgauge[{extra}]'") from error

    def make(self) -> None:
        """An object store has no directories."""

    def scratch(self) -> AbstractContextManager[Path]:
        return _temporary_directory(prefix="agentgauge-")

    def place(self, scratch: Path, name: str) -> int:
        size = scratch.stat().st_size
        self._fs.put_file(str(scratch), self.uri(name))
        scratch.unlink()
        return size

    def clean(self) -> None:
        """Scratch files are in the system's directory for temporary files."""

    def seal_log(self, version: int) -> None:
        """An object store acknowledges a PUT once it is durable."""

    def uri(self, name: str) -> str:
        return f"{self.root}/{name}"

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        if not connection.filesystem_is_registered(
            self._fs.protocol if isinstance(self._fs.protocol, str) else self._fs.protocol[0]
        ):
            connection.register_filesystem(self._fs)


def storage_of(home: Home, table: str) -> Storage:
    if home.lake_is_remote:
        return ObjectStorage(f"{home.lake}/{table}", plain_http=home.plain_http)
    return LocalStorage(Path(home.lake) / table)


@contextmanager
def _temporary_directory(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as path:
        yield Path(path)
