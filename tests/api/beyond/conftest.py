"""A server in this process, of a home with a bit of work of each vocabulary in two projects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from agentgauge.api.app import create_app
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import ServerSettings, get_server_settings
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
from tests.service.recorded_work import record

KeyOf = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServerSettings:
    home = tmp_path_factory.mktemp("home")
    record(home)
    return get_server_settings(home, {})


@pytest.fixture(scope="module")
def server(settings: ServerSettings) -> Iterator[TestClient]:
    """Asked from this machine, without keys."""
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def key_of(tmp_path: Path) -> Iterator[tuple[TestClient, KeyOf]]:
    """A server of a home of its own, and what makes keys for it: a key closes it to those who have none."""
    record(tmp_path)
    settings = get_server_settings(tmp_path, {})

    def make(*scopes: str, projects: list[str] | None = None) -> dict[str, str]:
        book = KeyBook(shared_state(settings))
        token = issue(book, "test", scopes, actor="test", now=datetime.now(UTC), projects=projects).token
        return {"Authorization": f"Bearer {token.text}"}

    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client, make
