"""`agentgauge report` as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.service.report_document.reported import Page

Ask = Callable[..., Any]


def test_the_figures_of_the_file_are_those_of_the_document(run: Run, document: Ask, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("older")
    done = run("report", "--home", home, "--html", file)
    assert done.exit_code == 0, done.output
    assert (done.stdout, "report.html: " in done.stderr) == ("", True)
    values, told = Page(file.read_text()).values, document("report", "--home", home)
    assert told["overview"]["cost_usd"] in values
    assert str(told["overview"]["tasks"]) in values
    for group in told["groups"]["rows"]:
        assert group["cost_usd"] is None or group["cost_usd"] in values
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["report.html"]


def test_html_is_printed_where_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    done = run("report", "--home", tmp_path / "none", "--html", "-")
    assert done.exit_code == 0, done.output
    assert any("Nothing is recorded yet" in words for words in Page(done.stdout).words)


def test_pages_and_a_picture_are_written_beside_it(run: Run, tmp_path: Path) -> None:
    pdf, png = tmp_path / "report.pdf", tmp_path / "report.png"
    done = run("report", "--home", tmp_path / "none", "--pdf", pdf, "--png", png)
    assert done.exit_code == 0, done.output
    assert pdf.read_bytes().startswith(b"%PDF")
    assert png.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--html", "x", "--json"), "--json has no place in a file"),
        (("--html", "x", "--exact"), "--exact has no place in a file"),
        (("--html", "x", "--bucket", "day", "--each"), "--each has no place in a file"),
        (("--pdf", "-"), "name a file, as --pdf report.pdf"),
        (("--png", "."), "is a directory: name a file in it"),
        (("--html", "x", "--by", "component"), "take it on the screen, or with --json"),
        (("--html", "no/such/x.html"), "no/such/x.html cannot be written"),
        (("--html", "x", "--by", "agnet"), "did you mean agent?"),
    ],
    ids=["json", "exact", "each", "pdf-to-screen", "directory", "component", "no-folder", "mistyped"],
)
def test_what_a_file_cannot_have_is_refused_with_what_to_do(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("report", "--home", home, *options)
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.stderr.split())
    assert not (tmp_path / "x").exists()
