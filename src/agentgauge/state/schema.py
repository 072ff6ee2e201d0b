"""The schema of state: numbered `.sql` files, the one definition of its tables, whoever runs them.

`migrations/<number>_<what>.sql` are run in order by the plain SQLite file (`database`) and by Alembic (`upgrading`).
Both write the number of the last into the table `alembic_version`, so each goes on where the other stopped.

They are kept to SQL that PostgreSQL and SQLite both take: no AUTOINCREMENT (the table `identifiers` counts), amounts
and documents as TEXT, times as BIGINT microseconds since 1970 (UTC), an empty text for none where a key needs it.
A statement ends with a semicolon at the end of a line. A column of an amount ends in `_usd`, one of a time in `_at`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec

from agentgauge.errors import StateError

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")

MARKS = "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
"""The table of the mark, as Alembic makes it."""


class Migration(msgspec.Struct, frozen=True):
    version: int
    name: str
    statements: tuple[str, ...]

    @property
    def revision(self) -> str:
        """Its name in `alembic_version`."""
        return f"{self.version:04d}"


@cache
def migrations() -> tuple[Migration, ...]:
    """All there are, in order."""
    found = [
        Migration(int(named[1]), file.name, tuple(_statements(file.read_text("utf-8"))))
        for file in resources.files("agentgauge.state").joinpath("migrations").iterdir()
        if (named := _FILE_NAME.fullmatch(file.name))
    ]
    return tuple(sorted(found, key=lambda migration: migration.version))


def version_of_mark(mark: str) -> int:
    """The number that a row of `alembic_version` says. Raises `StateError` for a row that another program wrote."""
    if not mark.isdecimal():
        raise StateError(f"its table alembic_version says {mark!r}: another program's; name a database of its own")
    return int(mark)


def older_mark(migration: Migration) -> str:
    """The statement that marks a file of SQLite for versions of agentgauge that look nowhere else, and refuse it."""
    return f"PRAGMA user_version = {migration.version}"


def check_known(version: int, where: str) -> None:
    """Raises `StateError` for a schema that this version of agentgauge does not know."""
    newest = migrations()[-1].version
    if version > newest:
        raise StateError(f"{where} is of schema version {version}; this agentgauge knows up to {newest}: upgrade it")


def _statements(text: str) -> Iterator[str]:
    gathered = ""
    for line in text.splitlines(keepends=True):
        gathered += line
        if sqlite3.complete_statement(gathered):
            yield gathered.strip()
            gathered = ""
    if gathered.strip():
        raise StateError(f"a migration ends within a statement: {gathered.strip()[:60]!r}")
