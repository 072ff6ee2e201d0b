"""What a person sees is said by the address: it is chosen, carried by every link, gone back on, and shared."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.dashboard.browsing import complete, patient
from tests.servers.serving import Served


def _asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def _field(page: Page, name: str) -> Locator:
    return page.get_by_role("combobox", name=name, exact=True)


def _tasks(page: Page) -> str:
    return page.locator(".tile", has_text="Tasks").locator(".value").inner_text()


def test_a_name_is_chosen_and_taken_away_again(page: Page) -> None:
    page.goto("/")
    of_all = _tasks(page)
    with page.expect_navigation():
        _field(page, "Agent").select_option("coder")
    assert _asked(page) == {"agent": ["coder"]}
    expect(_field(page, "Agent")).to_have_value("coder")
    assert _tasks(page) != of_all
    page.get_by_role("list", name="Filters").get_by_role("link", name="coder").click()
    page.wait_for_url("**/")
    assert _tasks(page) == of_all


def test_the_range_and_the_names_are_carried_to_other_pages(page: Page) -> None:
    page.goto("/?agent=coder&model=claude-sonnet-4-5")
    page.get_by_role("navigation", name="Range").get_by_role("link", name="7 days").click()
    page.wait_for_url("**range=7d**")
    asked = {"range": ["7d"], "agent": ["coder"], "model": ["claude-sonnet-4-5"]}
    assert _asked(page) == asked
    for link in page.get_by_role("navigation", name="Pages").get_by_role("link").all():
        assert parse_qs(urlsplit(link.get_attribute("href") or "").query) == asked
    page.get_by_role("navigation", name="Pages").get_by_role("link").nth(1).click()
    expect(page.get_by_role("navigation", name="Range").locator("[aria-current]")).to_have_text("7 days")
    assert _asked(page) == asked


def test_the_back_button_shows_what_was_seen_before(page: Page) -> None:
    page.goto("/")
    before = _tasks(page)
    page.goto("/?agent=reviewer")
    assert _tasks(page) != before
    page.go_back()
    expect(_field(page, "Agent")).to_have_value("")
    assert _tasks(page) == before


def test_a_shared_link_shows_another_person_the_same(page: Page, chromium: Browser, dashboard: Served) -> None:
    page.goto("/")
    with page.expect_navigation():
        _field(page, "Agent").select_option("tester")
    page.get_by_role("navigation", name="Range").get_by_role("link", name="7 days").click()
    page.wait_for_url("**range=7d**")
    complete(page)
    context = patient(
        chromium, timezone_id="Asia/Tokyo", color_scheme="dark", locale="de-DE", viewport=page.viewport_size
    )
    other = context.new_page()
    other.goto(page.url)
    complete(other)
    assert other.locator(".tiles").inner_text() == page.locator(".tiles").inner_text()
    labels = ".canvas .role-axis-label text"
    assert other.locator(labels).all_text_contents() == page.locator(labels).all_text_contents()
    context.close()


def test_a_time_and_its_zone_are_chosen_in_fields(page: Page) -> None:
    page.goto("/?agent=coder")
    page.get_by_text("Custom", exact=True).click()
    page.get_by_label("From", exact=True).fill("2026-11-10T06:00")
    page.get_by_label("To", exact=True).fill("2026-11-20T18:30")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**start=**")
    assert _asked(page) == {
        "agent": ["coder"], "start": ["2026-11-10T06:00"], "end": ["2026-11-20T18:30"], "tz": ["UTC"],
    }  # fmt: skip
    expect(page.get_by_role("list", name="Filters")).to_contain_text("2026-11-10 06:00 to 2026-11-20 18:30")


def test_the_zone_of_the_reader_is_offered(chromium: Browser, dashboard: Served) -> None:
    context = patient(chromium, base_url=dashboard.url, timezone_id="America/New_York")
    page = context.new_page()
    page.goto("/")
    page.get_by_text("Custom", exact=True).click()
    assert _field(page, "Zone").locator("option").all_inner_texts() == ["UTC", "America/New_York (yours)"]
    _field(page, "Zone").select_option("America/New_York")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**tz=America**")
    expect(page.get_by_role("contentinfo")).to_contain_text("Days begin at midnight, America/New_York.")
    context.close()


def test_names_are_walked_through_with_the_keyboard_and_apply_on_leaving(page: Page) -> None:
    page.goto("/")
    agents = _field(page, "Agent")
    agents.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = agents.input_value()
    assert chosen
    assert _asked(page) == {}
    with page.expect_navigation():
        page.keyboard.press("Tab")
    assert _asked(page) == {"agent": [chosen]}


def test_the_field_that_was_chosen_in_has_the_focus_again(page: Page) -> None:
    page.goto("/")
    _field(page, "Model").focus()
    with page.expect_navigation():
        _field(page, "Model").select_option("gpt-5")
    expect(_field(page, "Model")).to_be_focused()


@pytest.mark.parametrize(
    "address", ["/?agent=&role=&model=&project=", "/?start=&end=&tz=UTC&sort="], ids=["names", "times"]
)
def test_fields_that_were_left_empty_ask_for_nothing(page: Page, address: str) -> None:
    page.goto("/")
    plain = _tasks(page)
    page.goto(address)
    assert _tasks(page) == plain


def test_without_script_filters_are_applied_by_a_button(chromium: Browser, dashboard: Served) -> None:
    context = patient(chromium, base_url=dashboard.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/?range=7d")
    _field(page, "Agent").select_option("planner")
    page.locator("form.choices").get_by_role("button", name="Apply").click()
    page.wait_for_url("**agent=planner**")
    assert "range=7d" in page.url
    page.get_by_text("Custom", exact=True).click()
    expect(page.get_by_label("From", exact=True)).to_be_visible()
    context.close()


def test_what_cannot_be_asked_says_what_is_wrong_with_it(page: Page) -> None:
    answer = page.goto("/?start=2026-13-01")
    assert answer is not None
    assert answer.status == 422
    assert re.search(r"2026-13-01|start", page.locator("main").inner_text())
