"""What a page does beside what it shows: what it writes to the console, which rules it breaks, whom it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Route

_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_VIOLATIONS = """
globalThis.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  violations.push(`${event.violatedDirective}: ${event.blockedURI || event.sample} at ${event.sourceFile}`));
"""


@dataclass
class Watched:
    """What was seen of a page since `watch`."""

    page: Page
    said: list[str] = field(default_factory=list)
    """Errors and warnings in the console."""
    elsewhere: list[str] = field(default_factory=list)
    """Addresses of other servers that it asked; they were not reached."""
    failed: list[str] = field(default_factory=list)
    """Answers of the server that are errors."""

    def policy_violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("() => globalThis.violations")
        return found


def watch(page: Page, server: str) -> Watched:
    """Before a page is asked for: keep what it does, and let it reach `server` alone."""
    watched = Watched(page)

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            watched.said.append(f"{message.type}: {message.text}")

    def only_own(route: Route) -> None:
        if route.request.url.startswith(server):
            route.continue_()
        else:
            watched.elsewhere.append(route.request.url)
            route.abort()

    page.add_init_script(_VIOLATIONS)
    page.on("console", heard)
    page.on("pageerror", lambda error: watched.said.append(f"exception: {error}"))
    page.on("response", lambda answer: watched.failed.append(answer.url) if answer.status >= 400 else None)
    page.route("**/*", only_own)
    return watched


def inaccessible(page: Page) -> list[str]:
    """The rules of WCAG A and AA, and axe's own, that the page breaks as it is shown now: each with where."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": _RULES}})
    return [f"{one['id']}: {one['help']}: {_places(one)}" for one in found.response["violations"]]


def _places(violation: Mapping[str, list[dict[str, list[str]]]]) -> str:
    return ", ".join(" ".join(map(str, node["target"])) for node in violation["nodes"][:4])
