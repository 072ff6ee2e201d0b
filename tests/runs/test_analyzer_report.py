"""The report says what was found in text, Markdown and HTML, whatever runs are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

import agentgauge
from agentgauge.errors import QueryError
from agentgauge.recorder import Gauge
from agentgauge.runs import MetricsAnalyzer, MetricsStorage
from agentgauge.runs.analysis.reading import RunSet
from agentgauge.runs.analysis.report import write_report
from tests.runs.analyzing import START, config, record_run, run_of, save_run

HOSTILE = "<script>alert(1)</script> | `x` *y*"


@pytest.fixture
def gauge(tmp_path: Path) -> Iterator[Gauge]:
    with agentgauge.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def analyzer(tmp_path: Path, gauge: Gauge) -> MetricsAnalyzer:
    """Models of which one is cheap, one dear, one without a price and one hardly tried; runs on several days."""
    record_run(gauge, "cheap", {i: i < 30 for i in range(40)}, made_with=config("deepseek-chat", 0.2), cost="0.01")
    record_run(gauge, "dear", {i: i < 36 for i in range(40)}, made_with=config("claude-opus-4", 0.7), cost="1.50")
    record_run(gauge, "unpriced", {i: i < 9 for i in range(40)}, made_with=config(HOSTILE, 0.7), cost=None)
    record_run(gauge, "hardly", {1: True}, made_with=config("a-model-with-a-very-long-name-20261101-preview", 1.0))
    storage = MetricsStorage(tmp_path / "logs")
    for day in range(6):
        save_run(storage, f"daily-{day}", {i: i <= day for i in range(8)}, day=day)
    return MetricsAnalyzer(tmp_path / "logs", gauge=gauge)


class Page(HTMLParser):
    """The tags of a page, and the text that a reader sees; fails where tags are not closed in order."""

    _EMPTY = frozenset(("meta", "rect", "path"))

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self._EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data


def test_the_text_report_fits_eighty_columns_and_names_what_was_found(analyzer: MetricsAnalyzer) -> None:
    report = analyzer.generate_comparison_report()
    assert max(map(len, report.splitlines())) <= 80
    for said in (
        "10 runs, 169 issues with an outcome",
        "Costs are incomplete: of 10 runs, 1 cost more than is known (40 calls",
        "! Cost does not count: it is not known of 1 configuration",
        "Quality does not count: it is not known of any configuration.",
        "Cost efficiency",
        "a-model-with-a-very-long",
        "* fewer than 10 issues",
    ):
        assert said in report
    assert report == analyzer.generate_comparison_report()


def test_the_cheapest_stands_first_and_the_unpriced_last(analyzer: MetricsAnalyzer) -> None:
    economics = analyzer.generate_comparison_report().partition("Cost efficiency")[2].partition("Trends")[0]
    positions = [economics.index(name) for name in ("deepseek-chat", "model-a", "claude-opus-4", "<script>")]
    assert positions == sorted(positions)
    row = re.search(r"^claude-opus-4 .*$", economics, re.MULTILINE)
    assert row is not None
    assert "$1.67" in row[0]  # 40 x $1.50 / 36


def test_the_suffix_of_the_file_says_the_format(analyzer: MetricsAnalyzer, tmp_path: Path) -> None:
    for name, begins in (
        ("r.txt", "Comparison of runs\n="),
        ("r.md", "# Comparison"),
        ("deep/r.HTML", "<!doctype html>"),
    ):
        report = analyzer.generate_comparison_report(tmp_path / name)
        assert report.startswith(begins)
        assert (tmp_path / name).read_text(encoding="utf-8") == report
    assert analyzer.generate_comparison_report(tmp_path / "r.txt", format="markdown").startswith("# Comparison")
    with pytest.raises(QueryError, match="text, markdown, html"):
        analyzer.generate_comparison_report(format="pdf")  # type: ignore[arg-type]


def test_markdown_has_whole_tables_and_text_stays_text(analyzer: MetricsAnalyzer) -> None:
    report = analyzer.generate_comparison_report(format="markdown")
    tables = re.findall(r"(?:^\|.*\|\n)+", report, re.MULTILINE)
    assert len(tables) >= 5
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1
    assert "<script>" not in report.replace("\\<script\\>", "")
    assert "█" in report


def test_a_page_is_well_formed_escaped_and_loads_nothing(analyzer: MetricsAnalyzer) -> None:
    source = analyzer.generate_comparison_report(format="html")
    page = Page(source)
    names = {tag for tag, _ in page.tags}
    assert "script" not in names
    assert HOSTILE in page.text
    for tag, attributes in page.tags:
        assert not {"src", "href", "onclick", "style"} & set(attributes), tag
    assert "url(" not in source
    assert "@import" not in source
    assert {"svg", "table", "figure"} <= names
    assert "prefers-color-scheme: dark" in source
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags


def test_a_name_cannot_command_the_terminal(tmp_path: Path, gauge: Gauge) -> None:
    record_run(gauge, "r-1\x1b[2J", {1: True}, made_with=config("model\x1b[31m\x9b2J\x00 a"))
    analyzer = MetricsAnalyzer(tmp_path, gauge=gauge)
    for form in ("text", "markdown", "html"):
        report = analyzer.generate_comparison_report(format=form)  # type: ignore[arg-type]
        assert all(character == "\n" or character.isprintable() for character in report)


def test_a_report_is_what_its_file_holds_whatever_names_hold(tmp_path: Path, gauge: Gauge) -> None:
    save_run(MetricsStorage(tmp_path), "r-1", {1: True}, made_with=config("half \ud83d\u202eof\u2028one"))
    file = tmp_path / "report.txt"
    report = MetricsAnalyzer(tmp_path, gauge=gauge).generate_comparison_report(file)
    assert "half of one, provider somebody" in report
    assert file.read_bytes() == report.encode()


def test_the_report_goes_by_the_weights_that_are_given(analyzer: MetricsAnalyzer) -> None:
    report = analyzer.generate_comparison_report(weights={"time": 3, "success": 1}, references={"time": 60})
    assert "Score: success 0.25, time 0.75, each from 0 to 1." in " ".join(report.split())
    assert "Cost does not count" not in report
    with pytest.raises(QueryError, match="did you mean success"):
        analyzer.generate_comparison_report(weights={"succes": 1})


def test_every_chart_lies_within_its_drawing(analyzer: MetricsAnalyzer) -> None:
    page = Page(analyzer.generate_comparison_report(format="html"))
    bars = [attributes for tag, attributes in page.tags if tag == "rect"]
    assert bars
    for bar in bars:
        assert 0 <= float(bar.get("x") or 0) + float(bar["width"] or 0) <= 100.5
    for tag, attributes in page.tags:
        if tag == "path":
            drawn = [(float(x), float(y)) for x, y in re.findall(r"[ML](\S+?) ([\d.]+)", attributes["d"] or "")]
            assert drawn
            assert all(0 <= x <= 600 and 0 <= y <= 140 for x, y in drawn)


def test_many_runs_are_drawn_as_means_of_time_spans() -> None:
    runs = tuple(
        run_of({1: n % 2 == 0}, run_id=f"r-{n}", started=START + timedelta(hours=n), seconds=60.0) for n in range(2000)
    )
    page = Page(write_report(RunSet(runs, {}, ()), format="html"))
    dots = [attributes["d"] or "" for tag, attributes in page.tags if tag == "path" and attributes["class"] == "dot"]
    assert {path.count("M") for path in dots} == {500}


def test_without_runs_the_report_says_so_in_every_format(tmp_path: Path, gauge: Gauge) -> None:
    analyzer = MetricsAnalyzer(tmp_path / "logs", gauge=gauge)
    for form in ("text", "markdown", "html"):
        report = analyzer.generate_comparison_report(format=form)  # type: ignore[arg-type]
        assert "There are no runs" in report
        assert "MetricsCollector" in report
