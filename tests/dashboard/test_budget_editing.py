"""Somebody sets a budget in Chromium, mistypes it, changes it and removes it."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_a_budget_is_set_changed_and_removed_by_hand(page: Page) -> None:
    page.goto("/costs?range=7d")
    page.get_by_role("link", name="New budget").click()
    page.locator("select[name=scope]").select_option("agent")
    page.get_by_label("Called").fill("assistant")
    page.get_by_label("May spend, USD").fill("12,5")
    page.locator("select[name=period]").select_option("week")
    page.get_by_role("button", name="Set the budget").click()
    expect(page.get_by_text("is no amount in USD")).to_be_visible()
    assert page.get_by_label("Called").input_value() == "assistant"
    page.get_by_label("May spend, USD").fill("12.50")
    page.get_by_role("button", name="Set the budget").press("Enter")
    expect(page.get_by_text("agent:assistant may spend $12.50 per week")).to_be_visible()
    assert "range=7d" in page.url

    page.get_by_label("May spend, USD").fill("20")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#history")).to_contain_text("total from $12.50 to $20.00")
    expect(page.locator("#figures")).to_contain_text("may spend $20.00 per week")

    page.get_by_role("button", name="Remove budget").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("is removed: agent:assistant")).to_be_visible()
    expect(page.locator("#budgets")).not_to_contain_text("agent:assistant")
