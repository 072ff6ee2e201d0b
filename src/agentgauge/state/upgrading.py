"""Alembic, for databases that the server reaches: one revision per migration file, made from it.

Not a folder of revision scripts: what a revision does is what its `.sql` file says, on both databases, and the plain
SQLite file (`database`) runs the same without Alembic. Costs the import of Alembic where something has to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from alembic.script import Script
from alembic.script.revision import RevisionMap
from sqlalchemy import Connection

from agentgauge.state.schema import MARKS, Migration, migrations, older_mark


class _Module(ModuleType):
    """What Alembic looks for in a revision's file."""

    revision: str
    down_revision: str | None
    upgrade: Callable[[Connection], None]


def upgrade(connection: Connection, version: int) -> None:
    """Run what a database of this schema version lacks, inside the transaction that the connection is in."""
    scripts = {migration.revision: _script(migration) for migration in migrations()}
    revisions = RevisionMap(scripts.values)

    def steps(heads: tuple[str, ...], _context: MigrationContext) -> Iterator[RevisionStep]:
        for lacking in reversed(list(revisions.iterate_revisions("head", heads or "base"))):
            yield MigrationStep.upgrade_from_script(revisions, scripts[lacking.revision])

    context = MigrationContext.configure(connection, opts={"fn": steps, "transactional_ddl": True})
    if version and not context.get_current_heads():
        connection.exec_driver_sql(MARKS)
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{migrations()[version - 1].revision}')")  # noqa: S608 - our own number
    context.run_migrations(connection=connection)


def _script(migration: Migration) -> Script:
    def run(connection: Connection) -> None:
        for statement in migration.statements:
            connection.exec_driver_sql(statement)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(older_mark(migration))

    module = _Module(migration.name)
    module.revision, module.upgrade = migration.revision, run
    module.down_revision = migrations()[migration.version - 2].revision if migration.version > 1 else None
    return Script(module, migration.revision, migration.name)
