"""A server over a month of recorded work, and one Chromium, for all tests of pages that a worker runs.

The home and the server live as long as the worker, the browser as long as this folder's tests: while it is driven, its
thread has an event loop that runs, in which no other test could start one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.dashboard.browsing import browser, patient
from tests.dashboard.recorded_home import recorded_home
from tests.servers.serving import Served, served


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of `tests.dashboard.recorded_home`."""
    return recorded_home(tmp_path_factory.mktemp("recorded") / "home")


@pytest.fixture(scope="session")
def dashboard(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`agentgauge serve` of it, without jobs."""
    with (tmp_path_factory.mktemp("log") / "server.log").open("w") as log:
        with served(recorded, "--no-jobs", errors=log) as server:
            yield server


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture
def context(chromium: Browser, dashboard: Served) -> Iterator[BrowserContext]:
    """A person at the dashboard: nothing remembered yet, light, on a wide screen; addresses are of the server."""
    found = patient(
        chromium, base_url=dashboard.url, color_scheme="light", viewport={"width": 1440, "height": 1000},
        timezone_id="UTC", reduced_motion="reduce",
    )  # fmt: skip
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
