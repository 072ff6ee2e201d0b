"""Every store that there is: what a repository promises holds on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentgauge.state.database import Database
from agentgauge.state.kept import KeptDatabase
from agentgauge.state.sql import SqlStore
from agentgauge.state.store import Store

STORES = ("plain", "kept", "sqlite", "postgresql")


@pytest.fixture(params=STORES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens one and the same empty database of a kind, each time as another process would."""
    kind: str = request.param
    if kind == "plain":
        yield lambda: Database(tmp_path / "home" / "state.db")
        return
    path = tmp_path / "home" / "state.db"
    if kind == "kept":
        kept: list[KeptDatabase] = []

        def open_kept() -> Store:
            kept.append(KeptDatabase(path))
            return kept[-1]

        yield open_kept
        for database in kept:
            database.close()
        return
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    stores: list[SqlStore] = []

    def open_() -> Store:
        stores.append(SqlStore.of_file(path) if url is None else SqlStore(url))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()
