"""Debian's Chromium, driven by Playwright: real pages, as people see them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.components import require

PATIENCE_MS = 60_000
"""What is waited for on a page: where tests, servers and a browser share two processors, a click may take long."""


@contextmanager
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require(path is not None, "Chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        # As root in a container Chromium has no sandbox of its own to use.
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=2 * PATIENCE_MS
        )
        expect.set_options(timeout=PATIENCE_MS)
        try:
            yield chromium
        finally:
            chromium.close()


def patient(chromium: Browser, **options: Any) -> BrowserContext:
    """A person who is shown pages when they are whole, however long that takes (`agentgauge.dashboard.unfinished`)."""
    context = chromium.new_context(extra_http_headers={"Prefer": "wait=120"}, **options)
    context.set_default_timeout(PATIENCE_MS)
    return context


def complete(page: Page) -> None:
    """Wait until a page is whole and all its charts are drawn."""
    page.wait_for_function("""() => !document.querySelector("[data-unfinished]")
      && [...document.querySelectorAll("figure[data-chart] .canvas")].every((it) => it.querySelector("svg"))""")
