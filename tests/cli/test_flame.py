"""`agentgauge flame` and `agentgauge report --by component`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import agentgauge
from tests.cli.conftest import Run

Ask = Callable[..., Any]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    """A task with a tool in it that asks a model, three calls at once, and two timed components."""
    place = tmp_path / "nested"
    with agentgauge.open(place) as gauge:
        with gauge.scope(parent_id="a" * 16):
            gauge.tool_call("<search & rank>", span_id="b" * 16, duration_ms=3000, at=NOON + timedelta(seconds=4))
            for _ in range(3):
                gauge.llm_call("claude-opus-4-5", input_tokens=9, duration_ms=4000, at=NOON + timedelta(seconds=9))
            for component in ("retrieve", "rank"):
                gauge.measurement("component_time", 8000, unit="ms", at=NOON, attributes={"component": component})
        with gauge.scope(parent_id="b" * 16):
            gauge.llm_call("claude-haiku-4-5", input_tokens=9, duration_ms=1000, at=NOON + timedelta(seconds=3))
        gauge.task("answer", span_id="a" * 16, duration_ms=10_000, success=False, at=NOON + timedelta(seconds=10))
    return place


def test_the_screen_is_an_indented_tree_with_bars(run: Run, nested: Path) -> None:
    lines = run("flame", "--home", nested).stdout.splitlines()
    names = [line for line in lines if "s " in line and "█" in line]
    assert [line.split()[0] for line in names] == ["answer", "claude-opus-4-5", "<search", "claude-haiku-4-5"]
    assert [len(line) - len(line.lstrip()) for line in names] == [0, 2, 2, 4]
    assert "+ in parallel" in lines[-1]


def test_the_document_has_names_values_and_children(document: Ask, nested: Path) -> None:
    (answer,) = document("flame", "answer", "--home", nested)["root"]["children"]
    assert (answer["name"], answer["value"], answer["self_ms"], answer["in_parallel"]) == ("answer", 10_000, 3000, True)
    assert [child["value"] for child in answer["children"]] == [12_000, 3000]


HOSTILE = (
    "<script>alert('x')</script>",
    'a&b"<c>',
    "]]>",
    "\x1b[31mred\x1b[0m",
    "cut\x1fhere",
    "nul\x00",
    "two\nlines",
    " ",
)


def test_whatever_a_name_holds_pictures_are_xml_and_terminals_obey_none_of_it(run: Run, tmp_path: Path) -> None:
    place, picture = tmp_path / "hostile", tmp_path / "flame.svg"
    with agentgauge.open(place) as gauge:
        for number, name in enumerate(HOSTILE):
            gauge.task(name, span_id=f"{number:016x}", duration_ms=1000, at=NOON)
            gauge.tool_call(name, parent_id=f"{number:016x}", duration_ms=1000, at=NOON)
    assert run("flame", "--home", place, "--svg", picture).exit_code == 0
    bars = list(ET.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}rect"))  # noqa: S314 - our own file
    assert len(bars) == 1 + 2 * len(HOSTILE)
    for asked in (("flame",), ("report", "--by", "name"), ("flame", "nothing"), ("percentiles", "latency")):
        result = run(*asked, "--home", place)
        assert not any(character < " " and character != "\n" for character in result.stdout + result.stderr)


def test_the_picture_has_every_bar_within_the_one_it_is_inside(run: Run, nested: Path, tmp_path: Path) -> None:
    picture = tmp_path / "flame.svg"
    result = run("flame", "--home", nested, "--svg", picture)
    assert (result.exit_code, result.stdout) == (0, "")
    groups = list(ET.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}g"))  # noqa: S314 - our own file
    bars = [bar for group in groups for bar in group.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(bars) == 5
    edges = [(float(bar.get("x", "")), float(bar.get("x", "")) + float(bar.get("width", ""))) for bar in bars]
    assert all(10 <= begin < end <= 1210.01 for begin, end in edges)
    assert "&lt;search &amp; rank&gt; (tool_call): 3,000.0 ms (30.0%)" in picture.read_text()


def test_components_that_add_up_to_more_than_the_whole_are_said_to(run: Run, document: Ask, nested: Path) -> None:
    rows = document("report", "--home", nested, "--by", "component")["components"]["rows"]
    assert [(row["component"], row["share"], row["failures"]) for row in rows] == [
        ("rank", 0.8, 1),
        ("retrieve", 0.8, 1),
    ]
    shown = run("report", "--home", nested, "--by", "component").stdout
    assert "80.0 %+" in shown
    assert "+ in parallel or nested" in shown


def test_without_components_that_is_said(run: Run, home: Path) -> None:
    assert "add_component_timing" in run("report", "--home", home, "--by", "component").stdout


def test_an_operation_that_nothing_is_called_is_an_error_of_one_line(run: Run, nested: Path) -> None:
    result = run("flame", "answr", "--home", nested)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "did you mean answer?" in result.stderr


def test_an_empty_home_has_nothing_to_show(run: Run, tmp_path: Path) -> None:
    result = run("flame", "--home", tmp_path / "new")
    assert result.exit_code == 0
    assert result.stdout == "Nothing that has a duration ran here: everything recorded (UTC).\n"


@pytest.mark.parametrize("columns", [50, 80, 140])
def test_lines_fit_the_screen(run: Run, nested: Path, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for asked in (("flame",), ("report", "--by", "component")):
        shown = run(*asked, "--home", nested).stdout
        assert max(map(len, shown.splitlines())) <= columns
        assert "…" not in shown
