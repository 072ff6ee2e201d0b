"""Which store a program uses: the one place where settings become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentgauge.settings.extras import check_server_extra
from agentgauge.settings.server import ServerSettings
from agentgauge.state.database import Database, state_of

if TYPE_CHECKING:
    from agentgauge.state.sql import SqlStore


def served_state(settings: ServerSettings) -> SqlStore:
    """Of a server: the database that its settings name, else the file of its home; nothing is connected to yet.

    Raises `StateError` for a URL that names no database, `SettingsError` without the [server] extra.
    """
    check_server_extra("sqlalchemy")
    from agentgauge.state.sql import SqlStore  # deferred: only servers, and their databases, need SQLAlchemy

    if settings.database_url is not None:
        return SqlStore(settings.database_url)
    return SqlStore.of_file(state_of(settings.recording.home).path)


def shared_state(settings: ServerSettings) -> Database | SqlStore:
    """Of a command that reads or changes what a server has: the same database, without SQLAlchemy where it is the
    file of the home. Raises `StateError` and `SettingsError` as above.
    """
    if settings.database_url is None:
        return state_of(settings.recording.home)
    check_server_extra("sqlalchemy")
    from agentgauge.state.sql import SqlStore  # deferred, as above

    return SqlStore(settings.database_url, keep_open=False)
