"""A report as one file of HTML."""

from __future__ import annotations

import msgspec
import pytest

from agentgauge.service.report_document.document import Document
from agentgauge.service.report_document.html import html
from tests.service.report_document.reported import NAMES, Page


@pytest.fixture(scope="module")
def text(document: Document) -> str:
    return html(document)


def test_nothing_in_it_runs_or_is_fetched(text: str) -> None:
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "embed", "img", "form"} & {*page.elements}
    assert [one for one in page.references if not one.startswith(("#", "data:"))] == []
    assert page.handlers == []
    assert "@import" not in text
    assert "url(" not in text.replace("url(#", "")
    assert "default-src 'none'" in text


def test_its_figures_have_their_exact_values(text: str, document: Document) -> None:
    values = Page(text).values
    for tile in document.tiles:
        assert values[tile.figure.value] == tile.figure.text


def test_its_charts_are_drawn_in_the_colours_of_both_themes(text: str) -> None:
    page = Page(text)
    assert page.elements.count("figure") == 2
    assert 'fill="var(--series-' in text
    assert "prefers-color-scheme:dark" in text
    assert "@media print" in text


def test_names_are_text_whatever_they_are(text: str) -> None:
    assert "<b>" not in text
    assert any(name in Page(text).words for name in NAMES if name != "reviewer")


def test_every_chart_has_its_summary_and_its_table(text: str, document: Document) -> None:
    page = Page(text)
    for picture in document.pictures:
        assert any(picture.chart.summary in words for words in page.words)
    assert page.elements.count("details") == len(document.pictures)


def test_a_report_of_nothing_says_so_and_draws_nothing(document: Document) -> None:
    nothing = msgspec.structs.replace(document, tiles=(), changed=None, pictures=(), tables=(), nothing="Nothing here.")
    page = Page(html(nothing))
    assert "Nothing here." in page.words
    assert "figure" not in page.elements
