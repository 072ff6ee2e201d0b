"""Repricing: costs of landed calls, computed again with another price book.

What a provider or a log reported stays as it is. A computed cost, and a call without a price, get what landing would
give them today, by the same rates and the same formula. A row whose cost comes out the same is not touched and keeps
the version that it was priced with, so a second run changes nothing.

A run goes through these steps; the name of each is given to `on_step`, so that a test can stop the process there:

    written    data files are written and synced, not yet named      a crash: vacuum finds the orphans
    kept       the old costs are in the table `repriced`             the same; nobody sees these rows (lake/repriced.py)
    committed  one Delta commit holds all changed files              done
    cleaned    files of the version before are removed by age

One data file is read and written at a time, and only those that hold a changed row. Rows keep their id, their identity
and their place.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import msgspec

from agentgauge.events import fields
from agentgauge.lake.parquet import literal, parquet_scan, write_file
from agentgauge.lake.rates import PRICED, computed, load_rates
from agentgauge.lake.repriced import label_of, never_happened, transaction_of
from agentgauge.lake.rewrite import files_with
from agentgauge.lake.schema import REPRICED
from agentgauge.lake.snapshot import TAIL, Snapshot
from agentgauge.lake.table import DataFile
from agentgauge.lake.tables import Tables
from agentgauge.pricing import PriceBook

_VACUUM_HOURS = 1
_ZERO = Decimal(0)


class ModelRepricing(msgspec.Struct, frozen=True, kw_only=True):
    """What repricing does to the calls of one model whose cost is computed or whose price was not known."""

    model: str
    provider: str | None
    calls: int
    changed: int
    """Calls whose cost is another now; those that were or become unpriced included."""
    old_usd: Decimal
    """Of the calls that had a price."""
    new_usd: Decimal
    """Of the calls that have one now."""
    difference_usd: Decimal
    """New less old; of calls that become unpriced it takes what they cost away."""
    newly_priced: int
    become_unpriced: int
    still_unpriced: int


class Repricing(msgspec.Struct, frozen=True, kw_only=True):
    models: tuple[ModelRepricing, ...]
    """Those that have such calls in the window, by the size of the difference."""
    unlanded_calls: int
    """Those of them that are in the journal, and are priced when they land; 0 but of a preview."""
    reported_calls: int
    """Calls of the window whose cost was reported: they are left alone."""
    price_version: str
    """Of the book that they were priced with."""
    files_rewritten: int
    repricing: str | None
    """Under which name the old costs are in the history; None where nothing was changed."""


class _Sums(msgspec.Struct):
    calls: int = 0
    changed: int = 0
    old_usd: Decimal = _ZERO
    new_usd: Decimal = _ZERO
    newly_priced: int = 0
    become_unpriced: int = 0
    still_unpriced: int = 0

    def add(self, row: tuple[int, int, Decimal, Decimal, int, int, int]) -> None:
        for name, value in zip(self.__struct_fields__, row, strict=True):
            setattr(self, name, getattr(self, name) + value)


def reprice(
    connection: duckdb.DuckDBPyConnection,
    tables: Tables,
    book: PriceBook,
    start: datetime | None,
    end: datetime | None,
    *,
    on_step: Callable[[str], None] = lambda name: None,
) -> Repricing:
    """Price the landed calls of [start, end) anew, aware times. To be called inside `writer_lock`, after a compaction.

    Raises `LakeError` where another writer committed first; nothing has changed then.
    """
    sums: dict[tuple[str, str | None], _Sums] = defaultdict(_Sums)
    reported = sum(files_with(connection, tables.events, *_calls_within(start, end, "reported")).values())
    name, now = secrets.token_hex(8), datetime.now(UTC)
    add: list[DataFile] = []
    remove: list[DataFile] = []
    history: list[DataFile] = []
    for file in _priced_files(connection, tables, book, start, end, sums):
        if not history:
            tables.repriced.load(create=True)
        select = _history_select(name, now, book.version)
        history.append(write_file(connection, tables.repriced.storage, select, span="time", label=label_of(name)))
        select = _changed_select(tables.events.storage.uri(file.name), book.version)
        add.append(write_file(connection, tables.events.storage, select, month=file.month, span="time"))
        remove.append(file)
    if history:
        on_step("written")
        # Without another host that writes here, what did not happen is not about to happen either.
        stale = [] if tables.is_shared else never_happened(tables)
        tables.repriced.commit(history, stale)
        on_step("kept")
        tables.events.commit(add, remove, {transaction_of(name): 1})
        on_step("committed")
        for table in (tables.events, tables.repriced):
            table.vacuum(_VACUUM_HOURS)
        on_step("cleaned")
    return _repricing(sums, book, reported, files=len(add), name=name if add else None)


def preview(snapshot: Snapshot, book: PriceBook, start: datetime | None, end: datetime | None) -> Repricing:
    """What `reprice` would do. Writes nothing, and takes no lock.

    What has not landed yet is at the prices that it will land at. `files_rewritten` are of those that there are.
    """
    connection = snapshot.connection
    sums: dict[tuple[str, str | None], _Sums] = defaultdict(_Sums)
    condition, parameters = _calls_within(start, end, "computed", "unpriced")
    _price(connection, TAIL, book, condition, parameters, sums)
    unlanded = sum(counted.calls for counted in sums.values())
    files = sum(_price(connection, part, book, condition, parameters, sums) for part in snapshot.landed())
    condition, parameters = _calls_within(start, end, "reported")
    counted = connection.execute(f"SELECT count(*) FROM events WHERE {condition}", parameters).fetchone()
    assert counted is not None
    return _repricing(sums, book, counted[0], unlanded=unlanded, files=files, name=None)


def _priced_files(
    connection: duckdb.DuckDBPyConnection,
    tables: Tables,
    book: PriceBook,
    start: datetime | None,
    end: datetime | None,
    sums: dict[tuple[str, str | None], _Sums],
) -> Iterator[DataFile]:
    """The files that hold calls whose cost changes, one after the other, and `sums` of all calls looked at.

    While a file is at hand the temporary table `changed` has those calls.
    """
    condition, parameters = _calls_within(start, end, "computed", "unpriced")
    concerned = files_with(connection, tables.events, condition, parameters)
    for file in tables.events.files():
        uri = tables.events.storage.uri(file.name)
        if uri in concerned and _price(connection, f"FROM {parquet_scan([uri])}", book, condition, parameters, sums):
            yield file


def _calls_within(start: datetime | None, end: datetime | None, *sources: str) -> tuple[str, list[datetime]]:
    """A condition on events, and its parameters: calls of the window whose cost comes from there."""
    conditions = [f"kind IN ({PRICED})", f"cost_source IN ({', '.join(map(literal, sources))})"]
    conditions += [] if start is None else ["time >= ?"]
    conditions += [] if end is None else ["time < ?"]
    return " AND ".join(conditions), [edge for edge in (start, end) if edge is not None]


def _price(
    connection: duckdb.DuckDBPyConnection,
    events: str,
    book: PriceBook,
    condition: str,
    parameters: list[datetime],
    sums: dict[tuple[str, str | None], _Sums],
) -> bool:
    """Price the calls among `events`, a SELECT, into `changed`, and whether there are any whose cost is another now."""
    tokens = ", ".join(f'"{name}"' for name in fields.TOKEN_NAMES)
    calls = connection.execute(
        "CREATE OR REPLACE TEMP TABLE lines AS SELECT id, segment, n, kind, epoch_us(time) AS time, model, provider, "
        f"tier, {tokens}, NULL::DECIMAL(18,12) AS cost_usd, cost_usd AS old_cost_usd, cost_source AS old_cost_source, "
        f"price_version AS old_price_version FROM ({events}) WHERE {condition}",
        list(parameters),
    ).fetchone()
    if calls == (0,):
        return False
    integer = load_rates(connection, book)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE priced AS {computed(integer)}")
    for model, provider, *counted in connection.execute(
        """
        SELECT model, provider, count(*),
            count(*) FILTER (old_cost_usd IS DISTINCT FROM computed_usd),
            coalesce(sum(old_cost_usd), 0), coalesce(sum(computed_usd), 0),
            count(*) FILTER (old_cost_usd IS NULL AND computed_usd IS NOT NULL),
            count(*) FILTER (old_cost_usd IS NOT NULL AND computed_usd IS NULL),
            count(*) FILTER (old_cost_usd IS NULL AND computed_usd IS NULL)
        FROM priced GROUP BY model, provider
        """
    ).fetchall():
        sums[model, provider].add(tuple(counted))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE changed AS SELECT * FROM priced WHERE old_cost_usd IS DISTINCT FROM computed_usd"
    )
    connection.execute("DROP TABLE priced; DROP TABLE lines")
    return connection.execute("SELECT 1 FROM changed LIMIT 1").fetchone() is not None


def _history_select(name: str, now: datetime, version: str) -> str:
    """The changed calls in the columns of `REPRICED`, in the order of time."""
    made = {
        "repricing": literal(name),
        "repriced": f"{literal(now.isoformat())}::TIMESTAMPTZ",
        "time": "make_timestamptz(time)",
        **_new_cost(version),
    }
    columns = ", ".join(f'{made.get(column.name, _quoted(column.name))} AS "{column.name}"' for column in REPRICED)
    return f"SELECT {columns} FROM changed ORDER BY changed.time, id"


def _changed_select(uri: str, version: str) -> str:
    """All rows of a file in their order, all columns of them: a newer version may have written more than this knows."""
    replaced = ", ".join(
        f"CASE WHEN changed.id IS NULL THEN stored.{name} ELSE {sql} END AS {name}"
        for name, sql in _new_cost(version).items()
    )
    return (
        f"SELECT stored.* EXCLUDE (file_row_number) REPLACE ({replaced}) "
        f"FROM {parquet_scan([uri], row_number=True)} AS stored LEFT JOIN changed USING (id) "
        "ORDER BY stored.file_row_number"
    )


def _new_cost(version: str) -> dict[str, str]:
    return {
        "cost_usd": "changed.computed_usd",
        "cost_source": "CASE WHEN changed.computed_usd IS NULL THEN 'unpriced' ELSE 'computed' END",
        "price_version": f"CASE WHEN changed.computed_usd IS NOT NULL THEN {literal(version)} END",
    }


def _quoted(name: str) -> str:
    return f'"{name}"'


def _repricing(
    sums: dict[tuple[str, str | None], _Sums],
    book: PriceBook,
    reported: int,
    *,
    unlanded: int = 0,
    files: int,
    name: str | None,
) -> Repricing:
    models = [
        ModelRepricing(
            model=model,
            provider=provider,
            difference_usd=counted.new_usd - counted.old_usd,
            **msgspec.structs.asdict(counted),
        )
        for (model, provider), counted in sums.items()
    ]
    models.sort(key=lambda one: (-abs(one.difference_usd), -one.changed, one.model, one.provider or ""))
    return Repricing(
        models=tuple(models),
        unlanded_calls=unlanded,
        reported_calls=reported,
        price_version=book.version,
        files_rewritten=files,
        repricing=name,
    )
