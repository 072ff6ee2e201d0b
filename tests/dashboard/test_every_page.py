"""What holds for every page, on real data in a real browser. A page is visited once, and then looked at from all sides.

Pictures of each page are left in `build/looks`: light, dark and narrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from agentgauge.dashboard.page import Page
from agentgauge.dashboard.pages import PAGES
from tests.dashboard.addresses import address_of
from tests.dashboard.browsing import complete, patient
from tests.dashboard.watching import inaccessible, watch
from tests.servers.serving import Served

LOOKS = Path(__file__).parents[2] / "build" / "looks"
WIDE, NARROW = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}
_CARDS = """() => [...document.querySelectorAll('.cards > *')].map(card => ({
  id: card.id, text: card.innerText.trim(), failed: !!card.querySelector('.error'),
  title: card.querySelector('h2')?.textContent ?? '' }))"""
_HEADINGS = "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(it => Number(it.tagName[1]))"
_TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll('body *')].filter(it => it.getBoundingClientRect().right > innerWidth + 1
    && !it.closest('.scroll, nav, pre, svg, .hidden')).map(it => `${it.tagName}.${it.className}`).slice(0, 5)"""


@dataclass(frozen=True)
class Visit:
    page: Page
    address: str
    status: int
    html: str
    cards: list[dict[str, Any]]
    said: list[str]
    elsewhere: list[str]
    failed: list[str]
    violations: list[str]
    drawn: list[bool]
    headings: list[int]
    inaccessible: dict[str, list[str]]
    too_wide: list[str]


@pytest.fixture(scope="module", params=PAGES, ids=[page.path for page in PAGES])
def visit(request: pytest.FixtureRequest, chromium: Browser, dashboard: Served) -> Iterator[Visit]:
    shown: Page = request.param
    address = address_of(shown.path, dashboard.url)
    context = patient(
        chromium,
        base_url=dashboard.url,
        color_scheme="light",
        viewport=WIDE,
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    page = context.new_page()
    watched = watch(page, dashboard.url)
    answer = page.goto(address)
    assert answer is not None
    complete(page)
    name = re.sub(r"\W+", "-", shown.path).strip("-") or "overview"
    LOOKS.mkdir(parents=True, exist_ok=True)
    broken = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        broken[theme] = inaccessible(page)
        page.screenshot(path=LOOKS / f"{name}-{theme}.png", full_page=True)
    cards, headings = page.evaluate(_CARDS), page.evaluate(_HEADINGS)
    drawn = page.evaluate("() => [...document.querySelectorAll('.canvas')].map(it => !!it.querySelector('svg path'))")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    page.screenshot(path=LOOKS / f"{name}-narrow.png", full_page=True)
    yield Visit(
        page=shown, address=address, status=answer.status, html=answer.text(), cards=cards, said=watched.said,
        elsewhere=watched.elsewhere, failed=watched.failed, violations=watched.policy_violations(), drawn=drawn,
        headings=headings, inaccessible=broken, too_wide=page.evaluate(_TOO_WIDE),
    )  # fmt: skip
    context.close()


def test_a_page_shows_each_of_its_cards(visit: Visit) -> None:
    assert visit.status == 200
    there = {card["id"] for card in visit.cards}
    expected = [card.id for card in visit.page.cards if card.id in there or not card.optional]
    assert [card["id"] for card in visit.cards] == expected
    assert [card["id"] for card in visit.cards if card["failed"]] == []
    assert [card["id"] for card in visit.cards if card["text"] in ("", card["title"])] == []


def test_it_writes_nothing_to_the_console(visit: Visit) -> None:
    assert visit.said == []


def test_it_asks_its_own_server_alone_and_is_answered(visit: Visit) -> None:
    assert (visit.elsewhere, visit.failed) == ([], [])


def test_it_keeps_to_the_content_security_policy(visit: Visit) -> None:
    assert visit.violations == []


def test_all_its_charts_are_drawn(visit: Visit) -> None:
    assert visit.html.count("data-chart") == len(visit.drawn)
    assert all(visit.drawn)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_breaks_no_rule_of_accessibility(visit: Visit, theme: str) -> None:
    assert visit.inaccessible[theme] == []


def test_its_headings_are_in_order(visit: Visit) -> None:
    assert visit.headings.count(1) == 1
    steps = zip([0, *visit.headings], visit.headings, strict=False)
    assert [(before, after) for before, after in steps if after > before + 1] == []


def test_it_fits_a_narrow_screen(visit: Visit) -> None:
    assert visit.too_wide == []


def test_each_of_its_tables_is_had_as_csv(visit: Visit, dashboard: Served) -> None:
    for link in _links(visit.html, "csv"):
        answer = httpx.get(dashboard.url + link, timeout=60)
        assert (link, answer.status_code, answer.headers["content-type"]) == (link, 200, "text/csv; charset=utf-8")
        assert len(answer.text.splitlines()) > 1, link


def test_without_script_its_figures_tables_and_charts_are_there(
    visit: Visit, chromium: Browser, dashboard: Served
) -> None:
    context = patient(chromium, base_url=dashboard.url, java_script_enabled=False, viewport=WIDE)
    page = context.new_page()
    page.goto(visit.address)
    for card in visit.cards:
        assert page.locator(f"#{card['id']}").inner_text().strip(), card["id"]
    pictures = page.locator("noscript img, figure img")
    assert pictures.count() == len(visit.drawn)
    context.close()
    for link in _links(visit.html, "svg"):
        answer = httpx.get(dashboard.url + link, timeout=60)
        assert (link, answer.status_code) == (link, 200)
        assert answer.text.startswith("<svg"), link
        assert "var(--" not in answer.text, link


def _links(html: str, parameter: str) -> list[str]:
    """The addresses in a page that have a parameter."""
    found = [unescape(link) for link in re.findall(r'(?:href|src)="([^"]+)"', html)]
    return sorted({link for link in found if re.search(rf"[?&]{parameter}=", link)})
