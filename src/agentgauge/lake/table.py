"""One Delta table: open, read at a version, and commit files with the transaction that makes a batch land once.

delta-rs refuses a concurrent commit of one application transaction from a stale handle, but does not order
transactions: a fresh handle may go backwards. So a writer loads the table, checks the version it finds and commits on
that same handle, under the lake's lock.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import unquote

import msgspec
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from agentgauge.errors import LakeError
from agentgauge.lake.schema import delta_schema
from agentgauge.lake.storage import Storage

_CONFIGURATION = {
    "delta.checkpointInterval": "50",
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 1 hours",
}


class DataFile(msgspec.Struct, frozen=True):
    """A Parquet file of a table: written and durable, or already part of it."""

    name: str
    """Relative to the table's root, `month=2026-11/<id>.parquet` where the table is partitioned."""
    size: int
    rows: int
    month: str | None = None
    statistics: str = ""
    """Delta statistics, JSON."""
    first: datetime | None = None
    """No row's `time` is before it, where the statistics say so; to the millisecond."""
    last: datetime | None = None
    """Nor after it."""
    committed: datetime | None = None
    """When it became part of the table."""


class StoredFile(msgspec.Struct, frozen=True):
    """A data file as a reader finds it."""

    uri: str
    """As DuckDB names it."""
    first: datetime | None = None
    """As of `DataFile`."""
    last: datetime | None = None

    def may_have(self, start: datetime, end: datetime) -> bool:
        """Whether rows may be of a time from `start` to `end`, both included."""
        return (self.first is None or self.first <= end) and (self.last is None or self.last >= start)


class LakeTable:
    def __init__(self, storage: Storage, columns: Mapping[str, str], *, partitioned: bool) -> None:
        """`columns` by their SQL types."""
        self.storage = storage
        self._schema = delta_schema(columns, "month" if partitioned else None)
        self._partition_by = ["month"] if partitioned else []
        self._delta: DeltaTable | None = None
        self._transactions: dict[str, int] = {}

    def load(self, *, create: bool = False) -> bool:
        """Read the newest version. False where the table does not exist and `create` was not asked for.

        Raises `LakeError` where its log cannot be read, or an object store cannot be asked.
        """
        self._transactions.clear()
        try:
            self._delta = DeltaTable(self.storage.root, storage_options=self.storage.options)
        except TableNotFoundError:
            if not create:
                self._delta = None
                return False
            self.storage.make()
            self._delta = DeltaTable.create(
                self.storage.root,
                self._schema,
                mode="ignore",
                partition_by=self._partition_by,
                configuration=_CONFIGURATION,
                storage_options=self.storage.options,
            )
            self.storage.seal_log(0)
        except (DeltaError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise LakeError(f"{self.storage.root}: the table cannot be read: {reason}") from error
        if create:
            self._add_missing_columns()
        return True

    def _add_missing_columns(self) -> None:
        present = {field.name for field in self._loaded().schema().fields}
        missing = [field for field in self._schema.fields if field.name not in present]
        if missing:
            self._loaded().alter.add_columns(missing)
            self.load()

    def _loaded(self) -> DeltaTable:
        if self._delta is None:
            raise LakeError(f"{self.storage.root}: table not loaded")
        return self._delta

    @property
    def version(self) -> int:
        """Version read last, -1 where there is no table."""
        return -1 if self._delta is None else self._delta.version()

    def transaction(self, application: str) -> int:
        """Version of an application's last transaction in the version read, 0 where it has none."""
        if self._delta is None:
            return 0
        if application not in self._transactions:  # delta-rs looks through all of them
            self._transactions[application] = self._delta.transaction_version(application) or 0
        return self._transactions[application]

    def uris(self) -> list[str]:
        """The data files, as DuckDB names them (delta-rs would give them URL-encoded and with links resolved)."""
        return [self.storage.uri(file.name) for file in self.files()]

    def stored(self) -> list[StoredFile]:
        """The same, with the times that each is of."""
        return [StoredFile(self.storage.uri(file.name), file.first, file.last) for file in self.files()]

    def files(self) -> list[DataFile]:
        if self._delta is None:
            return []
        actions = self._delta.get_add_actions(flatten=True)
        columns = {name: actions.column(name).to_pylist() for name in actions.schema.names}
        months: Iterable[str | None] = columns.get("partition.month", [None] * len(columns["path"]))
        nothing = [None] * len(columns["path"])
        rows = zip(
            columns["path"],
            columns["size_bytes"],
            columns["num_records"],
            months,
            columns.get("min.time", nothing),
            columns.get("max.time", nothing),
            columns["modification_time"],
            strict=True,
        )
        return [
            DataFile(unquote(path), size, records or 0, month, first=first, last=last, committed=_moment(committed))
            for path, size, records, month, first, last, committed in rows
        ]

    def commit(
        self,
        add: Sequence[DataFile],
        remove: Sequence[DataFile] = (),
        transactions: Mapping[str, int] | None = None,
        *,
        data_change: bool = True,
    ) -> None:
        """Add and remove files in one atomic version, with the application transactions that go with them. Durable on
        return.

        Raises `LakeError` where another writer committed first; nothing has changed then.
        """
        now = time.time_ns() // 1_000_000
        actions: list[AddAction | RemoveAction] = [
            AddAction(file.name, file.size, _partition(file), now, data_change, file.statistics) for file in add
        ]
        actions += [
            RemoveAction(
                path=file.name,
                data_change=data_change,
                deletion_timestamp=now,
                partition_values=_partition(file),
                size=file.size,
            )
            for file in remove
        ]
        applied = [Transaction(name, version) for name, version in (transactions or {}).items()]
        try:
            self._loaded().create_write_transaction(
                actions,
                mode="append",
                schema=self._schema,
                partition_by=self._partition_by,
                commit_properties=CommitProperties(app_transactions=applied, max_commit_retries=0),
            )
        except DeltaError as error:
            raise LakeError(f"{self.storage.root}: another writer committed first ({error}); run it again") from error
        self.load()
        self.storage.seal_log(self.version)

    def vacuum(self, hours: int) -> list[str]:
        """Delete files that no version of the last `hours` hours needs, orphans of a crash included."""
        return self._loaded().vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)


def _partition(file: DataFile) -> dict[str, str | None]:
    return {} if file.month is None else {"month": file.month}


def _moment(committed: datetime | int) -> datetime:
    """delta-rs gives milliseconds since 1970, or the same as a naive time."""
    if isinstance(committed, int):
        return datetime.fromtimestamp(committed / 1000, UTC)
    return committed if committed.tzinfo else committed.replace(tzinfo=UTC)
