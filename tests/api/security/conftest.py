"""A server of an empty home, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from agentgauge.api.app import create_app
from agentgauge.service.security.keys import issue
from agentgauge.settings.server import get_server_settings
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state

ServerOf = Callable[..., TestClient]


@pytest.fixture
def server_of(tmp_path: Path) -> Iterator[ServerOf]:
    """Starts a server of the test's home with these variables of the environment; called localhost."""
    with ExitStack() as stack:

        def start(url: str = "http://localhost", **environment: str) -> TestClient:
            settings = get_server_settings(tmp_path / "home", environment)
            app = create_app(settings)

            @app.get("/raises")
            def raises(secret: str = "") -> None:
                raise RuntimeError(f"the cause, with {secret} in it")

            return stack.enter_context(TestClient(app, base_url=url, raise_server_exceptions=False))

        yield start


@pytest.fixture
def server(server_of: ServerOf) -> TestClient:
    return server_of()


@pytest.fixture
def key_of(tmp_path: Path) -> Callable[..., str]:
    """Makes a key of the test's home, as the command line does, and gives its headers."""

    def make(*scopes: str, projects: list[str] | None = None) -> str:
        book = KeyBook(shared_state(get_server_settings(tmp_path / "home", {})))
        return issue(book, "test", scopes, actor="test", now=datetime.now(UTC), projects=projects).token.text

    return make
