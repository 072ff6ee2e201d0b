"""Charts as a person uses them: pointed at, walked through, zoomed into, in either theme."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.dashboard.browsing import complete, patient
from tests.servers.serving import Served

ADDRESS = "/?start=2026-11-10&end=2026-11-20"


@pytest.fixture
def cost(page: Page) -> Locator:
    """The chart of cost by model, of 11 days."""
    page.goto(ADDRESS)
    complete(page)
    return page.locator("#cost-by-model .canvas")


def _tip(page: Page) -> Locator:
    return page.locator(".tip")


def _at(canvas: Locator, part: float) -> tuple[float, float]:
    """A point of the chart's plot, so far across it."""
    box = canvas.bounding_box()
    assert box is not None
    return box["x"] + 50 + (box["width"] - 70) * part, box["y"] + box["height"] / 2


def test_pointing_at_a_time_shows_all_its_figures_and_their_total(page: Page, cost: Locator) -> None:
    page.mouse.move(*_at(cost, 0.05))
    tip = _tip(page)
    expect(tip).to_be_visible()
    assert tip.locator("caption").inner_text() == "Tue 10 Nov"
    assert "claude-sonnet-4-5" in tip.locator("th").all_inner_texts()
    figures = [text.removeprefix("$") for text in tip.locator("td").all_inner_texts()]
    assert tip.locator("tr.total").inner_text().startswith("Total")
    assert sum(map(float, figures[:-1])) == pytest.approx(float(figures[-1]), abs=0.011)
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_figures_that_do_not_add_up_have_no_total(page: Page, cost: Locator) -> None:
    page.mouse.move(*_at(page.locator("#latency .canvas"), 0.5))
    expect(_tip(page)).to_be_visible()
    assert _tip(page).locator("tr.total").count() == 0


def test_arrows_walk_through_a_chart(page: Page, cost: Locator) -> None:
    cost.focus()
    days = []
    for key in ("ArrowRight", "ArrowRight", "End", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        days.append(_tip(page).locator("caption").inner_text())
    assert days == ["Tue 10 Nov", "Wed 11 Nov", "Fri 20 Nov", "Thu 19 Nov", "Tue 10 Nov"]
    page.keyboard.press("Escape")
    expect(_tip(page)).to_be_hidden()


def test_dragging_over_a_chart_makes_its_time_the_range_of_the_page(page: Page, cost: Locator) -> None:
    page.mouse.move(*_at(cost, 0.3))
    page.mouse.down()
    page.mouse.move(*_at(cost, 0.5), steps=4)
    with page.expect_navigation():
        page.mouse.up()
    assert parse_qs(urlsplit(page.url).query) == {"start": ["2026-11-13"], "end": ["2026-11-15"]}


def test_a_part_is_chosen_with_the_keyboard_too(page: Page, cost: Locator) -> None:
    cost.focus()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert parse_qs(urlsplit(page.url).query) == {"start": ["2026-11-11"], "end": ["2026-11-13"]}


def test_a_part_of_a_day_is_chosen_by_its_clocks(page: Page) -> None:
    page.goto("/?start=2026-11-12&end=2026-11-12&tz=Asia/Kolkata")
    complete(page)
    page.locator("#cost-by-model .canvas").focus()
    for key in ("Home", "Shift+ArrowRight"):
        page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    asked = parse_qs(urlsplit(page.url).query)
    assert asked == {"start": ["2026-11-12T00:00"], "end": ["2026-11-12T02:00"], "tz": ["Asia/Kolkata"]}


def test_a_chart_has_its_table(page: Page, cost: Locator) -> None:
    card = page.locator("#cost-by-model")
    card.get_by_text("As a table").click()
    assert card.locator("tbody tr").count() == 11
    expect(card.locator("tbody th").first).to_have_text("Tue 10 Nov")


def test_an_entity_keeps_its_colour_when_others_are_filtered_out(page: Page, cost: Locator) -> None:
    def colour_of(name: str) -> str | None:
        return page.locator("#models .swatch, #agents tr", has_text=name).locator("rect").first.get_attribute("fill")

    before = colour_of("tester")
    page.goto(f"{ADDRESS}&agent=tester")
    assert colour_of("tester") == before


def test_a_theme_is_switched_without_drawing_anew_and_remembered(page: Page, cost: Locator) -> None:
    bar = page.locator("#cost-by-model .canvas .mark-rect path").first
    handle, light = bar.element_handle(), bar.evaluate("it => getComputedStyle(it).fill")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert handle is not None
    assert handle.evaluate("it => it.isConnected && getComputedStyle(it).fill") != light
    page.goto("/")
    # What is remembered holds before anything is painted: the first style that a page computes is that of the theme.
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(13, 17, 23)"


def test_the_theme_is_known_before_the_page_is_painted(page: Page) -> None:
    page.goto("/")
    script = page.locator("head script").first
    assert script.get_attribute("src").endswith("/theme.js")  # type: ignore[union-attr] # else the test fails all the same
    assert script.get_attribute("defer") is None
    assert script.get_attribute("type") is None


def test_the_first_stop_of_the_keyboard_skips_to_the_content(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_what_has_the_focus_is_seen_and_in_the_order_of_the_page(page: Page) -> None:
    page.goto(ADDRESS)
    complete(page)
    places = []
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => { const it = document.activeElement, box = it.getBoundingClientRect();
            const style = getComputedStyle(it);
            return [it === document.body, style.outlineStyle !== 'none' || it.matches('select, input'),
                    [...document.querySelectorAll('*')].indexOf(it)] }"""
        )
        if found[0]:
            break
        assert found[1], page.evaluate("document.activeElement.outerHTML")
        places.append(found[2])
    assert places == sorted(places)


def test_a_table_is_sorted_with_the_keyboard(page: Page) -> None:
    page.goto("/agents")
    header = page.locator("thead th a").nth(1)
    name = header.inner_text()
    header.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "sort=" in page.url
    sorted_by = page.locator("th[aria-sort]")
    assert name in sorted_by.inner_text()
    assert sorted_by.get_attribute("aria-sort") in ("ascending", "descending")


def test_where_charts_cannot_be_drawn_their_tables_are_open(chromium: Browser, dashboard: Served) -> None:
    context = patient(chromium, base_url=dashboard.url)
    page = context.new_page()
    page.route("**/vega.js", lambda route: route.abort())
    page.goto(ADDRESS)
    expect(page.locator("#cost-by-model tbody tr").first).to_be_visible()
    assert page.locator("#cost-by-model .canvas").count() == 0
    context.close()
